"""``host_agent.yaml``, right and wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.host_agent.app import route
from services.host_agent.core.rules import Rules
from services.host_agent.settings import HostAgentSettings
from shared.settings import ConfigError, parse_settings, read_settings

ROOT = Path(__file__).parents[3]
BROKEN = sorted((ROOT / "tests" / "broken_configs" / "host_agent").glob("*.yaml"))


def test_the_projects_own_file_holds_the_defaults_and_does_nothing() -> None:
    """It is off, and if it were on, it would be a dry run."""
    settings = read_settings(ROOT / "config", "host_agent", HostAgentSettings, {})

    assert HostAgentSettings() == settings
    assert (False, True) == (settings.enabled, settings.dry_run)
    assert Rules() == settings.rules


def test_the_first_host_has_the_short_names_and_others_have_their_own() -> None:
    """Two agents must not share a session, a status or a target."""
    assert ("host_agent", ("host",)) == (route().name, route().targets)
    assert ("host_agent-nas", ("host-nas",)) == (route("nas").name, route("nas").targets)


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_a_mistake_is_told_exactly(path: Path) -> None:
    """One broken file a mistake; beside each, what a person reads."""
    with pytest.raises(ConfigError) as fault:
        parse_settings(path.read_text(), path.name, "host_agent", HostAgentSettings, {})

    assert path.with_suffix(".txt").read_text().rstrip("\n") == str(fault.value)
