"""An archive over a ledger in memory, and what it should hold counted by hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from services.counter_store.adapters.tables.aggregates import Aggregates, BatchCounts
from services.counter_store.adapters.tables.events import EventTable
from services.counter_store.core.counting.series import Cell, series_of
from services.counter_store.service import LEDGER_SCHEMA
from shared.instants import time_to_us
from shared.ledger import Ledger
from shared.messages import Event

Sums = dict[str, Cell]


@dataclass
class Shelf:
    """Events, and the aggregates of them."""

    ledger: Ledger
    aggregates: Aggregates

    def put(self, *events: Event) -> None:
        harvest = BatchCounts()
        for each in events:
            time_us = time_to_us(each.time)
            assert EventTable(self.ledger).add(each, time_us, time_us, None)
            harvest.add(series_of(each), time_us)
        self.aggregates.add(harvest)

    def forget(self, *ids: str) -> None:
        self.ledger.db.executemany("DELETE FROM event WHERE id = ?", [(each,) for each in ids])

    def sums(self, after_us: int, until_us: int) -> Sums:
        found: Sums = {}
        for count in self.aggregates.counts(after_us, until_us):
            found[count.series.type] = count.cell.plus(found.get(count.series.type))
        return found


@contextmanager
def shelf(max_series: int = 100) -> Iterator[Shelf]:
    with closing(Ledger(":memory:", LEDGER_SCHEMA)) as ledger:
        yield Shelf(ledger, Aggregates(ledger, max_series))


def by_hand(events: list[Event], after_us: int, until_us: int) -> Sums:
    """Count events one by one."""
    found: Sums = {}
    for each in events:
        time_us = time_to_us(each.time)
        if after_us < time_us <= until_us:
            found[each.type] = Cell(1, time_us, time_us).plus(found.get(each.type))
    return found
