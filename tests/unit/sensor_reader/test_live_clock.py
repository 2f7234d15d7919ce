"""Live frames and the clocks: stamped by both, and a jump told before the first frame after it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from services.sensor_reader.core.ports import ClockMark, Instant
from services.sensor_reader.core.sources.feed import SourcePosition
from services.sensor_reader.service import SensorReader
from shared.delivery.handler import InMemoryPublisher
from shared.ledger import Ledger
from shared.messages import Frame

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Probe:
    """A live feed: one frame each time it is asked."""

    name, has_life, live = "probe", True, True

    def open(self, stored: SourcePosition | None, now: datetime) -> None: ...

    def next_due(self) -> float:
        return 0.0

    def poll(self, now: float, time: datetime, limit: int) -> list[Frame]:  # noqa: ARG002
        return [Frame(time=time, device="ups")]

    def place(self) -> None:
        return None


class Machine:
    """Its clocks, its reader's ledger, and what the reader has emitted."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.outlet = InMemoryPublisher()
        self.up_s = 100.0
        self.ahead_s = 0.0
        self.clock: ClockMark = "set"
        self.start()

    def read(self) -> Instant:
        return Instant(NOON + timedelta(seconds=self.up_s + self.ahead_s), self.up_s, self.clock)

    def start(self, boot: str = "b1") -> None:
        self.handler = SensorReader(Probe(), self.ledger, self.outlet, boot, self)
        self.handler.begin(NOON)

    def poll(self, after_s: float = 1.0) -> None:
        self.up_s += after_s
        self.handler.step(0.0, NOON)

    def drain(self) -> list[tuple[str, float]]:
        """Take what was emitted: (what, seconds by the wall clock)."""
        frames = [message for message in self.outlet.drain() if isinstance(message, Frame)]
        return [(_what(frame), (frame.time - NOON).total_seconds()) for frame in frames]


def _what(frame: Frame) -> str:
    return str(frame.values.get("lifecycle") or frame.values.get("clock_step_s") or frame.device)


@pytest.fixture
def machine() -> Iterator[Machine]:
    with closing(Ledger(":memory:")) as ledger:
        yield Machine(ledger)


def test_a_live_frame_says_when_by_both_clocks(machine: Machine) -> None:
    """Also the one that tells of the start."""
    machine.poll()
    frames = [frame for frame in machine.outlet.drain() if isinstance(frame, Frame)]

    assert [("b1", 101.0, "set", machine.read().time)] * 2 == [(f.boot, f.uptime_s, f.clock, f.time) for f in frames]


@pytest.mark.parametrize("step_s", [10_800.0, -10_800.0])
def test_a_jump_is_reported_before_the_frame_after_it(machine: Machine, step_s: float) -> None:
    """At the new time, once."""
    machine.poll()
    machine.drain()
    machine.ahead_s = step_s
    machine.poll()
    machine.poll()

    assert [(str(step_s), 102 + step_s), ("ups", 102 + step_s), ("ups", 103 + step_s)] == machine.drain()


def test_a_jump_while_the_reader_was_down_is_reported(machine: Machine) -> None:
    """Its ledger knows where the clock was."""
    machine.poll()
    machine.drain()
    machine.ahead_s = 60.0
    machine.start()
    machine.poll(10)

    assert [("60.0", 171.0), ("ups", 171.0)] == machine.drain()


def test_a_jump_before_the_stop_is_reported_before_the_stop(machine: Machine) -> None:
    """The stop bears the new time."""
    machine.poll()
    machine.drain()
    machine.ahead_s = -60.0
    machine.handler.finish(NOON)

    assert [("-60.0", 41.0), ("stopped", 41.0)] == machine.drain()


def test_a_boot_with_a_stale_clock_is_reported_before_the_start(machine: Machine) -> None:
    """Time goes back first, then the new boot's frames come."""
    machine.poll()
    machine.drain()
    machine.up_s, machine.ahead_s, machine.clock = 5.0, -600.0, "unset"
    machine.start("b2")
    machine.poll()

    assert [("-695.0", -594.0), ("started", -594.0), ("ups", -594.0)] == machine.drain()
