"""Charge sessions: begun once, completed once."""

import pytest

from shared.messages import Frame
from tests.support.scenarios import configured, frame, run, series

BIG = configured(DEFAULT_DEVICE__CAPACITY_MAH="5000")  # C/20 is 0.25 A


def scene(*spells: tuple[int, dict[str, float]], step_s: float = 1, **also: float) -> list[Frame]:
    """Return frames from second 0 on: each (frames, values) holds the values for so many."""
    found: list[Frame] = []
    for count, values in spells:
        found += [frame((len(found) + n) * step_s, **{**also, **values}) for n in range(count)]
    return found


def charges(frames: list[Frame], **compiled: object) -> list[tuple[str, float]]:
    """Return (type, second) of the charging events."""
    events = run(frames, **compiled)[0]  # type: ignore[arg-type]
    start = frames[0].time
    return [(e.type, (e.time - start).total_seconds()) for e in events if e.type.startswith("CHARGING")]


ON, OFF = {"charging": True, "ac_present": True}, {"charging": False, "ac_present": True}
ON_BATTERY = {"charging": False, "ac_present": False}


def test_the_status_channel_starts_a_session_at_its_edge():
    """No dwell: the charger says so itself."""
    assert [("CHARGING_STARTED", 5)] == charges(scene((5, OFF), (5, ON), battery_voltage=3.9))


def test_charging_seen_first_is_emitted_as_such():
    """The session is under way when the first frame comes."""
    events, state = run(scene((1, ON)))

    assert [("CHARGING_STARTED", True)] == [(e.type, e.data["first_seen"]) for e in events]
    assert (True, ("charging",)) == (state.charging, state.active)


def test_a_charger_that_pauses_stays_in_its_session():
    """On and off each minute, not full: one start."""
    assert [("CHARGING_STARTED", 5)] == charges(scene((5, OFF), *[(60, ON), (60, OFF)] * 5, battery_voltage=3.9))


def test_a_long_pause_ends_the_session_in_silence():
    """After 600 s without charging the next one is a new session."""
    frames = scene((5, OFF), (10, ON), (610, OFF), (10, ON), battery_voltage=3.9)

    assert [("CHARGING_STARTED", 5), ("CHARGING_STARTED", 625)] == charges(frames)


@pytest.mark.parametrize(
    ("current_a", "seconds", "expected"),
    [(0.11, 11, [("CHARGING_STARTED", 15)]), (0.11, 10, []), (0.1, 60, [])],
    ids=["ten seconds", "a frame short", "at the level"],
)
def test_a_current_into_the_battery_is_charging(current_a: float, seconds: int, expected: list[tuple[str, float]]):
    """More than 0.1 A for 10 s, where no status channel is."""
    assert expected == charges(scene((5, {"battery_current": 0.0}), (seconds, {"battery_current": current_a})))


@pytest.mark.parametrize(
    ("rate", "seconds", "expected"),
    [(1.1, 61, [("CHARGING_STARTED", 65)]), (1.1, 60, []), (1.0, 200, [])],
    ids=["a minute", "a frame short", "at the level"],
)
def test_a_rising_gauge_is_charging(rate: float, seconds: int, expected: list[tuple[str, float]]):
    """More than 1 %/h for 60 s, where neither status nor current is."""
    assert expected == charges(scene((5, {"charge_rate": 0.0}), (seconds, {"charge_rate": rate})))


@pytest.mark.parametrize("full", [{"battery_voltage": 4.15}, {"state_of_charge": 99.0}])
def test_a_charger_that_stops_at_a_full_battery_completes(full: dict[str, float]):
    """Full by voltage (4.20 V less 50 mV) or by gauge (99 %), confirmed after 5 s."""
    frames = scene((5, OFF), (10, ON), (10, OFF), **full)

    assert [("CHARGING_STARTED", 5), ("CHARGING_COMPLETED", 20)] == charges(frames)


@pytest.mark.parametrize("full", [{"battery_voltage": 4.149}, {"state_of_charge": 98.9}, {}])
def test_a_charger_that_stops_short_of_full_completes_nothing(full: dict[str, float]):
    """Just below either mark, or nothing known."""
    assert ["CHARGING_STARTED"] == [name for name, _ in charges(scene((5, OFF), (10, ON), (60, OFF), **full))]


def test_a_charger_that_stops_because_the_mains_fail_completes_nothing():
    """At 4.18 V the charging ends with the mains, a frame before they are seen to fail."""
    frames = scene((5, OFF), (10, ON), (1, OFF), (60, ON_BATTERY), battery_voltage=4.18)

    assert ["CHARGING_STARTED"] == [name for name, _ in charges(frames)]


def test_without_knowledge_of_the_mains_nothing_completes_by_status():
    """It may as well be an outage."""
    frames = scene((5, {"charging": False}), (10, {"charging": True}), (60, {"charging": False}), battery_voltage=4.18)

    assert ["CHARGING_STARTED"] == [name for name, _ in charges(frames)]


def test_topping_up_a_full_battery_starts_nothing():
    """Charged is charged, until it has been used."""
    frames = scene((5, OFF), (10, ON), *[(20, OFF), (20, ON)] * 5, battery_voltage=4.17)

    assert ["CHARGING_STARTED", "CHARGING_COMPLETED"] == [name for name, _ in charges(frames)]


def test_a_discharge_arms_the_next_session():
    """An outage ends being charged, whatever the voltage."""
    frames = scene((5, OFF), (10, ON), (20, OFF), (20, ON_BATTERY), (20, ON), battery_voltage=4.17)

    assert 2 == [name for name, _ in charges(frames)].count("CHARGING_STARTED")


@pytest.mark.parametrize(("volts", "starts"), [(4.05, 1), (4.049, 2)])
def test_sinking_below_the_rearm_voltage_arms_the_next_session(volts: float, starts: int):
    """Below 4.05 V per cell a charge is a charge again."""
    full, used = {**OFF, "battery_voltage": 4.17}, {**OFF, "battery_voltage": volts}
    frames = scene((5, OFF), (10, {**ON, "battery_voltage": 4.17}), (20, full), (5, used), (5, {**ON, **used, **ON}))

    assert starts == [name for name, _ in charges(frames)].count("CHARGING_STARTED")


@pytest.mark.parametrize(
    ("current_a", "frames_at_the_end", "completed"),
    [(0.249, 31, True), (0.249, 30, False), (0.25, 60, False)],
    ids=["300 s", "a frame short", "at C/20"],
)
def test_a_current_that_tapers_at_full_voltage_completes(current_a: float, frames_at_the_end: int, completed: bool):
    """Below C/20 for 300 s with the mains there, though the charger still says it charges."""
    bulk = {**ON, "battery_voltage": 4.0, "battery_current": 1.5}
    taper = {**ON, "battery_voltage": 4.19, "battery_current": current_a}
    frames = scene((10, bulk), (frames_at_the_end, taper), step_s=10)

    assert completed == ("CHARGING_COMPLETED" in dict(charges(frames, compiled=BIG)))


def test_without_a_capacity_no_current_is_small():
    """C/20 of an unknown C is unknown."""
    frames = scene((10, {**ON, "battery_current": 1.5}), (100, {**ON, "battery_current": 0.01}), battery_voltage=4.19)

    assert ["CHARGING_STARTED"] == [name for name, _ in charges(frames)]


def test_completion_says_how_long_it_took_and_why():
    """From the start of the session to when the charger stopped; the dwell that confirms it is not part of it."""
    events, _ = run(scene((5, OFF), (10, ON), (10, OFF), battery_voltage=4.17))

    assert {
        "cell_voltage": 4.17,
        "since": "2026-01-31T12:00:05.000000Z",
        "lasted_s": 10,
        "because": "charger_stopped",
    } == events[-1].data


def test_a_current_in_the_deadband_at_first_leaves_charging_unknown():
    """Between 0.05 and 0.1 A it may be either."""
    assert run(series("battery_current", (60, 0.07)))[1].charging is None


@pytest.mark.parametrize(("current_a", "charging"), [(0.05, True), (0.049, False)])
def test_the_deadband_holds_what_was(current_a: float, charging: bool):
    """Between 0.05 and 0.1 A a charge goes on."""
    assert charging == run(series("battery_current", (20, 1.0), (20, current_a)))[1].charging
