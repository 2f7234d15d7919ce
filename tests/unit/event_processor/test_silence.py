"""Devices that say nothing at all, seen by the frames of others; through the stage, as it is told live."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.event_processor.core.rules.compiled import CompiledRules
from services.event_processor.service import EventProcessor
from shared.delivery.handler import InMemoryPublisher
from shared.ledger import Ledger
from shared.messages import Event, Frame
from tests.support.scenarios import START, at, configured, frame

RULE = "{after_s: 60, devices: [room], event: device.error, cleared: device.state.changed}"
WATCHED = configured(RULES__ABSENCES__SILENT=RULE, RULES__READINGS="{except_for: [co2]}")
EVERYBODY = configured(RULES__ABSENCES__SILENT="{after_s: 60, event: device.error}", RULES__READINGS="null")


def tell(compiled: CompiledRules, frames: list[Frame], batches: list[int] | None = None) -> list[Event]:
    """Return the events of the frames, applied in batches of these sizes, each by a process of its own."""
    ledger, outlet = Ledger(":memory:"), InMemoryPublisher()
    left, sizes = list(frames), iter(batches or [])
    try:
        while left:
            size = next(sizes, len(left))
            stage = EventProcessor(compiled, ledger, outlet, lambda: START)
            with ledger.transaction():
                for item in left[:size]:
                    stage.apply(item)
                stage.flush()
            left = left[size:]
    finally:
        ledger.close()
    return [message for message in outlet.emitted if isinstance(message, Event)]


def brief(events: list[Event]) -> list[tuple[str, str | None, float]]:
    """Return (type, device, second)."""
    return [(event.type, event.device, (event.time - START).total_seconds()) for event in events]


@pytest.fixture
def ups() -> list[Frame]:
    """A UPS that is heard every 10 s for five minutes."""
    return [frame(n * 10, ac_present=True) for n in range(30)]


def merged(*series: list[Frame]) -> list[Frame]:
    """Return frames of several devices in the order of their times."""
    return sorted((item for frames in series for item in frames), key=lambda item: item.time)


def test_a_silent_device_is_reported_with_the_first_frame_of_another(ups: list[Frame]):
    """Heard last at 20 s; 80 s is not more than 60 s after it, 90 s is. It comes back at 240 s."""
    room = [frame(second, "room", co2=500) for second in (0, 10, 20, 240)]

    assert [("device.error", "room", 90), ("device.state.changed", "room", 240)] == brief(
        tell(WATCHED, merged(ups, room))
    )


def test_a_device_that_is_waited_for_and_never_heard_is_reported(ups: list[Frame]):
    """From the first frame of anything."""
    assert [("device.error", "room", 70)] == brief(tell(WATCHED, ups))


def test_a_device_that_nobody_waits_for_is_reported_once_it_was_heard(ups: list[Frame]):
    """A rule for all devices watches those there are; the last one is never silent by itself."""
    assert [("device.error", "room", 70)] == brief(tell(EVERYBODY, merged([frame(5, "room", co2=1)], ups)))


def test_when_nothing_is_heard_of_anything_nothing_is_reported():
    """An hour without a frame is a reader that is gone; its last will says so."""
    assert [] == brief(tell(WATCHED, [frame(0, "room", co2=500), frame(3600, "room", co2=500)]))


def test_the_silence_of_a_moved_clock_is_none(ups: list[Frame]):
    """The clock is put on by an hour between two frames: nobody was silent for an hour."""
    room = [frame(n * 10, "room", co2=500) for n in range(10)]
    step = [frame(3695, "system", clock_step_s=3600.0)]
    later = [item.model_copy(update={"time": at(3700 + n * 10)}) for n, item in enumerate(room[:2])]

    assert ["CLOCK_JUMP"] == [event.type for event in tell(WATCHED, [*merged(ups[:10], room), *step, ups[0].model_copy(
        update={"time": at(3699)}), *later])]  # fmt: skip


FRAMES = st.lists(
    st.tuples(st.sampled_from([0.0, 1.0, 20.0, 59.0, 70.0]), st.sampled_from(["ups", "room", "cellar"]), st.booleans()),
    max_size=40,
)


def history(items: list[tuple[float, str, bool]]) -> Iterator[Frame]:
    """Yield frames of three devices."""
    second = 0.0
    for step_s, device, shows in items:
        second += step_s
        yield frame(second, device, **({"ac_present": True} if shows else {}))


STEP_THAT_GETS_SHORTER = [(0.0, "ups", False)] * 4 + [
    (70.0, "room", False), (0.0, "ups", False), (1.0, "room", False), (70.0, "ups", False)
]  # fmt: skip


@settings(deadline=None, max_examples=20)
@example(STEP_THAT_GETS_SHORTER, [1, 1, 3])
@given(FRAMES, st.lists(st.integers(1, 12), max_size=8))
def test_silences_do_not_depend_on_batches_and_restarts(items: list[tuple[float, str, bool]], batches: list[int]):
    """The same events, ids included, however the frames come in and whenever the process begins anew."""
    frames = list(history(items))

    for compiled in (WATCHED, EVERYBODY):
        assert tell(compiled, frames) == tell(compiled, frames, batches)


def patience(step_s: float) -> float:
    """Return how long a device of this step may say nothing."""
    return 60 if step_s <= 60 else 2.5 * step_s


@settings(deadline=None, max_examples=20)
@given(FRAMES)
def test_a_silence_is_reported_once_and_only_when_it_was_one(items: list[tuple[float, str, bool]]):
    """Held against a plain account: 60 s, or 2.5 of a device's own steps where one is longer."""
    frames = list(history(items))
    heard: dict[str, float] = {}
    seen: dict[str, float] = {}  # by a frame of its own, or by its silence
    step: dict[str, float] = {}
    silent: set[str] = set()
    expected: list[tuple[str, str, float]] = []
    for item in frames:
        now = (item.time - START).total_seconds()
        for device in sorted(heard):
            if device != item.device and device not in silent and now - heard[device] > patience(step.get(device, 0)):
                silent.add(device)
                seen[device] = now
                expected.append(("device.error", device, now))
        if item.device in seen:
            step[item.device] = now - seen[item.device] or step.get(item.device, 0)
        heard[item.device] = seen[item.device] = now
        silent.discard(item.device)

    assert expected == brief(tell(EVERYBODY, frames))


def test_a_device_that_is_read_every_quarter_of_an_hour_is_not_missed_at_each_reading():
    """Once, while its step is not known; then after 2.5 of its steps, and not before."""
    room = [frame(900 * n, "room", co2=500) for n in range(8)]
    ups = [frame(10 * n, ac_present=True) for n in range(1000)]
    told = brief([event for event in tell(WATCHED, merged(room, ups)) if event.type == "device.error"])

    assert [70.0, 8560.0] == [second for _, _, second in told]


def test_nor_ever_where_the_reader_says_how_often_it_is_read():
    """``interval_s`` of sensor_reader.yaml, or of ``devices`` here."""
    compiled = configured(
        RULES__ABSENCES__SILENT=RULE, RULES__READINGS="{except_for: [co2]}", DEVICES__ROOM__INTERVAL_S="900"
    )
    room = [frame(900 * n, "room", co2=500) for n in range(8)]
    ups = [frame(10 * n, ac_present=True) for n in range(800)]

    assert [] == [event.type for event in tell(compiled, merged(room, ups)) if event.type == "device.error"]
