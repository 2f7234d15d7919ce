"""``counter_store.yaml``, right and wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.counter_store.settings import CounterStoreSettings
from shared.settings import ConfigError, parse_settings, read_settings

ROOT = Path(__file__).parents[3]
BROKEN = sorted((ROOT / "tests" / "broken_configs" / "counter_store").glob("*.yaml"))


def test_the_projects_own_file_holds_the_defaults() -> None:
    """And names what each api needs, so that enabling it takes one key more."""
    settings = read_settings(ROOT / "config", "counter_store", CounterStoreSettings, {})
    named = {"org", "bucket", "database"}

    assert CounterStoreSettings().influx.model_dump(exclude=named) == settings.influx.model_dump(exclude=named)


def test_influxdb_can_be_turned_on_from_the_environment() -> None:
    """As a container does."""
    environ = {"UPSKEEP_COUNTER_STORE__INFLUX__ENABLED": "true", "UPSKEEP_COUNTER_STORE__INFLUX__API": "v1"}
    settings = read_settings(ROOT / "config", "counter_store", CounterStoreSettings, environ)

    assert (True, "v1", "upskeep") == (settings.influx.enabled, settings.influx.api, settings.influx.database)


def test_a_slash_at_the_end_of_the_url_does_not_matter() -> None:
    """The paths bring their own."""
    settings = parse_settings("influx: {url: 'http://db:8086/'}", "x", "counter_store", CounterStoreSettings, {})

    assert "http://db:8086" == settings.influx.url


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_a_mistake_is_explained_exactly(path: Path) -> None:
    """One broken file a mistake; beside each, what a person reads."""
    with pytest.raises(ConfigError) as fault:
        parse_settings(path.read_text(), path.name, "counter_store", CounterStoreSettings, {})

    assert path.with_suffix(".txt").read_text().rstrip("\n") == str(fault.value)
