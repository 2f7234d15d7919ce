"""Which ends belong to which beginnings, also where events of either have left the history.

Rules:
1. Beginnings and ends are those at hand: in the history, and among the newest ``TURNS`` of their type.
2. The end of a beginning that is older than the oldest end at hand may have left. The cells still say when a device's
   last one was before that: what began up to then has ended, nobody knows when, and is not told.
3. What lasts across a step of the clock lasts no longer for it: pairs are made in steady time. Where they lie is told
   by the clock of their end, and while they last by the clock as it was at the span's end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

from services.counter_store.adapters.aggregates import Aggregates
from services.counter_store.adapters.history import History
from services.counter_store.core.outages import Outage, pair_outages
from services.counter_store.core.span import Span
from services.counter_store.core.statistics import Ever
from shared.jumps import CLOCK_JUMP

TURNS = 2_000  # newest beginnings and ends that are paired
JUMPS = 100  # newest steps of the clock that are looked at
FROM_THE_FIRST = -(2**62)
Told = tuple[int, str | None, int]  # time, device, steady time


@dataclass(frozen=True, slots=True)
class AtHand:
    """The newest events of a type: all of them from ``since_us`` on."""

    turns: Sequence[Told]
    since_us: int


class Endings:
    """Reads history and aggregates; changes nothing."""

    def __init__(self, history: History, aggregates: Aggregates) -> None:
        self._history = history
        self._aggregates = aggregates

    def outages(
        self, name: str, ends: Sequence[str], span: Span, ever: Mapping[str, Ever]
    ) -> tuple[tuple[Outage, ...], bool]:
        """Return the outages known at the span's end, and whether they are all there were in it."""
        began = self._at_hand(name, span.until_us, ever.get(name))
        ended = [self._at_hand(end, span.until_us, ever.get(end)) for end in ends]
        since_us = max(each.since_us for each in ended)
        kept = self._unended(began.turns, ends, since_us)
        ends_told = [turn for each in ended for turn in each.turns]
        found = pair_outages(*([(device, us) for _, device, us in turns] for turns in (kept, ends_told)))
        placed = tuple(self._placed(found, (*kept, *ends_told), span.until_us))
        return placed, max(began.since_us, since_us) <= span.after_us

    def ended(self, ends: Sequence[str], device: str | None, after_us: int, until_us: int) -> bool:
        """Whether an end was told on a device in [after, until]."""
        ended_us = self._history.last(device, ends, until_us)
        if ended_us is not None and ended_us >= after_us:
            return True
        return device in self._aggregates.lasts(ends, after_us, until_us)

    def _at_hand(self, name: str, until_us: int, ever: Ever | None) -> AtHand:
        turns = self._history.turns(name, until_us, TURNS)
        if len(turns) < TURNS and (ever is None or self._history.count(name) >= ever.total):
            return AtHand(turns, FROM_THE_FIRST)
        return AtHand(turns, turns[0][0] if turns else until_us + 1)

    def _placed(self, found: Iterable[Outage], turns: Iterable[Told], until_us: int) -> Iterator[Outage]:
        """Yield outages of steady times where the clock says that they lie."""
        ahead = {(device, us): told_us - us for told_us, device, us in turns}
        jumps = [(us, told_us - us) for told_us, _, us in self._history.turns(CLOCK_JUMP, until_us, JUMPS)]
        for one in found:
            ended_us = one.ended_us
            if ended_us is None:
                _, by_us = max((*jumps, (one.began_us, ahead[one.device, one.began_us])), key=itemgetter(0))
                yield Outage(one.device, one.began_us + by_us, None)
            else:
                by_us = ahead[one.device, ended_us]
                yield Outage(one.device, one.began_us + by_us, ended_us + by_us)

    def _unended(self, began: Sequence[Told], ends: Sequence[str], since_us: int) -> Sequence[Told]:
        """Return the beginnings but those whose end may have been before ``since``, where ends are not at hand."""
        if not began or began[0][0] >= since_us:
            return began
        last = self._aggregates.lasts(ends, began[0][0], since_us - 1, possible=True)
        return [turn for turn in began if turn[0] >= since_us or turn[0] > last.get(turn[1], FROM_THE_FIRST)]
