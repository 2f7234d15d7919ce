"""``actuators.yaml``, right and wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.climate_supervisor.settings import FILE, SupervisorSettings
from shared.settings import ConfigError, parse_settings, read_settings

ROOT = Path(__file__).parents[3]
BROKEN = sorted((ROOT / "tests" / "broken_configs" / "climate_supervisor").glob("*.yaml"))


def test_as_it_comes_nothing_is_switched() -> None:
    """No actuator, not enabled, not armed."""
    shipped = read_settings(ROOT / "config", FILE, SupervisorSettings, {})
    assert (False, False, {}) == (shipped.enabled, shipped.armed, shipped.bindings)


def test_the_example_in_the_file_works_when_its_comments_are_taken_away() -> None:
    """All lines that begin with ``#  ``, in place of the empty mappings above them."""
    text = (ROOT / "config" / "actuators.yaml").read_text()
    lines = [line.removeprefix("#") if line.startswith("#  ") else line for line in text.splitlines()]
    example = "\n".join(
        "zones:" if line == "zones: {}" else "actuators:" if line == "actuators: {}" else line for line in lines
    )
    found = parse_settings(example, "actuators.yaml", FILE, SupervisorSettings, {})
    assert ["heater", "fan"] == list(found.bindings)
    assert 0.3 == found.actuators["fan"].safe_level


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_a_mistake_is_said_with_its_place(path: Path) -> None:
    """The exact text stands beside the file."""
    with pytest.raises(ConfigError) as caught:
        parse_settings(path.read_text(), path.name, FILE, SupervisorSettings, {})
    assert path.with_suffix(".txt").read_text() == f"{caught.value}\n"
