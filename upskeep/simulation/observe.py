"""Readings driven through the law in Observe: what it would have decided, as a log of changes.

Nothing is commanded, so every device stays off throughout: the log says what was wanted at each moment, and not what
would have come of it (``simulate`` does that, for a room).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

from services.climate_controller.core.law import decide
from services.climate_controller.core.state import fresh_state
from services.climate_controller.core.tick import Air, Tick
from shared.climate.decisions import Decision
from shared.climate.room import RoomState
from shared.climate.zones import Mode, Plan, Zone
from upskeep.simulation.recording import Row

LONGEST_GAP_S = 3600.0  # a longer gap of the recording is no time of anything
EPOCH = date(1970, 1, 1)


class Observed:
    """The law over one zone, reading by reading; ``clock`` is what its plan and its light go by."""

    def __init__(self, name: str, zone: Zone, plans: Mapping[str, Plan], clock: tzinfo = UTC) -> None:
        self.name, self.zone = name, zone.model_copy(update={"mode": Mode.OBSERVE})
        self._plans, self._clock = plans, clock
        self._state = fresh_state(self.zone)

    def decide(self, time: datetime, room: Air, outside: Air | None) -> tuple[Decision, ...]:
        """Return what is wanted of each actuator now."""
        local = time.astimezone(self._clock)
        second = local.hour * 3600.0 + local.minute * 60 + local.second
        tick = Tick(time.timestamp(), (local.date() - EPOCH).days, second, room, outside)
        self._state, verdict = decide(self.name, self.zone, self._plans, self._state, tick)
        return verdict.decisions


@dataclass(slots=True)
class Hours:
    """How long an actuator would have run at full level with each of two settings, and where they differ."""

    one_s: float = 0.0
    two_s: float = 0.0
    apart_s: float = 0.0

    def add(self, one: Decision, two: Decision, passed_s: float) -> None:
        """Count a stretch."""
        self.one_s += one.level * passed_s
        self.two_s += two.level * passed_s
        self.apart_s += (one.level != two.level) * passed_s


class SideBySide:
    """Two settings of a zone over the same readings. An actuator that only one of them has is left out."""

    def __init__(self, one: Observed, two: Observed) -> None:
        self._both = (one, two)
        self._apart: dict[str, tuple[float, float]] = {}
        self._before: datetime | None = None
        self.hours: dict[str, Hours] = {}

    def observe(self, time: datetime, room: Air, outside: Air | None) -> Iterator[tuple[Decision, Decision]]:
        """Yield both decisions on each actuator about which something changed: how they differ, or that they do."""
        one, two = ({each.actuator: each for each in side.decide(time, room, outside)} for side in self._both)
        passed_s = 0.0 if self._before is None else min((time - self._before).total_seconds(), LONGEST_GAP_S)
        self._before = time
        for name in (each for each in one if each in two):
            self.hours.setdefault(name, Hours()).add(one[name], two[name], passed_s)
            levels = (one[name].level, two[name].level)
            now = levels if levels[0] != levels[1] else None
            if self._apart.get(name) != now:
                if now is None:
                    del self._apart[name]
                else:
                    self._apart[name] = now
                yield one[name], two[name]


def observe(name: str, zone: Zone, plans: Mapping[str, Plan], rows: Iterable[Row], begin: datetime) -> Iterator[str]:
    """Yield one line for each decision that changed: time, zone, actuator, level, reason, and the reason in words."""
    before = dict[str, tuple[float, str]]()
    observed = Observed(name, zone, plans)
    for time, room, outside in _readings(rows, begin):
        for each in observed.decide(time, room, outside):
            now = (each.level, each.reason.value)
            if before.get(each.actuator) != now:
                before[each.actuator] = now
                yield f"{_when(time)} {name} {each.actuator} {each.level:.2f} {each.reason.value}: {each.text}"


def compare(
    name: str, zone: Zone, other: Zone, plans: Mapping[str, Plan], rows: Sequence[Row], begin: datetime
) -> Iterator[str]:
    """Yield a line for each actuator that would be elsewhere with the other target, from when on; then the sums."""
    both = SideBySide(Observed(name, zone, plans), Observed(name, other, plans))
    for time, room, outside in _readings(rows, begin):
        for one, two in both.observe(time, room, outside):
            differ = f"{one.level:.2f} → {two.level:.2f} {two.reason.value}: {two.text}"
            yield f"{_when(time)} {name} {one.actuator} {differ if one.level != two.level else 'the same again'}"
    for actuator, ran in both.hours.items():
        hours = f"{ran.one_s / 3600:.1f} h → {ran.two_s / 3600:.1f} h at full level"
        yield f"{actuator}: {hours}; elsewhere for {ran.apart_s / 3600:.1f} h"


def _readings(rows: Iterable[Row], begin: datetime) -> Iterator[tuple[datetime, Air, Air | None]]:
    for row in rows:
        time = begin + timedelta(seconds=row.at_s)
        yield time, _air(row.room, time), _air(row.outside, time) if row.outside else None


def _air(room: RoomState, time: datetime) -> Air:
    return Air(room.celsius, room.percent, time.timestamp())


def _when(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"
