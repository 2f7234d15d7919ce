"""The wall clock beside the uptime: how it ran from poll to poll, and where it jumped.

Rules:
1. Within a boot the clock has jumped when it gained or lost more than ``TOLERANCE`` against the uptime between two
   polls. NTP's slewing is no jump: the kernel slews the uptime along. A leap second is none either.
2. Once set, a clock counts as set for the rest of the boot.
3. A boot whose clock starts behind the last frame is a jump back to where it starts: how long the machine was off
   nobody knows, so it counts as nothing.
4. What came before a boot that starts unset has the time of a clock that was set. It keeps its place when the clock
   is set at last (``Jump.since``), and what rule 3 moved it by is given back (``owed``), as far as order allows.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.sensor_reader.core.lifecycle import DEVICE
from services.sensor_reader.core.ports import ClockMark, Instant
from shared.jumps import IN_FRAME, ZERO, Jump
from shared.messages import Frame

TOLERANCE = timedelta(seconds=1)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class ClockDrift:
    """The last poll's ``instant`` in ``boot``.

    ``since``: the first time by a clock not yet set, after one that was; ``gap`` how far before it the
    last one stands that is right, and ``owed`` how far that one has been moved.
    """

    boot: str
    instant: Instant
    since: datetime | None = None
    gap: timedelta = ZERO
    owed: timedelta = ZERO

    def to_json(self) -> bytes:
        """Return it for the ledger."""
        since = self.since and self.since.isoformat()
        instant = [self.instant.time.isoformat(), self.instant.uptime_s, self.instant.clock]
        spans = [self.gap // _MICROSECOND, self.owed // _MICROSECOND]
        return json.dumps({"boot": self.boot, "instant": instant, "since": since, "spans_us": spans}).encode()

    @classmethod
    def from_json(cls, text: bytes) -> ClockDrift:
        """Return what ``to_json`` wrote."""
        data = json.loads(text)
        time, uptime_s, clock = data["instant"]
        gap, owed = (us * _MICROSECOND for us in data["spans_us"])
        since = datetime.fromisoformat(data["since"]) if data["since"] else None
        return cls(data["boot"], Instant(datetime.fromisoformat(time), uptime_s, clock), since, gap, owed)


def compare_clocks(before: ClockDrift | None, boot: str, now: Instant) -> tuple[ClockDrift, Jump | None]:
    """Return the course with the poll at ``now``, and the jump that lies between it and the one before."""
    if before is None:
        return ClockDrift(boot, now), None
    if before.boot != boot:
        return _boot(before, boot, now)
    now = replace(now, clock=_mark(before.instant.clock, now.clock))
    gained = now.time - before.instant.time - timedelta(seconds=now.uptime_s - before.instant.uptime_s)
    course, jump = replace(before, instant=now), None
    if abs(gained) > TOLERANCE:
        course, jump = _jump(course, gained)
    return (replace(course, since=None, gap=ZERO, owed=ZERO) if now.clock == "set" else course), jump


def jump_frame(jump: Jump, time: datetime) -> Frame:
    """Return the frame that reports a jump, at the time by the new clock."""
    return Frame(time=time, device=DEVICE, values={IN_FRAME + name: value for name, value in jump.values().items()})


def _mark(before: ClockMark | None, now: ClockMark | None) -> ClockMark | None:
    return "set" if before == "set" else now or before


def _jump(course: ClockDrift, step: timedelta) -> tuple[ClockDrift, Jump]:
    if course.since is None:
        return course, Jump(step)
    earlier = min(course.owed, step + course.gap)
    after = replace(course, since=course.since + step, gap=course.gap + step - earlier, owed=course.owed - earlier)
    return after, Jump(step, course.since, earlier)


def _boot(before: ClockDrift, boot: str, now: Instant) -> tuple[ClockDrift, Jump | None]:
    since, gap, owed = before.since, before.gap, before.owed
    off = now.time - before.instant.time
    jump = Jump(off) if off < -TOLERANCE else None
    if jump is not None:
        since, owed = since and since + off, owed - off
    if now.clock != "unset":
        return ClockDrift(boot, now), jump
    if since is None and before.instant.clock == "set":
        since, gap, owed = now.time, max(off, ZERO), max(-off, ZERO) if jump else ZERO
    return ClockDrift(boot, now, since, gap, owed) if since else ClockDrift(boot, now), jump
