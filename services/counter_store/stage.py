"""The counter store's stage: every event counted once, every reading and event a point for InfluxDB.

Rules:
1. An event is counted if its id is not in the ledger yet: the second line of defence after delivery's own.
2. Windows end at the event time that delivery has reached (``advance``). Before it has ever said so, each
   type's windows end at its newest event.
3. Where the wall clock jumped (``CLOCK_JUMP``) windows run on evenly: inside, all times are steady, that is without
   the jumps so far. ``offset_us`` is their sum; what is published has it added and so goes by the clock as it is now.
4. A counter is published when one of its numbers changed, once a batch.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.counter_store.adapters import archive, events, imports, point_queue, restore
from services.counter_store.adapters.archive import Archive
from services.counter_store.adapters.events import CounterRow, EventTable
from services.counter_store.adapters.hours import Hours
from services.counter_store.adapters.imports import Imports
from services.counter_store.adapters.influx_query import Page
from services.counter_store.adapters.moment import Moment
from services.counter_store.adapters.point_queue import PointQueue
from services.counter_store.adapters.reporter import Reporter
from services.counter_store.adapters.restore import Progress
from services.counter_store.adapters.settle import settle
from services.counter_store.core.changes import alert_to_line, health_to_line
from services.counter_store.core.counted import Series
from services.counter_store.core.counting import (
    DAY_US,
    Tally,
    advance_tally,
    fold_time,
    move_tally,
    open_tally,
    tally_to_counter,
)
from services.counter_store.core.imports import Balance
from services.counter_store.core.keeping import Keeping
from services.counter_store.core.points import (
    counter_time_ns,
    counter_to_line,
    event_to_line,
    frame_to_line,
    is_datable,
)
from services.counter_store.core.runs import Runs
from services.counter_store.core.statistics import Ever
from services.counter_store.settings import CounterStoreSettings
from shared.delivery.stage import Outlet, RefusedError
from shared.exchange import Command
from shared.instants import span_to_us, time_to_us, us_to_time
from shared.jumps import CLOCK_JUMP, Jump, read_jump
from shared.ledger import Ledger
from shared.messages import Alert, Counter, Event, Frame, Message, Sequenced

# What the ledger given to CounterStore must be opened with.
LEDGER_SCHEMA = (events.SCHEMA, archive.SCHEMA, point_queue.SCHEMA, imports.SCHEMA)
FIGURES = ("lost", "duplicates", "replayed", "points_dropped")
_KEPT = "counter_store"


class CounterStore:
    """A ``shared.delivery.stage.Stage``. Open its ledger with ``LEDGER_SCHEMA``; it goes on from what that holds."""

    def __init__(
        self,
        settings: CounterStoreSettings,
        ledger: Ledger,
        outlet: Outlet,
        *,
        site: str,
        keeping: Keeping = Keeping(),  # noqa: B008 - frozen
        reporter: Reporter | None = None,
    ) -> None:
        self._influx = settings.influx
        self._ledger = ledger
        self._outlet = outlet
        self._site = site
        self._table = EventTable(ledger)
        self._queue = PointQueue(ledger)
        self._hours = Hours(ledger)
        self._archive = Archive(ledger, keeping, site)
        self._reporter = reporter
        kept = json.loads(ledger.get(_KEPT) or b"{}")
        self._as_of_us: int | None = kept.get("as_of_us")
        self._offset_us: int = kept.get("offset_us", 0)
        self._observed_us: int | None = kept.get("observed_us", self._archive.first_us())
        self._kept: dict[str, int] = {name: kept.get(name, 0) for name in FIGURES}
        self._imports = Imports(ledger, Runs(kept.get("runs", ())))
        rows = list(self._table.counters())
        self._tallies = {row.type: self._open(row) for row in rows}
        self._point_ns = {row.type: row.point_ns for row in rows}
        self._published: dict[str, tuple[int, int, int, int]] = {}
        self._newest_us: dict[str, int] = {}  # types touched in this batch → their newest event in it
        self._lines: list[str] = []
        self._dirty = False
        self._restoring = self._influx.enabled and restore.load(ledger).phase == "read"

    def apply(self, message: Sequenced) -> None:
        """Count an event, note a reading; other messages are none of the store's."""
        if isinstance(message, Event | Frame):
            self._observe(message.time)
        if isinstance(message, Event):
            self._count(message)
        elif isinstance(message, Frame) and self._influx.enabled:
            self._note(frame_to_line(message, self._site))
            self._lines.extend(self._hours.take(message, self._site))

    def offer(self, producer: str, message: Message, received_on: str, payload: bytes) -> None:
        """Refuse: the store takes nothing that comes without a sequence."""
        reason = f"counter_store takes no {type(message).__name__} without a sequence; send it to the event processor"
        self._outlet.reject(received_on, payload, f"{reason} (from {producer})")

    def follow(self, message: Message, *, retained: bool) -> None:  # noqa: ARG002 - one said again is the same point
        """Note the change of an alert."""
        if isinstance(message, Alert) and self._influx.enabled:
            self._note(alert_to_line(message, self._site))

    def advance(self, event_time: datetime) -> None:
        """Let the windows end at ``event_time``; the counting happens at the batch's end."""
        self._as_of_us = time_to_us(event_time) - self._offset_us

    def flush(self) -> None:
        """Write what changed to the ledger and publish the counters whose numbers changed."""
        self._advance_tallies()
        if self._influx.enabled:
            self._queue_points()
            self._hours.save()
        restored = not self._influx.enabled or restore.load(self._ledger).phase == "done"
        self._archive.flush(self._steady_us(), self._told_us(), prune=restored)
        if self._newest_us:
            self._table.save(self._row(self._tallies[event_type]) for event_type in self._newest_us)
        if self._dirty:
            times = {"as_of_us": self._as_of_us, "offset_us": self._offset_us, "observed_us": self._observed_us}
            runs = {"runs": self._imports.runs.rows()}
            self._ledger.put(_KEPT, json.dumps(self._kept | times | runs).encode())
        self._newest_us, self._dirty = {}, False
        for event_type, tally in self._tallies.items():
            if self._published.get(event_type) != tally.numbers:
                self._publish(tally)
        self._publish_health()
        self._report()

    def lost(self, producer: str, stream: str, first: int, last: int) -> None:  # noqa: ARG002 - the port's names
        """Remember how many messages are gone for good."""
        self._kept["lost"] += last - first + 1
        self._dirty = True

    def take_back(self, page: Page) -> Progress:
        """Count the events read back from InfluxDB that are not here yet; call before ``flush``."""
        new = 0
        for event, point_ns in page.events:
            time_us = time_to_us(event.time)
            self._observe(event.time)
            self._imports.note(event)
            if self._table.add(event, time_us, time_us, None) and self._tally(event, time_us, time_us):
                self._newest_us[event.type] = max(time_us, self._newest_us.get(event.type, time_us))
                new += 1
            self._table.note_point(event.id, event.type, point_ns)
        self._restoring = not page.last
        if page.last:
            self._settle()
        return self._note_progress(restore.load(self._ledger).after_page(page, new))

    def fill(self, limit: int) -> Progress:
        """Queue points of events that InfluxDB was found not to hold; call before ``flush``, until it is done."""
        progress = restore.load(self._ledger)
        rows = self._table.without_point(progress.after, limit)
        for _, event in rows:
            if is_datable(time_us := time_to_us(event.time)):
                point_ns = self._table.free_ns(event.type, time_us)
                self._table.note_point(event.id, event.type, point_ns)
                self._note(event_to_line(event, point_ns))
        if not rows:  # the totals that were held back
            self._newest_us |= {name: tally.last_us + self._offset_us for name, tally in self._tallies.items()}
        return self._note_progress(progress.after_fill(rows[-1][0] if rows else None))

    def obey(self, command: Command) -> Mapping[str, Any]:
        """``import``: count what another store or program has counted, once."""
        if self._restoring:
            raise RefusedError("events are being read back from InfluxDB; try again when that is done")
        return self._imports.take(command, self._import, self._open_balance, self._tallies)

    def _import(self, event: Event) -> bool:
        if not self._keep(event, self._offset_us):
            return False
        self._observe(event.time)
        self._dirty = True
        self._tally_kept(event, self._offset_us)
        return True

    def _open_balance(self, balance: Balance) -> None:
        """Add to a total, and to the day that the first of those events was in; windows do not know of it."""
        time_us, name = time_to_us(balance.at), balance.type
        self._archive.add_counted(Series(name, balance.category, balance.severity), balance.count, time_us)
        steady_us = time_us - self._offset_us
        fresh = CounterRow(name, 0, steady_us, steady_us, None)
        row = self._row(self._tallies[name]) if name in self._tallies else fresh
        self._tallies[name] = self._open(row.plus(balance.count, steady_us))
        self._newest_us.setdefault(name, self._tallies[name].last_us + self._offset_us)

    def _settle(self) -> None:
        """All is read back: if the clock jumped in it, times are put right and windows opened anew."""
        offset_us = settle(self._ledger.db)
        if offset_us is None:
            return
        if self._as_of_us is not None:
            self._as_of_us += self._offset_us - offset_us
        self._offset_us, self._dirty = offset_us, True
        ends = self._table.steady_ends()
        known = (self._row(tally) for tally in self._tallies.values())
        rows = [row.between(*ends[row.type]) if row.type in ends else row for row in known]
        self._table.save(rows)
        self._tallies = {row.type: self._open(row) for row in rows}
        self._published.clear()

    def _note_progress(self, progress: Progress) -> Progress:
        restore.save(self._ledger, progress)
        return progress

    def announce(self) -> None:
        """Publish every counter again, as after a start: the broker may have lost its retained messages."""
        for tally in self._tallies.values():
            self._publish(tally)
        self._publish_health()
        for report in self._reporter.again() if self._reporter else ():
            self._outlet.retain(report)

    def answer(self, name: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the answer to a question (``adapters.questions``), this batch's events included."""
        self._advance_tallies()
        return self._archive.answer(name, data, self._moment())

    def counters(self) -> list[Counter]:
        """Return every counter as of the last flush, by type."""
        return [self._counter(self._tallies[name]) for name in sorted(self._tallies)]

    def snapshot(self) -> dict[str, dict[str, int | str]]:
        """Return {type: {total, last_hour, last_day, last_time}}, times as text, as of the last flush."""
        shown = {"total", "last_hour", "last_day", "last_time"}
        return {counter.type: counter.model_dump(mode="json", include=shown) for counter in self.counters()}

    def figures(self) -> Mapping[str, bool | int | float | str]:
        """Return vital figures for ``status/…``."""
        total = sum(tally.total for tally in self._tallies.values())
        held = self._archive.retention.figures()["history"]
        unwritten = self._reporter.figures() if self._reporter else {}
        return {"counted": total, "types": len(self._tallies), "history": held, **self._kept, **unwritten}

    def _count(self, event: Event) -> None:
        self._dirty = True
        if event.metadata.get("replayed") is True:  # history that somebody plays is no history of ours
            self._kept["replayed"] += 1
            return
        jump = read_jump(event.data) if event.type == CLOCK_JUMP else None
        offset_us = self._offset_us + (span_to_us(jump.step) if jump else 0)
        if self._imports.delivered(event) or not self._keep(event, offset_us):
            self._kept["duplicates"] += 1
            return
        if jump is not None:
            self._jump(jump)
        self._tally_kept(event, offset_us)

    def _keep(self, event: Event, offset_us: int) -> bool:
        """Put an event into the history; returns False if it is there already."""
        time_us = time_to_us(event.time)
        datable = self._influx.enabled and not self._restoring and is_datable(time_us)
        point_ns = self._table.free_ns(event.type, time_us) if datable else None
        if not self._table.add(event, time_us, time_us - offset_us, point_ns):
            return False
        if point_ns is not None:
            self._note(event_to_line(event, point_ns))
        return True

    def _tally_kept(self, event: Event, offset_us: int) -> None:
        time_us = time_to_us(event.time)
        self._tally(event, time_us, time_us - offset_us)
        self._newest_us[event.type] = max(time_us, self._newest_us.get(event.type, time_us))

    def _tally(self, event: Event, time_us: int, steady_us: int) -> bool:
        """Count an event that is in the history now; returns False if it had been counted before it came there."""
        new = self._archive.take(event, time_us)
        if new or event.type not in self._tallies:
            self._tallies[event.type] = self._fold(event.type, steady_us)
        else:  # its windows did not know of it
            self._tallies[event.type] = self._open(self._row(self._tallies[event.type]))
        return new

    def _jump(self, jump: Jump) -> None:
        """From now on clocks are ahead by one more step; what they told right before ``since`` is further back then."""
        if jump.since is not None and (by_us := span_to_us(jump.earlier - jump.step)):
            since_us = time_to_us(jump.since) - self._offset_us
            oldest_us = min(since_us, since_us if self._as_of_us is None else self._as_of_us) - DAY_US
            if self._as_of_us is not None and self._as_of_us < since_us:
                self._as_of_us += by_us
            for event_type, tally in self._tallies.items():
                self._table.move(event_type, oldest_us, since_us, by_us)
                self._tallies[event_type] = self._open(self._row(move_tally(tally, since_us, by_us)))
            self._table.save(self._row(tally) for tally in self._tallies.values())
        self._offset_us += span_to_us(jump.step)
        if self._observed_us is not None:
            self._observed_us = time_to_us(jump.moved(us_to_time(self._observed_us)))
        self._published.clear()

    def _observe(self, time: datetime) -> None:
        """Note how far back anything has been heard of: before that, nothing heard is not nothing there."""
        time_us = time_to_us(time)
        if self._observed_us is None or time_us < self._observed_us:
            self._observed_us, self._dirty = time_us, True

    def _fold(self, event_type: str, time_us: int) -> Tally:
        tally = self._tallies.get(event_type)
        if tally is not None:
            return fold_time(tally, time_us)
        return self._open(CounterRow(event_type, 1, time_us, time_us, None))

    def _open(self, row: CounterRow) -> Tally:
        as_of_us = row.last_us if self._as_of_us is None else self._as_of_us
        return open_tally(row.type, row.total, row.first_us, row.last_us, as_of_us, self._table.history(row.type))

    def _note(self, line: str | None) -> None:
        if line is not None:
            self._lines.append(line)

    def _advance_tallies(self) -> None:
        for event_type, tally in self._tallies.items():
            self._tallies[event_type] = advance_tally(tally, self._as_of(tally), self._table.history(event_type))

    def _queue_points(self) -> None:
        for event_type, newest_us in ({} if self._restoring else self._newest_us).items():
            tally = self._tallies[event_type]
            time_ns = counter_time_ns(newest_us, self._as_of(tally) + self._offset_us, self._point_ns.get(event_type))
            line = counter_to_line(event_type, tally.total, self._site, time_ns)
            if line is not None:
                self._point_ns[event_type] = time_ns
                self._lines.append(line)
        if self._lines:
            dropped = self._queue.add(self._lines, self._influx.max_pending_points)
            self._kept["points_dropped"] += dropped
            self._dirty = self._dirty or dropped > 0
            self._lines = []

    def _steady_us(self) -> int | None:
        """Return how far event time has come, in steady time; before it is known, the newest event's."""
        newest_us = max((tally.last_us for tally in self._tallies.values()), default=None)
        return newest_us if self._as_of_us is None else self._as_of_us

    def _told_us(self) -> int | None:
        """Return the same by the clock as it is now."""
        steady_us = self._steady_us()
        return None if steady_us is None else steady_us + self._offset_us

    def _moment(self) -> Moment:
        pending = self._queue.pending() if self._influx.enabled else 0
        return Moment(
            site=self._site,
            as_of_us=self._told_us(),
            observed_us=self._observed_us,
            counters=tuple(self.counters()),
            ever={
                name: Ever(tally.total, tally.first_us + self._offset_us, tally.last_us + self._offset_us)
                for name, tally in self._tallies.items()
            },
            figures=self._kept | {"points_pending": pending} | self._archive.retention.figures(),
            imports=self._imports,
        )

    def _publish_health(self) -> None:
        health = self._archive.due_health(self._told_us())
        if health is None:
            return
        self._outlet.retain(health)
        if self._influx.enabled:  # it waits with the next batch's; if that never comes, the next start tells it
            self._note(health_to_line(self._site, health.score, health.grade.value, health.as_of))

    def _report(self) -> None:
        """Make the report that is due, if one is, and the file of the counters."""
        if self._reporter:
            self._reporter.save(self._told_us(), self.counters)
        if self._reporter and (period := self._reporter.due(self._told_us(), self._observed_us)):
            made = self._reporter.make(period, self._archive.measures, self._moment())
            if made is not None:
                self._outlet.retain(made)

    def _row(self, tally: Tally) -> CounterRow:
        return CounterRow(tally.type, tally.total, tally.last_us, tally.first_us, self._point_ns.get(tally.type))

    def _as_of(self, tally: Tally) -> int:
        return tally.last_us if self._as_of_us is None else self._as_of_us

    def _counter(self, tally: Tally) -> Counter:
        return tally_to_counter(tally, self._as_of(tally), self._offset_us)

    def _publish(self, tally: Tally) -> None:
        self._outlet.retain(self._counter(tally))
        self._published[tally.type] = tally.numbers
