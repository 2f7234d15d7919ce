"""What ``run --source sim:ROOM`` lays over the files."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.climate_controller.settings import read
from services.climate_supervisor.settings import SupervisorSettings
from shared.climate.room_presets import PRESETS
from shared.climate.zones import Mode
from shared.settings import read_settings
from tests.support.live_suite import CONFIG, own_config
from upskeep.runner.simulated_room import room_settings


@pytest.mark.parametrize("name", PRESETS)
def test_every_room_makes_settings_that_both_services_take(name: str) -> None:
    """Its zone observes, and every actuator is the simulator's."""
    laid = room_settings(f"sim:{name}", CONFIG, {})
    actuators = read_settings(CONFIG, "actuators", SupervisorSettings, laid)
    climate = read(CONFIG, laid).climate.zones[name]
    assert (True, True) == (actuators.enabled, actuators.armed)
    assert {"simulated"} == {each.template for each in actuators.actuators.values()}
    assert Mode.OBSERVE is climate.mode
    assert [each.name for each in climate.actuators] == list(actuators.actuators)


@pytest.mark.parametrize("source", ["auto", "i2c", "sim", "sim:outage", "recording:tent"])
def test_any_other_source_lays_nothing_over_the_files(source: str) -> None:
    """Only a room needs a zone."""
    assert {} == room_settings(source, CONFIG, {})


def test_enabled_actuators_of_a_user_stay_as_they_are(tmp_path: Path) -> None:
    """Whoever has a zone of their own plays with that."""
    config = own_config(tmp_path)
    path = config / "actuators.yaml"
    path.write_text(path.read_text().replace("enabled: false", "enabled: true"))
    assert {} == room_settings("sim:tent", config, {})
