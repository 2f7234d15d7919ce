"""A recording driven through the law in Observe: what it would have decided, as a log of changes.

Nothing is commanded, so every device stays off throughout: the log says what was wanted at each moment, and not what
would have come of it (``simulate`` does that, for a room).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from services.climate_controller.core.law import Verdict, decide
from services.climate_controller.core.moment import Air, Moment
from services.climate_controller.core.state import fresh_state
from shared.climate.room import RoomState
from shared.climate.room_weather import DAY_S
from shared.climate.zones import Mode, Plan, Zone
from upskeep.simulation.recording import Row

LONGEST_GAP_S = 3600.0  # a longer gap of the recording is no time of anything
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def observe(name: str, zone: Zone, plans: Mapping[str, Plan], rows: Iterable[Row], begin: datetime) -> Iterator[str]:
    """Yield one line for each decision that changed: time, zone, actuator, level, reason, and the reason in words."""
    before = dict[str, tuple[float, str]]()
    for row, verdict in _decided(name, zone, plans, rows, begin):
        yield from _changed(verdict, before, begin + timedelta(seconds=row.at_s))


def compare(
    name: str, zone: Zone, other: Zone, plans: Mapping[str, Plan], rows: Sequence[Row], begin: datetime
) -> Iterator[str]:
    """Yield a line for each actuator that would be elsewhere with the other target, from when on; then the sums."""
    apart: dict[str, tuple[float, float]] = {}
    full_s: dict[str, list[float]] = {}
    apart_s: dict[str, float] = {}
    both = zip(_decided(name, zone, plans, rows, begin), _decided(name, other, plans, rows, begin), strict=True)
    before_s: float | None = None
    for (row, first), (_, second) in both:
        passed_s = 0.0 if before_s is None else min(row.at_s - before_s, LONGEST_GAP_S)
        before_s = row.at_s
        for one, two in zip(first.decisions, second.decisions, strict=True):
            at = full_s.setdefault(one.actuator, [0.0, 0.0])
            at[0], at[1] = at[0] + one.level * passed_s, at[1] + two.level * passed_s
            differ = one.level != two.level
            apart_s[one.actuator] = apart_s.get(one.actuator, 0.0) + differ * passed_s
            now = (one.level, two.level) if differ else (-1.0, -1.0)
            if apart.get(one.actuator, (-1.0, -1.0)) != now:
                apart[one.actuator] = now
                time = begin + timedelta(seconds=row.at_s)
                shown = (
                    f"{one.level:.2f} → {two.level:.2f} {two.reason.value}: {two.text}" if differ else "the same again"
                )
                yield f"{time:%Y-%m-%dT%H:%M:%SZ} {name} {one.actuator} {shown}"
    for actuator, (one_s, two_s) in full_s.items():
        hours = f"{one_s / 3600:.1f} h → {two_s / 3600:.1f} h at full level"
        yield f"{actuator}: {hours}; elsewhere for {apart_s[actuator] / 3600:.1f} h"


def _decided(
    name: str, zone: Zone, plans: Mapping[str, Plan], rows: Iterable[Row], begin: datetime
) -> Iterator[tuple[Row, Verdict]]:
    watched = zone.model_copy(update={"mode": Mode.OBSERVE})
    state = fresh_state(watched)
    start_s = (begin - EPOCH).total_seconds()
    for row in rows:
        now_s = start_s + row.at_s
        days, second = divmod(now_s, DAY_S)
        outside = _air(row.outside, now_s) if row.outside else None
        moment = Moment(now_s, int(days), second, _air(row.room, now_s), outside)
        state, verdict = decide(name, watched, plans, state, moment)
        yield row, verdict


def _air(room: RoomState, at_s: float) -> Air:
    return Air(room.celsius, room.percent, at_s)


def _changed(verdict: Verdict, before: dict[str, tuple[float, str]], time: datetime) -> Iterator[str]:
    for each in verdict.decisions:
        now = (each.level, each.reason.value)
        if before.get(each.actuator) != now:
            before[each.actuator] = now
            told = f"{time:%Y-%m-%dT%H:%M:%SZ}"
            yield f"{told} {each.zone} {each.actuator} {each.level:.2f} {each.reason.value}: {each.text}"
