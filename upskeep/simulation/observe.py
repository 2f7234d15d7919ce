"""A recording driven through the law in Observe: what it would have decided, as a log of changes.

Nothing is commanded, so every device stays off throughout: the log says what was wanted at each moment, and not what
would have come of it (``simulate`` does that, for a room).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta

from services.climate_controller.core.law import Verdict, decide
from services.climate_controller.core.moment import Air, Moment
from services.climate_controller.core.state import fresh_state
from shared.climate.room import RoomState
from shared.climate.room_weather import DAY_S
from shared.climate.zones import Mode, Plan, Zone
from upskeep.simulation.recording import Row

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def observe(name: str, zone: Zone, plans: Mapping[str, Plan], rows: Iterable[Row], begin: datetime) -> Iterator[str]:
    """Yield one line for each decision that changed: time, zone, actuator, level, reason, and the reason in words."""
    watched = zone.model_copy(update={"mode": Mode.OBSERVE})
    state, before = fresh_state(watched), dict[str, tuple[float, str]]()
    start_s = (begin - EPOCH).total_seconds()
    for row in rows:
        now_s = start_s + row.at_s
        days, second = divmod(now_s, DAY_S)
        outside = _air(row.outside, now_s) if row.outside else None
        moment = Moment(now_s, int(days), second, _air(row.room, now_s), outside)
        state, verdict = decide(name, watched, plans, state, moment)
        yield from _changed(verdict, before, begin + timedelta(seconds=row.at_s))


def _air(room: RoomState, at_s: float) -> Air:
    return Air(room.celsius, room.percent, at_s)


def _changed(verdict: Verdict, before: dict[str, tuple[float, str]], time: datetime) -> Iterator[str]:
    for each in verdict.decisions:
        now = (each.level, each.reason.value)
        if before.get(each.actuator) != now:
            before[each.actuator] = now
            told = f"{time:%Y-%m-%dT%H:%M:%SZ}"
            yield f"{told} {each.zone} {each.actuator} {each.level:.2f} {each.reason.value}: {each.text}"
