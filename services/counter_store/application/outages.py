"""Which ends belong to which beginnings, also where events of either have left the history.

Rules:
1. Beginnings and ends are those in the history, among the newest ``TURNS`` of their type.
2. The end of a beginning that is older than the oldest known end may have left the history. The cells still have the
   time of a device's last end before that: outages that began up to then have ended at an unknown time, and are left
   out.
3. A step of the clock does not change a length: pairs are made of times corrected by all steps up to the span's end. A
   finished outage has the times of the clock that reported its end.
4. An outage begins at the time its event reports, some seconds before the event, and is as long as its end reports.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from services.counter_store.adapters.tables.aggregates import Aggregates
from services.counter_store.adapters.tables.history import History
from services.counter_store.core.span import Span
from services.counter_store.core.statistics.outages import Outage, pair_outages
from services.counter_store.core.statistics.turns import ReportedTurn
from services.counter_store.core.statistics.type_statistics import AllTime
from shared.instants import span_to_us, time_to_us
from shared.jumps import Jump

TURNS = 2_000  # newest beginnings and ends that are paired
JUMPS = 100  # newest steps of the clock that are applied
FROM_THE_FIRST = -(2**62)
Shifts = tuple[int, int, int]  # since when, by how much what is earlier moves, by how much the rest


@dataclass(frozen=True, slots=True)
class NewestEvents:
    """The newest events of a type: all of them from ``since_us`` on."""

    turns: Sequence[ReportedTurn]
    since_us: int


class OutageHistory:
    """Reads history and aggregates; changes nothing."""

    def __init__(self, history: History, aggregates: Aggregates) -> None:
        self._history = history
        self._aggregates = aggregates

    def outages(
        self, name: str, ends: Sequence[str], span: Span, ever: Mapping[str, AllTime]
    ) -> tuple[tuple[Outage, ...], bool]:
        """Return the outages known at the span's end, and whether they are complete."""
        began = self._at_hand(name, span.until_us, ever.get(name))
        ended = [self._at_hand(end, span.until_us, ever.get(end)) for end in ends]
        since_us = max(each.since_us for each in ended)
        kept = self._unended(began.turns, ends, since_us)
        placed = tuple(self._placed(kept, [turn for each in ended for turn in each.turns], span.until_us))
        return placed, max(began.since_us, since_us) <= span.after_us

    def newest(self, name: str, ends: Sequence[str], until_us: int, limit: int) -> tuple[Outage, ...]:
        """Return the outages among the newest ``limit`` beginnings and ends."""
        began = self._history.turns(name, until_us, limit)
        turns = [self._history.turns(end, until_us, limit) for end in ends]
        since_us = max((each[0][0] for each in turns if len(each) == limit), default=FROM_THE_FIRST)
        ended = [turn for each in turns for turn in each]
        return tuple(self._placed((turn for turn in began if turn[0] >= since_us), ended, until_us))

    def ended(self, ends: Sequence[str], device: str | None, after_us: int, until_us: int) -> bool:
        """Whether an end was reported on a device in [after, until]."""
        ended_us = self._history.last(device, ends, until_us)
        if ended_us is not None and ended_us >= after_us:
            return True
        return device in self._aggregates.lasts(ends, after_us, until_us)

    def _at_hand(self, name: str, until_us: int, ever: AllTime | None) -> NewestEvents:
        turns = self._history.turns(name, until_us, TURNS)
        if len(turns) < TURNS and (ever is None or self._history.count(name) >= ever.total):
            return NewestEvents(turns, FROM_THE_FIRST)
        return NewestEvents(turns, turns[0][0] if turns else until_us + 1)

    def _placed(self, began: Iterable[ReportedTurn], ended: Iterable[ReportedTurn], until_us: int) -> Iterator[Outage]:
        """Yield the outages, each by one clock."""
        jumps = [(us, _shifts(jump)) for us, jump in self._history.jumps(until_us, JUMPS)]
        # Of two beginnings at one time the first counts.
        begins = {(turn.device, _moved(turn, jumps)): turn for turn in reversed([*began])}
        ends = {(turn.device, _moved(turn, jumps)): turn for turn in ended}
        over_us: dict[str | None, int] = {}  # where the device's last outage ended
        for one in pair_outages(begins, ends):
            end = None if one.ended_us is None else ends[one.device, one.ended_us]
            moved_us = 0 if one.ended_us is None or end is None else one.ended_us - end.us
            at_us = one.began_us - moved_us
            began_us = at_us - begins[one.device, one.began_us].late_us
            began_us = min(at_us, max(began_us, over_us.get(one.device, began_us)))
            if end is None:
                yield Outage(one.device, began_us, None)
                continue
            ended_us = end.us if end.length_us is None else min(began_us + end.length_us, end.us)
            over_us[one.device] = ended_us
            yield Outage(one.device, began_us, ended_us)

    def _unended(self, began: Sequence[ReportedTurn], ends: Sequence[str], since_us: int) -> Sequence[ReportedTurn]:
        """Return the beginnings without those that may have ended before ``since``, where ends are unknown."""
        if not began or began[0][0] >= since_us:
            return began
        last = self._aggregates.lasts(ends, began[0][0], since_us - 1, possible=True)
        return [turn for turn in began if turn[0] >= since_us or turn[0] > last.get(turn[1], FROM_THE_FIRST)]


def _shifts(jump: Jump) -> Shifts:
    since_us = FROM_THE_FIRST if jump.since is None else time_to_us(jump.since)
    return since_us, span_to_us(jump.earlier), span_to_us(jump.step)


def _moved(turn: ReportedTurn, jumps: Iterable[tuple[int, Shifts]]) -> int:
    """Return a time, corrected by the later jumps."""
    wall_us, monotonic_us = turn.us, turn.monotonic_us
    for us, (since_us, earlier_us, step_us) in jumps:
        if us > monotonic_us:
            wall_us += earlier_us if wall_us < since_us else step_us
    return wall_us
