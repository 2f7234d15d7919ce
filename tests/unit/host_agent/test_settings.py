"""``host_agent.yaml``, right and wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.host_agent.configuration import read
from services.host_agent.core.rules import Rules
from services.host_agent.settings import HostAgentSettings, service_of
from shared.clock import SYSTEM_CLOCK
from shared.context import Context
from shared.delivery.route import route_of
from shared.settings import ConfigError, parse_settings, read_settings
from shared.suite import SuiteSettings

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
    first, other = route_of(service_of("host")), route_of(service_of("nas"))
    assert ("host_agent", ("host",)) == (first.name, first.targets)
    assert ("host_agent-nas", ("host-nas",)) == (other.name, other.targets)


def test_in_earnest_every_program_must_be_there(tmp_path: Path) -> None:
    """Better said at the start than found out in an outage; a dry run may name what another machine has."""
    text = "dry_run: {dry}\nhooks: [{{run: [sh]}}, {{run: [/no/such/hook]}}]\naction: {{run: [no-such-command]}}\n"

    def read_as(dry: str) -> HostAgentSettings:
        (tmp_path / "host_agent.yaml").write_text(text.format(dry=dry))
        return read(Context(tmp_path, {}, SuiteSettings(), SYSTEM_CLOCK))

    assert read_as("true").dry_run
    with pytest.raises(ConfigError) as fault:
        read_as("false")
    assert [
        f"{tmp_path}/host_agent.yaml:2: hooks.1.run: there is no program '/no/such/hook' to run here",
        f"{tmp_path}/host_agent.yaml:3: action.run: there is no program 'no-such-command' to run here",
    ] == str(fault.value).splitlines()


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_a_mistake_is_explained_exactly(path: Path) -> None:
    """One broken file a mistake; beside each, what a person reads."""
    with pytest.raises(ConfigError) as fault:
        parse_settings(path.read_text(), path.name, "host_agent", HostAgentSettings, {})

    assert path.with_suffix(".txt").read_text().rstrip("\n") == str(fault.value)
