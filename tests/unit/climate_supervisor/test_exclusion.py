"""Never two opposed actuators at once, whatever is demanded, broken, delayed or stopped."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.climate_supervisor.core.shadow import UNKNOWN, known_off, send, take_report
from services.climate_supervisor.core.supervise import World
from services.climate_supervisor.core.templates import Report
from shared.climate.simulated_actuator import Flaw
from tests.support.climate_room import TICK_S, Room, bind

PAIRS = {
    "heater": {"kind": "heater", "min_off_s": 0, "retry_after_s": 30},
    "second_heater": {"kind": "heater", "min_off_s": 0, "retry_after_s": 30},
    "cooler": {"kind": "cooler", "min_off_s": 0, "retry_after_s": 30},
    "humidifier": {"kind": "humidifier", "min_off_s": 0, "retry_after_s": 30},
    "dehumidifier": {"kind": "dehumidifier", "min_off_s": 0, "retry_after_s": 30},
}
OPPOSED = [("heater", "cooler"), ("second_heater", "cooler"), ("humidifier", "dehumidifier")]

LEVELS = st.fixed_dictionaries({name: st.sampled_from([0.0, 1.0]) for name in PAIRS})
DEED = st.one_of(
    LEVELS,
    st.tuples(st.sampled_from(sorted(PAIRS)), st.sampled_from([Flaw.NONE, Flaw.DEAD, Flaw.LYING])),
    st.sampled_from(["silence", "speech", "stop", "reset", "pause"]),
)


@settings(max_examples=30, deadline=None)
@given(st.lists(DEED, min_size=3, max_size=25))
def test_two_opposed_actuators_are_never_on_in_one_tick(deeds: list[object]) -> None:
    """Over any story of demands, faults, silence and stops. A welded relay is another test: nothing switches it off."""
    room = Room(PAIRS)
    room.go(20)
    for deed in deeds:
        match deed:
            case dict():
                room.demand(**deed)
            case (name, flaw):
                room.breaks(str(name), flaw)
            case "silence":
                room.silent.add("air")
            case "speech":
                room.silent.clear()
            case "stop":
                room.stop()
            case "reset":
                room.reset()
            case _:
                room.go(60)
        room.go(3 * TICK_S)
    for on in room.together:
        assert not any({one, other} <= set(on) for one, other in OPPOSED), on


def test_what_runs_stays_and_what_would_join_is_refused() -> None:
    """Until the first is off for certain."""
    room = Room(PAIRS)
    room.demand(heater=1.0, cooler=0.0)
    room.until(lambda: room.level("heater") == 1, 60)
    room.demand(cooler=1.0)
    room.go(60)
    assert (1, 0, "opposed") == (room.level("heater"), room.level("cooler"), room.reason("cooler"))
    room.demand(heater=0.0)
    room.until(lambda: room.level("cooler") == 1, 30)
    assert 0 == room.level("heater")


def test_two_that_are_wanted_at_once_both_stay_off() -> None:
    """Neither has a right before the other; the event is a violation, since no controller should ask for that."""
    room = Room(PAIRS)
    room.demand(humidifier=1.0, dehumidifier=1.0)
    room.go(60)
    assert (0, 0) == (room.level("humidifier"), room.level("dehumidifier"))
    assert {"opposed"} == {room.reason("humidifier"), room.reason("dehumidifier")}
    assert ["safety.violation"] * 2 == room.types("safety")


@pytest.mark.parametrize("flaw", [Flaw.DEAD, Flaw.LYING])
def test_nothing_begins_while_the_other_side_is_not_known_to_be_off(flaw: Flaw) -> None:
    """Ordered off is not off: it waits for the report, or for the lease to lapse."""
    room = Room(PAIRS)
    room.demand(heater=1.0)
    room.until(lambda: room.level("heater") == 1, 60)
    room.breaks("heater", flaw)
    room.demand(heater=0.0, cooler=1.0)
    room.go(45)
    assert ("opposite_not_off", 0) == (room.reason("cooler"), room.level("cooler"))


def test_off_is_what_is_reported_off_after_the_order() -> None:
    """A firmware that can be asked has to answer; one that reports changes alone has to stand unchanged for a while."""
    asked, mute = bind("it", "tasmota", at={"topic": "x"}), bind("it", "esphome_switch", at={"prefix": "x", "id": "y"})
    was_off = take_report(UNKNOWN, Report(on=False), 9.0, retained=False)
    for binding in (asked, mute):
        ordered = send(was_off, 0.0, "c", 10.0)
        assert not known_off(ordered, binding, 14.0)
        assert known_off(take_report(ordered, Report(on=False), 11.0, retained=False), binding, 11.0)
        assert not known_off(take_report(ordered, Report(on=True), 11.0, retained=False), binding, 11.0)
    kept = take_report(UNKNOWN, Report(on=False), 9.0, retained=True)
    assert not known_off(send(kept, 0.0, "c", 10.0), asked, 60.0)
    assert known_off(send(kept, 0.0, "c", 10.0), mute, 60.0)
    assert not known_off(send(UNKNOWN, 0.0, "c", 10.0), mute, 60.0)


def test_actuators_of_two_zones_do_not_oppose_each_other() -> None:
    """Each zone has air of its own."""
    room = Room(PAIRS)
    bindings = {**room.world.bindings, "cooler": bind("cooler", "simulated", kind="cooler", zone="cellar", min_off_s=0)}
    room.world = World({**room.world.zones, "cellar": room.world.zones["tent"]}, bindings, "run1")
    room.demand(heater=1.0, cooler=1.0)
    room.go(60)
    assert (1, 1) == (room.level("heater"), room.level("cooler"))
