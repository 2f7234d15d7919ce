"""Which ends belong to which beginnings, also where events of either have left the history.

Rules:
1. Beginnings and ends are those at hand: in the history, and among the newest ``TURNS`` of their type.
2. The end of a beginning that is older than the oldest end at hand may have left. The cells still say when a device's
   last one was before that: what began up to then has ended, nobody knows when, and is not reported.
3. What lasts across a step of the clock lasts no longer for it: pairs are made of the times as they stand after
   all steps up to the span's end. An outage that is over lies where the clock of its end reported it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from services.counter_store.adapters.tables.aggregates import Aggregates
from services.counter_store.adapters.tables.history import History
from services.counter_store.core.span import Span
from services.counter_store.core.statistics.outages import Outage, pair_outages
from services.counter_store.core.statistics.type_statistics import AllTime
from shared.instants import span_to_us, time_to_us
from shared.jumps import Jump

TURNS = 2_000  # newest beginnings and ends that are paired
JUMPS = 100  # newest steps of the clock that are looked at
FROM_THE_FIRST = -(2**62)
Told = tuple[int, str | None, int]  # time, device, steady time
Shifts = tuple[int, int, int]  # since when, by how much what is earlier moves, by how much the rest


@dataclass(frozen=True, slots=True)
class NewestEvents:
    """The newest events of a type: all of them from ``since_us`` on."""

    turns: Sequence[Told]
    since_us: int


class OutageHistory:
    """Reads history and aggregates; changes nothing."""

    def __init__(self, history: History, aggregates: Aggregates) -> None:
        self._history = history
        self._aggregates = aggregates

    def outages(
        self, name: str, ends: Sequence[str], span: Span, ever: Mapping[str, AllTime]
    ) -> tuple[tuple[Outage, ...], bool]:
        """Return the outages known at the span's end, and whether they are all there were in it."""
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

    def _placed(self, began: Iterable[Told], ended: Iterable[Told], until_us: int) -> Iterator[Outage]:
        """Yield the outages, each by one clock."""
        jumps = [(us, _shifts(jump)) for us, jump in self._history.jumps(until_us, JUMPS)]
        told = {(turn[1], _moved(turn, jumps)): turn[0] for turn in ended}
        for one in pair_outages(((turn[1], _moved(turn, jumps)) for turn in began), told):
            if one.ended_us is None:
                yield one
            else:
                told_us = told[one.device, one.ended_us]
                yield Outage(one.device, one.began_us - (one.ended_us - told_us), told_us)

    def _unended(self, began: Sequence[Told], ends: Sequence[str], since_us: int) -> Sequence[Told]:
        """Return the beginnings but those whose end may have been before ``since``, where ends are not at hand."""
        if not began or began[0][0] >= since_us:
            return began
        last = self._aggregates.lasts(ends, began[0][0], since_us - 1, possible=True)
        return [turn for turn in began if turn[0] >= since_us or turn[0] > last.get(turn[1], FROM_THE_FIRST)]


def _shifts(jump: Jump) -> Shifts:
    since_us = FROM_THE_FIRST if jump.since is None else time_to_us(jump.since)
    return since_us, span_to_us(jump.earlier), span_to_us(jump.step)


def _moved(turn: Told, jumps: Iterable[tuple[int, Shifts]]) -> int:
    """Return where a time stands after the jumps that came after it."""
    told_us, _, steady_us = turn
    for us, (since_us, earlier_us, step_us) in jumps:
        if us > steady_us:
            told_us += earlier_us if told_us < since_us else step_us
    return told_us
