"""Jumps of the wall clock: dwells run on evenly, and the jump itself is an event in its place."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime, timedelta

import pytest

from services.event_processor.core.device.memory import Memory
from services.event_processor.core.pipeline.candidates import Refusal, admit
from services.event_processor.core.process import process_frame
from services.event_processor.service import EventProcessor
from shared.delivery.handler import InMemoryPublisher
from shared.jumps import CLOCK_JUMP, IN_FRAME, Jump, read_jump
from shared.ledger import Ledger
from shared.messages import Candidate, Event, Frame
from tests.support.scenarios import SHIPPED, START, at

HOURS = timedelta(hours=3)


def live(second: float, ahead: timedelta, *, mains: bool, boot: str = "b1", clock: str = "set", up: float = 0) -> Frame:
    """Return a frame of the scene's second, taken while the wall clock was so far ahead."""
    stamp = {"boot": boot, "uptime_s": up or 1000 + second, "clock": clock}
    return Frame.model_validate({"time": at(second) + ahead, "device": "ups", "values": {"ac_present": mains}} | stamp)


def jump(second: float, step: timedelta, ahead: timedelta) -> Frame:
    values = {IN_FRAME + name: value for name, value in Jump(step).values().items()}
    return Frame(time=at(second) + ahead, device="system", values=values, boot="b1", uptime_s=1000 + second)


def play(*frames: Frame, flush: bool = True) -> list[Event]:
    """Return the events of frames; the processor starts anew before each if ``flush``."""
    outlet = InMemoryPublisher()
    with closing(Ledger(":memory:")) as ledger:
        stage = EventProcessor(SHIPPED, ledger, outlet, lambda: START)
        for frame in frames:
            with ledger.transaction():
                stage.apply(frame)
                if flush:
                    stage.flush()
                    stage = EventProcessor(SHIPPED, ledger, outlet, lambda: START)
    return [message for message in outlet.emitted if isinstance(message, Event)]


def blackout(step: timedelta, lasts_s: int) -> list[Frame]:
    """Mains at 0, gone from 1 on; at 2 the clock jumps; back after ``lasts_s``."""
    none = timedelta(0)
    after = [live(second, step, mains=False) for second in range(2, 1 + lasts_s)]
    back = [live(second, step, mains=True) for second in range(1 + lasts_s, 10 + lasts_s)]
    return [live(0, none, mains=True), live(1, none, mains=False), jump(2, step, step), *after, *back]


@pytest.mark.parametrize("step", [HOURS, -HOURS])
@pytest.mark.parametrize("flush", [True, False])
def test_a_dwell_in_progress_is_neither_cut_short_nor_lost(step: timedelta, flush: bool) -> None:
    """2 s on battery make a loss: seen at 1, confirmed at 3, whatever the clock shows."""
    events = play(*blackout(step, 4), flush=flush)
    expected = [(CLOCK_JUMP, at(2) + step), ("AC_POWER_LOSS", at(3) + step), ("AC_POWER_RESTORED", at(10) + step)]

    assert expected == [(event.type, event.time) for event in events]


@pytest.mark.parametrize("step", [HOURS, -HOURS])
def test_a_blip_stays_a_blip(step: timedelta) -> None:
    """One second on battery, with the jump in it."""
    events = play(*blackout(step, 1))

    assert [CLOCK_JUMP, "POWER_BLIP"] == [event.type for event in events]
    assert (1.0, (at(1) + step).isoformat()) == (
        events[1].data["lasted_s"],
        datetime.fromisoformat(events[1].data["since"]).isoformat(),
    )


def test_an_outage_lasts_as_long_as_it_lasted() -> None:
    """60 s, and not three hours more."""
    events = play(*blackout(HOURS, 60))

    assert 60.0 == events[-1].data["outage_s"]


def test_the_jump_says_how_far_from_where_to_where() -> None:
    """A warning of the system, and what consumers move by."""
    (event,) = play(jump(2, HOURS, HOURS))

    assert ("system", "warning", "system") == (event.category, event.severity, event.device)
    assert {"step_s": 10800.0, "before": "2026-01-31T12:00:02.000000Z", "after": "2026-01-31T15:00:02.000000Z"} == (
        event.data
    )
    assert Jump(HOURS) == read_jump(event.data)


def test_the_same_second_twice_makes_two_events() -> None:
    """Going back an hour, the wall clock shows it again: the uptime tells the two apart."""
    once = live(0, timedelta(0), mains=True).model_copy(update={"values": {"air_temperature": 20.0}})
    later, again = (once.model_copy(update={"uptime_s": uptime_s}) for uptime_s in (1010.0, 4600.0))
    events = play(once, later.model_copy(update={"time": at(10)}), again)

    assert ["sensor.temperature"] * 3 == [event.type for event in events]
    assert 3 == len({event.id for event in events})


@pytest.mark.parametrize(("clocks", "expected_s"), [(("set", "set"), 50), (("set", "unset"), 0), (("unset", "set"), 0)])
def test_from_boot_to_boot_only_a_clock_that_is_set_tells_the_time(clocks: tuple[str, str], expected_s: int) -> None:
    """Otherwise nobody knows how long it was."""
    first = live(0, timedelta(0), mains=True, clock=clocks[0])
    second = live(50, timedelta(0), mains=True, boot="b2", clock=clocks[1], up=7)

    assert timedelta(seconds=expected_s) == process_frame(SHIPPED, Memory(), first).memory.elapsed(second)


def test_frames_without_uptime_go_by_their_time() -> None:
    """Recordings and simulations."""
    frame = Frame(time=at(0), device="ups")
    memory = process_frame(SHIPPED, Memory(), frame).memory

    assert timedelta(seconds=5) == memory.elapsed(Frame(time=at(5), device="ups"))
    assert timedelta(0) == memory.elapsed(Frame(time=at(-5), device="ups"))


def test_a_memory_of_before_is_read() -> None:
    """A ledger from before there were uptimes."""
    memory = process_frame(SHIPPED, Memory(), live(0, timedelta(0), mains=True)).memory

    assert memory == Memory.from_json(memory.to_json())
    assert Memory(time=at(0)) == Memory.from_json('{"time":"2026-01-31T12:00:00Z","repeat":0,"seen":[],"latches":{}}')


def test_nobody_outside_can_tell_of_a_jump() -> None:
    """It would move every window."""
    assert isinstance(admit(SHIPPED, "mallory", Candidate(type=CLOCK_JUMP, data={"step_s": 9e9}), START), Refusal)


@pytest.mark.parametrize("flush", [True, False])
def test_a_jump_of_one_reader_cuts_no_dwell_short_of_anothers(flush: bool) -> None:
    """Another reader's clock jumps by hours in the middle of an outage; its event says that the others stand."""
    outage = [frame for frame in blackout(timedelta(0), 4) if frame.device == "ups"]
    mine = [frame.model_copy(update={"producer": "sensor_reader"}) for frame in outage]
    theirs = jump(2, HOURS, HOURS).model_copy(update={"device": "system", "producer": "sensor_reader-attic"})
    events = play(*mine[:3], theirs, *mine[3:], flush=flush)
    jumped = next(event for event in events if event.type == CLOCK_JUMP)

    assert [("AC_POWER_LOSS", at(3)), ("AC_POWER_RESTORED", at(10))] == [
        (event.type, event.time) for event in events if event.type != CLOCK_JUMP
    ]
    assert jumped.data["alone"] is False
    assert read_jump(jumped.data) is None
