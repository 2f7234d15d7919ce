"""Every type's total and windows, and event time.

Rules:
1. Windows end at the event time that delivery has reached (``advance``). Until that is known, each type's windows end
   at its newest event.
2. Windows ignore jumps of the wall clock (``CLOCK_JUMP``): inside, all times are steady, without the jumps so far.
   ``offset_us`` is their sum. It is added to every published time, which so follows the present clock.
3. A counter is published when one of its numbers changed, once a batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from services.counter_store.adapters.tables.events import CounterRow, EventTable
from services.counter_store.core.counting.observation import Observation
from services.counter_store.core.counting.tally import (
    Tally,
    advance_tally,
    fold_time,
    move_tally,
    open_tally,
    tally_to_counter,
)
from services.counter_store.core.influx.points import counter_time_ns, counter_to_line
from services.counter_store.core.requests.import_batch import Balance
from services.counter_store.core.statistics.type_statistics import AllTime
from services.counter_store.core.time_units import DAY_US, US_PER_S
from shared.instants import span_to_us, time_to_us, us_to_time
from shared.jumps import Jump
from shared.messages import Counter

AHEAD_US = 60 * US_PER_S  # an event further ahead of event time enters the windows when event time reaches it


class CounterSet:
    """The tallies of one ledger. ``kept`` is what ``times`` returned when it was last written."""

    def __init__(self, table: EventTable, kept: Mapping[str, Any], observed: Observation) -> None:
        self._table = table
        self.as_of_us: int | None = kept.get("as_of_us")
        self.offset_us: int = kept.get("offset_us", 0)
        self.observed = observed
        rows = list(table.counters())
        self._tallies = {row.type: self._open(row) for row in rows}
        self._point_ns = {row.type: row.point_ns for row in rows}
        self._published: dict[str, tuple[int, int, int, int]] = {}
        self._newest_us: dict[str, int] = {}  # types touched in this batch → their newest event in it

    def __contains__(self, event_type: object) -> bool:
        return event_type in self._tallies

    def __iter__(self) -> Iterator[str]:
        return iter(self._tallies)

    def __len__(self) -> int:
        return len(self._tallies)

    @property
    def total(self) -> int:
        """All events of all types."""
        return sum(tally.total for tally in self._tallies.values())

    def times(self) -> dict[str, Any]:
        """Return event time and offset, to store."""
        return {"as_of_us": self.as_of_us, "offset_us": self.offset_us, "observed": self.observed.rows()}

    def advance(self, event_time: datetime) -> None:
        """Let the windows end at ``event_time``, as soon as ``catch_up`` is called."""
        self.as_of_us = time_to_us(event_time) - self.offset_us

    def catch_up(self) -> None:
        """Let events enter and leave the windows."""
        for event_type, tally in self._tallies.items():
            self._tallies[event_type] = advance_tally(tally, self._as_of(tally), self._table.history(event_type))

    def observe(self, device: str | None, time_us: int, *, trusted: bool = False) -> None:
        """Note a message of a device; ``trusted``: imported by an operator, however old."""
        now_us = None if self.as_of_us is None else self.as_of_us + self.offset_us
        self.observed.add(device, time_us, now_us, trusted=trusted)

    def count(self, event_type: str, monotonic_us: int, *, new: bool) -> None:
        """Count an event that is in the history now. If not ``new``, the total had it and the windows did not."""
        if event_type not in self._tallies:
            self._tallies[event_type] = self._open(CounterRow(event_type, 1, monotonic_us, monotonic_us, None))
        elif new:
            self._tallies[event_type] = fold_time(self._tallies[event_type], monotonic_us)
        else:
            self._tallies[event_type] = self._open(self._row(self._tallies[event_type]))

    def touch(self, event_type: str, time_us: int) -> None:
        """Let a type be written with this batch, at the newest of its times in it as they were reported."""
        self._newest_us[event_type] = max(time_us, self._newest_us.get(event_type, time_us))

    def touch_all(self) -> None:
        """Let every type be written with this batch."""
        self._newest_us |= {name: tally.last_us + self.offset_us for name, tally in self._tallies.items()}

    def open_balance(self, balance: Balance) -> None:
        """Add to a total; windows do not know of it."""
        monotonic_us, name = time_to_us(balance.at) - self.offset_us, balance.type
        fresh = CounterRow(name, 0, monotonic_us, monotonic_us, None)
        row = self._row(self._tallies[name]) if name in self._tallies else fresh
        self._tallies[name] = self._open(row.plus(balance.count, monotonic_us))
        self._newest_us.setdefault(name, self._tallies[name].last_us + self.offset_us)

    def jump(self, jump: Jump) -> None:
        """Apply a jump: the offset grows by its step, and steady times reported before it move."""
        if jump.since is not None and (by_us := span_to_us(jump.earlier - jump.step)):
            since_us = time_to_us(jump.since) - self.offset_us
            oldest_us = min(since_us, since_us if self.as_of_us is None else self.as_of_us) - DAY_US - abs(by_us)
            if self.as_of_us is not None and self.as_of_us < since_us:
                self.as_of_us += by_us
            for event_type, tally in self._tallies.items():
                self._table.move(event_type, oldest_us, since_us, by_us)
                self._tallies[event_type] = self._open(self._row(move_tally(tally, since_us, by_us)))
            self._table.save(self._row(tally) for tally in self._tallies.values())
        self.offset_us += span_to_us(jump.step)
        self.observed.move(lambda us: time_to_us(jump.moved(us_to_time(us))))
        self._published.clear()

    def reopen(self, offset_us: int, observed_us: Mapping[str | None, int]) -> None:
        """Open all windows anew over a table with corrected steady times, ``offset_us`` behind the clock."""
        self.observed.rebuild(observed_us)
        if self.as_of_us is not None:
            self.as_of_us += self.offset_us - offset_us
        self.offset_us = offset_us
        ends = self._table.steady_ends()
        known = (self._row(tally) for tally in self._tallies.values())
        rows = [row.between(*ends[row.type]) if row.type in ends else row for row in known]
        self._table.save(rows)
        self._tallies = {row.type: self._open(row) for row in rows}
        self._published.clear()

    def points(self, site: str) -> Iterator[str]:
        """Yield a line for InfluxDB of each type that was touched in this batch; call before ``save``."""
        for event_type, newest_us in self._newest_us.items():
            tally = self._tallies[event_type]
            time_ns = counter_time_ns(newest_us, self._as_of(tally) + self.offset_us, self._point_ns.get(event_type))
            line = counter_to_line(event_type, tally.total, site, time_ns)
            if line is not None:
                self._point_ns[event_type] = time_ns
                yield line

    def save(self) -> None:
        """Write the types that were touched, and begin a new batch."""
        if self._newest_us:
            self._table.save(self._row(self._tallies[event_type]) for event_type in self._newest_us)
        self._newest_us = {}

    def changed(self) -> Iterator[Counter]:
        """Yield the counters whose numbers differ from those last published.

        A producer reports event time some seconds after an event. Until then the counter's windows end at the event, so
        that it is published once and includes the event.
        """
        for event_type, tally in self._tallies.items():
            as_of_us = self._as_of(tally)
            if as_of_us < tally.last_us <= as_of_us + AHEAD_US:
                as_of_us = tally.last_us
                tally = advance_tally(tally, as_of_us, self._table.history(event_type))  # noqa: PLW2901 - to publish only
            if self._published.get(event_type) != tally.numbers:
                self._published[event_type] = tally.numbers
                yield tally_to_counter(tally, as_of_us, self.offset_us)

    def republish(self) -> None:
        """Let every counter be published once more."""
        self._published.clear()

    def counters(self) -> list[Counter]:
        """Return every counter, by type."""
        return [self._counter(self._tallies[name]) for name in sorted(self._tallies)]

    def ever(self) -> dict[str, AllTime]:
        """Return each type's total with its first and last time as reported."""
        return {
            name: AllTime(tally.total, tally.first_us + self.offset_us, tally.last_us + self.offset_us)
            for name, tally in self._tallies.items()
        }

    def monotonic_us(self) -> int | None:
        """Return event time as steady time; before it is known, the newest event's."""
        newest_us = max((tally.last_us for tally in self._tallies.values()), default=None)
        return newest_us if self.as_of_us is None else self.as_of_us

    def wall_us(self) -> int | None:
        """Return the same by the clock as it is now."""
        monotonic_us = self.monotonic_us()
        return None if monotonic_us is None else monotonic_us + self.offset_us

    def _open(self, row: CounterRow) -> Tally:
        as_of_us = row.last_us if self.as_of_us is None else self.as_of_us
        return open_tally(row.type, row.total, row.first_us, row.last_us, as_of_us, self._table.history(row.type))

    def _row(self, tally: Tally) -> CounterRow:
        return CounterRow(tally.type, tally.total, tally.last_us, tally.first_us, self._point_ns.get(tally.type))

    def _as_of(self, tally: Tally) -> int:
        return tally.last_us if self.as_of_us is None else self.as_of_us

    def _counter(self, tally: Tally) -> Counter:
        return tally_to_counter(tally, self._as_of(tally), self.offset_us)
