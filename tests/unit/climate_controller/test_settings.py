"""``climate.yaml`` and ``actuators.yaml`` describe each actuator once between them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from services.climate_controller.settings import ControllerSettings, read
from shared.climate.zones import MOST_ACTUATORS
from shared.settings import ConfigError

SENSORS = {"temperature": [{"device": "air"}], "humidity": [{"device": "air"}]}
ACTUATORS: dict[str, Any] = {
    "fan": {"zone": "tent", "kind": "exhaust", "template": "simulated", "steps": 10, "min_off_s": 90},
    "heater": {"zone": "tent", "kind": "heater", "template": "simulated"},
    "other": {"zone": "cellar", "kind": "heater", "template": "simulated"},
}


def settings(folder: Path, known: dict[str, Any], **zone: Any) -> ControllerSettings:
    """Return both files read together."""
    tent = {"sensor": "air", "target_kpa": 1.0, **zone}
    zones = {name: {"sensors": SENSORS} for name in ("tent", "cellar")}
    (folder / "climate.yaml").write_text(yaml.safe_dump({"zones": {"tent": tent}}))
    (folder / "actuators.yaml").write_text(yaml.safe_dump({"zones": zones, "actuators": known}))
    return read(folder, {})


def test_a_zone_that_names_no_actuators_has_all_of_its_own(tmp_path: Path) -> None:
    """As ``actuators.yaml`` has them; those of another zone are not among them."""
    zone = settings(tmp_path, ACTUATORS).climate.zones["tent"]
    found = [(each.name, each.kind.value, each.steps, each.runs_s, each.rests_s) for each in zone.actuators]
    assert [("fan", "exhaust", 10, 0.0, 90.0), ("heater", "heater", 1, 60.0, 120.0)] == found


def test_a_zone_may_name_some_and_their_dwells_are_those_of_the_actuators_file(tmp_path: Path) -> None:
    """The law then never wants what the supervisor would forbid."""
    named = [{"name": "fan", "kind": "exhaust", "steps": 10, "least": 0.2, "min_off_s": 10}]
    (fan,) = settings(tmp_path, ACTUATORS, actuators=named).climate.zones["tent"].actuators
    assert (0.2, 90.0) == (fan.least, fan.rests_s)


def test_more_actuators_than_a_zone_can_have_are_refused(tmp_path: Path) -> None:
    """With how many there are."""
    many = {f"h{n}": ACTUATORS["heater"] for n in range(MOST_ACTUATORS + 1)}
    with pytest.raises(ConfigError, match="has 33 actuators; 32 are the most"):
        settings(tmp_path, many)
