"""OpenGrowBox's defects that are the supervisor's; the others are in ``climate_controller/test_known_defects.py``."""

from __future__ import annotations

import pytest

from services.climate_supervisor.core.reasons import Reason
from services.climate_supervisor.core.step_events import is_alarm
from tests.support.climate_room import ONE_SENSOR, Room

KINDS = ("heater", "humidifier", "co2", "pump", "light")
ACTUATORS = {kind: {"kind": kind, "min_on_s": 0, "min_off_s": 0} for kind in KINDS}


def test_open_grow_box_5_an_emergency_stop_stops_more_than_the_pumps() -> None:
    """It guards with a method that does not exist, so only pumps stop."""
    room = Room(ACTUATORS, {**ONE_SENSOR, "moisture": [{"device": "air"}]})
    room.values["air"]["soil_moisture"] = 30.0
    room.demand(**dict.fromkeys(KINDS, 1.0))
    room.until(lambda: all(room.level(kind) == 1 for kind in KINDS), 120)
    room.stop()
    room.tick()
    assert dict.fromkeys(KINDS, 0.0) == {kind: room.level(kind) for kind in KINDS}


@pytest.mark.parametrize("reason", [each for each in Reason if "o2" in each.value])
def test_open_grow_box_6_no_letters_in_a_text_make_an_emergency(reason: Reason) -> None:
    """It looks for "o2" in its texts, so every word of CO2 is an emergency and passes the guard. A reason is a code."""
    assert not is_alarm(reason)


def test_open_grow_box_6_gas_is_held_back_as_gas() -> None:
    """Enough of it is no emergency, and no way round a guard."""
    room = Room({"co2": ACTUATORS["co2"]}, co2_max_ppm=1500)
    room.values["air"]["co2"] = 1600.0
    room.demand(co2=1.0)
    room.go(60)
    assert (0.0, "co2_enough") == (room.level("co2"), room.reason("co2"))
    assert "system.emergency" not in {event.type for event in room.events}
