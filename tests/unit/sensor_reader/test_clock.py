"""The machine's clocks."""

from __future__ import annotations

from datetime import UTC, datetime

from services.sensor_reader.adapters.machine.clock import LinuxClock, clock_mark
from services.sensor_reader.core.ports import Instant

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
NIGHT = datetime(2026, 1, 2, tzinfo=UTC)


def test_the_kernel_says_whether_the_clock_is_set() -> None:
    """Or nothing at all, where it may not be asked."""
    assert clock_mark() in ("set", "unset", None)


def test_uptime_runs_on() -> None:
    """By the machine's own clock."""
    clock = LinuxClock(lambda: NOON)

    assert 0 < clock.read().uptime_s <= clock.read().uptime_s


def test_both_clocks_are_read_together() -> None:
    """Held up for an hour in between, it reads them again."""
    uptimes = iter([10.0, 3610.0, 3611.0, 3611.01])
    walls = iter([NOON, NIGHT])
    clock = LinuxClock(lambda: next(walls), lambda: next(uptimes), lambda: "set")

    assert Instant(NIGHT, 3611.0, "set") == clock.read()
