"""A UPS at mains voltage is no board with Li-ion cells: no limit of a cell or of a board is held against it."""

from __future__ import annotations

import pytest

from tests.support.scenarios import frame, run

BOARD_EVENTS = {
    "OVERVOLTAGE_DETECTED",
    "UNDERVOLTAGE_DETECTED",
    "BATTERY_LOW",
    "BATTERY_CRITICAL",
    "OVERCURRENT_DETECTED",
}


@pytest.mark.parametrize("values", [
    {"calibrating": True, "battery_voltage": 26.3, "state_of_charge": 100.0, "output_on": True},  # first seen in CAL
    {"battery_voltage": 13.3, "input_voltage": 230.0},  # its status is empty
    {"battery_low": False, "output_current": 99.0, "output_voltage": 230.0},  # 120 kVA
    {"battery_low": False, "battery_current": -62.0, "battery_voltage": 48.0},  # 3 kVA at 48 V
])  # fmt: skip
def test_no_limit_of_a_board_is_held_against_it(values: dict[str, object]) -> None:
    """As shipped: where nothing is known of it, nothing is judged."""
    events, _ = run([frame(second, **values) for second in range(60)])

    assert set() == {event.type for event in events} & BOARD_EVENTS


def test_a_board_is_judged_as_ever() -> None:
    """A cell at 4.5 V, and 9 A out of it."""
    events, _ = run([frame(second, battery_voltage=4.5, battery_current=-9.0) for second in range(60)])

    assert {"OVERVOLTAGE_DETECTED", "OVERCURRENT_DETECTED"} <= {event.type for event in events}


@pytest.mark.parametrize(("amperes", "rated", "expected"), [
    (7.5, {"rated_output_current": 6.5}, 1),
    (7.0, {"rated_output_current": 6.5}, 0),  # 108 %
    (99.0, {"rated_output_current": 173.0}, 0),
    (99.0, {}, 0),
])  # fmt: skip
def test_the_current_of_a_ups_is_judged_by_its_own_nameplate(
    amperes: float, rated: dict[str, float], expected: int
) -> None:
    """Where it has none, nothing is judged."""
    told = {"battery_low": False, "output_voltage": 230.0, "output_current": amperes, **rated}
    events, _ = run([frame(second, **told) for second in range(60)])

    found = [event.data for event in events if event.type == "OVERCURRENT_DETECTED"]
    assert expected == len(found)
    assert [7.15] * expected == [data["threshold"] for data in found]  # A
