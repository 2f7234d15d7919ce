"""Whatever breaks, every actuator is in its safe state within the sensor's greatest age and one tick."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shared.climate.simulated_actuator import Flaw
from shared.messages import Quality
from tests.support.climate_room import TICK_S, TWO_SENSORS, Room

MAX_AGE_S = 60.0
STUCK_AFTER_S = 300.0
HEATER_AND_HUMIDIFIER = {
    "heater": {"kind": "heater", "min_off_s": 0},
    "humidifier": {"kind": "humidifier", "min_off_s": 0},
}


def at_work(**more: object) -> Room:
    """A room whose heater and humidifier have been on for a while."""
    room = Room(HEATER_AND_HUMIDIFIER, max_age_s=MAX_AGE_S, stuck_after_s=STUCK_AFTER_S, **more)
    room.demand(heater=1.0, humidifier=1.0)
    room.until(lambda: room.level("heater") == 1 and room.level("humidifier") == 1, 60.0)
    room.go(60)
    return room


def safe(room: Room) -> bool:
    """Whether both are off."""
    return room.level("heater") == 0 and room.level("humidifier") == 0


def silence(room: Room) -> None:
    room.silent.add("air")


def freeze(room: Room) -> None:
    here = room.wobble(room.now_s)
    room.wobble = lambda _: here


def jump(room: Room) -> None:
    room.values["air"] |= {"air_temperature": 5.0, "relative_humidity": 20.5}


def retained_value(room: Room) -> None:
    room.source_age_s["air"] = 3600.0


def clock_ahead(room: Room) -> None:
    room.source_age_s["air"] = -3600.0


def bad(room: Room) -> None:
    room.quality["air"] = Quality.BAD


def no_value(room: Room) -> None:
    room.values["air"] = {}


@pytest.mark.parametrize(
    ("inject", "within_s", "reason"),
    [
        (silence, MAX_AGE_S + TICK_S, "stale_by_receipt"),
        (retained_value, TICK_S, "stale_by_source"),
        (clock_ahead, TICK_S, "from_the_future"),
        (bad, TICK_S, "bad_quality"),
        (no_value, TICK_S, "no_value"),
        (jump, TICK_S, "spike"),
        (freeze, MAX_AGE_S + TICK_S, "stuck"),
    ],
)
def test_a_sensors_fault_ends_in_the_safe_state(inject: Callable[[Room], None], within_s: float, reason: str) -> None:
    """And the reason says which fault it is."""
    room = at_work()
    inject(room)
    assert room.until(lambda: safe(room), within_s) <= within_s
    assert reason == room.reason("heater")


def test_a_coarse_sensor_is_not_taken_for_a_stuck_one_again() -> None:
    """It stands still longer than the greatest age, and then goes on: from then on it is given three times as long."""
    room = Room({"heater": {"kind": "heater", "min_off_s": 0}}, max_age_s=MAX_AGE_S, stuck_after_s=900.0)
    steps = room.now_s
    room.wobble = lambda now_s: 0.5 * ((now_s - steps) // 100.0)
    room.demand(heater=1.0)
    room.until(lambda: room.level("heater") == 1, 60.0)
    room.until(lambda: room.level("heater") == 0, MAX_AGE_S + 2 * TICK_S)
    assert "stuck" == room.reason("heater")
    room.until(lambda: room.level("heater") == 1, 60.0)
    for _ in range(60):
        room.tick()
        assert 1 == room.level("heater")
    freeze(room)
    stood_s = room.until(lambda: room.level("heater") == 0, 300.0 + TICK_S)
    assert (stood_s > 2 * MAX_AGE_S, "stuck") == (True, room.reason("heater"))


def test_a_coarse_sensor_that_nothing_moves_is_not_stuck() -> None:
    """Still air reads the same for hours. The heater has its time when it begins."""
    room = Room(HEATER_AND_HUMIDIFIER, max_age_s=MAX_AGE_S)
    freeze(room)
    room.demand(heater=0.0)
    room.go(3600)
    room.demand(heater=1.0)
    room.until(lambda: room.level("heater") == 1, TICK_S)
    room.go(MAX_AGE_S - TICK_S)
    assert 1 == room.level("heater")


def test_no_sensor_may_stand_still_for_longer_than_its_limit() -> None:
    """However long it has stood still before."""
    room = Room({"heater": {"kind": "heater", "min_off_s": 0}}, max_age_s=MAX_AGE_S, stuck_after_s=120.0)
    steps = room.now_s
    room.wobble = lambda now_s: 0.5 * ((now_s - steps) // 100.0)
    room.demand(heater=1.0)
    room.go(400)
    assert 1 == room.level("heater")
    freeze(room)
    room.until(lambda: room.level("heater") == 0, 120.0 + TICK_S)
    assert "stuck" == room.reason("heater")


def test_the_exhaust_runs_when_the_sensor_died_in_the_heat() -> None:
    """Its safe level is low, but where it was too hot when the sensor was last heard, it is full."""
    room = Room({"fan": {"kind": "exhaust", "steps": 10}}, temperature={"low": 5, "high": 30}, max_age_s=MAX_AGE_S)
    room.demand(fan=0.1)
    room.go(30)
    room.values["air"]["air_temperature"] = 31.0
    room.go(5 * TICK_S)
    assert 0.1 == room.level("fan")
    room.silent.add("air")
    room.until(lambda: room.level("fan") == 1, MAX_AGE_S + 2 * TICK_S)


def test_a_step_of_the_clock_costs_one_reading_and_no_more() -> None:
    """The age at receipt is by the wall clock, what passes after it by the monotonic one."""
    room = at_work()
    room.source_age_s["air"] = 3600.0
    room.tick()
    assert safe(room)
    room.source_age_s["air"] = 0.5
    room.until(lambda: room.level("heater") == 1, 4 * TICK_S)


def test_a_drift_shows_against_a_second_sensor() -> None:
    """Two that disagree by more than the limit mean that neither is believed; one alone cannot show a drift."""
    room = at_work(sensors=TWO_SENSORS)
    for _ in range(19):
        room.values["air"]["air_temperature"] += 0.2
        room.tick()
    assert 1 == room.level("heater")
    room.values["air"]["air_temperature"] += 0.4
    room.tick()
    assert "sensors_disagree" == room.reason("heater")
    assert 0 == room.level("heater")


def test_a_dead_sensor_with_a_second_one_changes_nothing() -> None:
    """The second one carries on."""
    room = at_work(sensors=TWO_SENSORS)
    room.silent.add("air")
    room.go(MAX_AGE_S * 2)
    assert not safe(room)


@pytest.mark.parametrize(
    ("flaw", "error"),
    [(Flaw.DEAD, "E_NOT_ACKNOWLEDGED"), (Flaw.LYING, "E_NOT_CONFIRMED")],
)
def test_an_actuator_that_does_not_obey_is_found_out(flaw: Flaw, error: str) -> None:
    """The order fails, the error is an event, the actuator is ordered off and held off for a while."""
    room = Room({"heater": {"kind": "heater", "min_off_s": 0}})
    room.demand(heater=0.0)
    room.go(30)
    room.breaks("heater", flaw)
    room.demand(heater=1.0)
    room.until(lambda: "device.error" in room.types(), 15.0 + 2 * TICK_S)
    assert [error] == [event.data["error_code"] for event in room.events if event.type == "device.error"]
    assert ["device.action.failed"] == room.types("device.action.failed")
    assert "actuator_failed" == room.reason("heater")
    room.go(200)
    assert 1 == len(room.types("device.error"))


def test_a_welded_relay_is_found_by_its_meter() -> None:
    """It reports off and draws power: the opposite must never join it."""
    room = Room({"heater": {"kind": "heater", "min_off_s": 0}, "cooler": {"kind": "cooler", "min_off_s": 0}})
    room.demand(heater=1.0, cooler=0.0)
    room.until(lambda: room.level("heater") == 1, 30.0)
    room.breaks("heater", Flaw.STUCK_ON)
    room.demand(heater=0.0)
    room.until(lambda: "device.error" in room.types(), 15.0 + 3 * TICK_S)
    assert ["E_STILL_DRAWS"] == [event.data["error_code"] for event in room.events if event.type == "device.error"]
    room.demand(cooler=1.0)
    room.go(120)
    assert 0 == room.level("cooler")
    assert "opposite_not_off" == room.reason("cooler")


def test_one_toggled_by_hand_is_switched_back() -> None:
    """Commanded against measured: what it reports is not what it was ordered."""
    room = at_work()
    room.demand(heater=0.0)
    room.go(30)
    room.devices["heater"], _ = room.devices["heater"].receive(
        "sim/heater/set", b'{"level":1,"command":"hand","lease_s":3600}', room.now_s
    )
    room.until(lambda: room.level("heater") == 0, 6 * TICK_S)


def test_a_silent_controller_ends_in_the_safe_state() -> None:
    """Its demands lapse; nothing is held on because it was on."""
    room = at_work()
    room.demanded = {}
    room.until(lambda: safe(room), 4 * TICK_S)
    assert "lease_lapsed" == room.reason("heater")


def test_a_silent_supervisor_lets_every_lease_lapse() -> None:
    """The actuator itself goes off."""
    room = at_work()
    room.now_s += 60.0
    room.answers()
    assert safe(room)


def test_a_simulated_fan_falls_to_its_safe_level() -> None:
    """Where the lease ends at the actuator, heat still wants out; its own safe level came with each order."""
    room = Room({"fan": {"kind": "exhaust", "steps": 10, "safe": 0.3, "min_off_s": 0}})
    room.demand(fan=0.8)
    room.until(lambda: room.level("fan") == 0.8, 60.0)
    room.now_s += 60.0
    room.answers()
    assert 0.3 == room.level("fan")


FAN = {"fan": {"kind": "exhaust", "steps": 10, "safe": 0.3, "lease_s": 60}}


def left_alone(room: Room, seconds: float) -> None:
    """Let time pass for the actuators alone: the supervisor is dead."""
    room.now_s += seconds
    room.answers()


def test_a_fan_that_was_ordered_off_is_safe_when_the_supervisor_dies() -> None:
    """Off is not where it is safe, so off is leased, and renewed as long as it is meant."""
    room = Room(FAN)
    room.demand(fan=1.0)
    room.until(lambda: room.level("fan") == 1, 60)
    room.demand(fan=0.0)
    room.until(lambda: room.level("fan") == 0, TICK_S)
    for _ in range(30):
        room.tick()
        assert 0 == room.level("fan")
    left_alone(room, 60)
    assert 0.3 == room.level("fan")


@pytest.mark.parametrize(("policy", "level"), [("stopped", 0.0), ("safe", 0.3), ("running", 1.0)])
def test_a_stop_stands_when_the_supervisor_dies(policy: str, level: float) -> None:
    """A fan that stops for a fire does not start again by its lease, and one that lets the heat out goes on."""
    room = Room(FAN, exhaust_on_stop=policy)
    room.demand(fan=0.0)
    room.go(15)
    room.stop()
    room.go(TICK_S)
    left_alone(room, 300)
    assert level == room.level("fan")
