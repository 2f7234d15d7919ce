"""A person's files laid over the shipped ones: what counts, and where it comes from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from shared import places
from shared.climate.zones import Climate
from shared.config_files import laid_over, names_of, shipped_folder
from shared.settings import ConfigError, read_settings
from shared.shipped import SHIPPED_CONFIG
from shared.suite import SuiteSettings
from upskeep.check import check_config
from upskeep.effective import effective


@pytest.fixture
def layer(tmp_path: Path) -> Path:
    """A folder that holds two values."""
    (tmp_path / "suite.yaml").write_text("# mine\ndefaults: shipped\nsite: cabin\n")
    return tmp_path


def test_a_folder_may_hold_only_what_differs(layer: Path) -> None:
    """Every other file and key is as shipped."""
    suite = check_config(layer, {}).suite

    assert ("cabin", SuiteSettings().broker) == (suite.site, suite.broker)
    assert names_of(SHIPPED_CONFIG, {}) == names_of(layer, {})


@pytest.mark.parametrize(
    ("shipped", "own", "expected"),
    [
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 3}}, {"a": {"b": 3, "c": 2}}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        ({"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
        ({"a": {"b": 1}, "c": 1}, {"a": None}, {"c": 1}),
        ({"a": 1}, {"a": None}, {"a": None}),
        ({"a": {"b": 1}}, {"a": 1}, {"a": 1}),
    ],
)
def test_what_is_laid_over_what(shipped: Any, own: Any, expected: Any) -> None:
    """Mappings by key, all else whole; null takes a shipped mapping away."""
    assert expected == laid_over(shipped, own)


def test_a_shipped_plan_is_taken_away_by_null(layer: Path) -> None:
    """The others stay."""
    before = read_settings(layer, "climate", Climate, {}).plans
    (layer / "climate.yaml").write_text("plans: {drying: null}\n")

    assert {"drying"} == {*before} - {*read_settings(layer, "climate", Climate, {}).plans}


def test_a_fault_is_said_at_the_line_it_stands_in(layer: Path) -> None:
    """In the person's own file, though the rest comes from another."""
    (layer / "gateway.yaml").write_text("http:\n  prot: 80\n")

    with pytest.raises(ConfigError, match=r"gateway\.yaml:2: http\.prot: unknown key; did you mean 'port'\?"):
        check_config(layer, {})


def test_a_fault_of_two_files_names_both(layer: Path) -> None:
    """A mapping that two files fill, and a shipped file that needs what a person takes away."""
    (layer / "alerts.yaml").write_text("rules:\n  sensor_silent: {compare: {type: sensor.humidity, below: 35}}\n")
    (layer / "events.yaml").write_text("events: {AC_POWER_LOSS: null}\n")
    shipped = (SHIPPED_CONFIG / "alerts.yaml").read_text().partition("\n  sensor_silent:")[0].count("\n") + 2

    with pytest.raises(ConfigError) as caught:
        check_config(layer, {})

    said = {fault.path: (fault.where, fault.reason) for fault in caught.value.faults}
    where, reason = said["rules.sensor_silent"]
    assert f"{layer}/alerts.yaml:2" == where
    assert reason.endswith(
        f"; it is laid over {SHIPPED_CONFIG}/alerts.yaml:{shipped}, and `KEY: null` takes a key of that away"
    )
    where, reason = said["rules.power.lost"]
    assert where.startswith(f"{SHIPPED_CONFIG}/event_processor.yaml:")
    assert reason.endswith(f"what it needs is taken away or changed in {layer}/alerts.yaml, {layer}/events.yaml)")


def test_a_whole_folder_is_all_there_is(tmp_path: Path) -> None:
    """What is left out of it is not there, as ever; the fault says how to make it a layer."""
    (tmp_path / "suite.yaml").write_text("site: cabin\n")

    assert shipped_folder(tmp_path, {}) is None
    with pytest.raises(ConfigError, match=r"write `defaults: shipped` into suite\.yaml"):
        check_config(tmp_path, {})


def test_every_value_says_where_it_comes_from(layer: Path) -> None:
    """A file and its line, a variable, or the shipped files; a secret is not shown."""
    environ = {"UPSKEEP_SUITE__BROKER__URL": "mqtt://me:word@host", "UPSKEEP_DATA": "/srv/x"}
    environ["UPSKEEP_SUITE__TOKEN"] = "abc"
    found = {f"{each.file}.{each.path}": (each.text, each.source) for each in effective(layer, environ)}

    assert ("cabin", f"{layer}/suite.yaml:3") == found["suite.site"]
    assert ("upskeep/v1", "default") == found["suite.root"]
    assert ("mqtt://me:***@host", "UPSKEEP_SUITE__BROKER__URL") == found["suite.broker.url"]
    assert ("/srv/x", "UPSKEEP_DATA") == found["suite.data"]
    assert ("(not shown)", "UPSKEEP_SUITE__TOKEN") == found["suite.token"]
    assert "auto" == found["sensor_reader.source"][0]


def test_the_platform_says_where_to_look(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What is named; else the machine's folder where there is one; else the user's own. A checkout has its own."""
    home = {"HOME": "/home/me"}
    assert Path("config") == places.config_folder(home)
    monkeypatch.setattr(places, "IN_CHECKOUT", False)
    monkeypatch.setattr(places, "SYSTEM_CONFIG", tmp_path / "etc")
    assert Path("/home/me/.config/upskeep") == places.config_folder(home)
    assert Path("/x/upskeep") == places.config_folder({**home, "XDG_CONFIG_HOME": "/x"})
    (tmp_path / "etc").mkdir()
    assert tmp_path / "etc" == places.config_folder(home)
    assert Path("/mine") == places.config_folder({**home, "UPSKEEP_CONFIG": "/mine"})
    assert [True, True, False] == [
        places.is_platforms(folder, home)
        for folder in (tmp_path / "etc", Path("/home/me/.config/upskeep"), Path("/mine"))
    ]


def test_data_goes_where_the_platform_expects_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A named folder, the one that systemd made, the user's own; a checkout has its own."""
    for name in ("UPSKEEP_DATA", "STATE_DIRECTORY", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/home/me")
    assert Path("data") == SuiteSettings().data
    monkeypatch.setattr(places, "IN_CHECKOUT", False)
    assert Path("/home/me/.local/share/upskeep") == SuiteSettings().data
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/upskeep")
    assert Path("/var/lib/upskeep") == SuiteSettings().data
    monkeypatch.setenv("UPSKEEP_DATA", "/srv/data")
    assert Path("/srv/data") == SuiteSettings().data
