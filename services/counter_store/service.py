"""The counter store's message handler: every event is counted once; readings and events become points for InfluxDB.

An event is counted if its id is not in the ledger yet, in addition to delivery's own check. ``application/counters.py``
has the windows, ``application/archive.py`` everything else that is kept.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from services.counter_store.adapters.tables import events, imports, migrations, point_queue
from services.counter_store.adapters.tables.events import EventTable
from services.counter_store.adapters.tables.imports import Imports
from services.counter_store.adapters.tables.point_batch import PointBatch
from services.counter_store.application import archive, restore
from services.counter_store.application.archive import Archive
from services.counter_store.application.counters import CounterSet
from services.counter_store.application.limits import SERIES, Limits
from services.counter_store.application.maintenance_book import MaintenanceBook
from services.counter_store.application.reporter import Reporter
from services.counter_store.application.restore import RestoreProgress
from services.counter_store.application.snapshot import Snapshot
from services.counter_store.application.steady_times import rebuild_steady_times
from services.counter_store.core.counting.intervals import SeqIntervals
from services.counter_store.core.counting.series import Series
from services.counter_store.core.influx.points import event_to_line, is_datable
from services.counter_store.core.influx.retained_points import alert_to_line, health_to_line
from services.counter_store.core.policy import StorePolicy
from services.counter_store.core.requests.import_batch import Balance
from services.counter_store.settings import CounterStoreSettings
from shared.delivery.frame_head import FrameHead
from shared.delivery.handler import Publisher, RefusedError
from shared.instants import span_to_us, time_to_us
from shared.jumps import CLOCK_JUMP, read_jump
from shared.ledger import Ledger, Schema
from shared.maintenance import Maintenance
from shared.messages import Alert, Candidate, Counter, Event, Frame, Message, Sequenced
from shared.requests import Command

if TYPE_CHECKING:
    from services.counter_store.adapters.influx.query import EventPage

# The schema for the ledger that CounterStore gets.
LEDGER_SCHEMA = Schema((events.SCHEMA, archive.SCHEMA, point_queue.SCHEMA, imports.SCHEMA), migrations.STEPS)
FIGURES = ("lost", "duplicates", "replayed", "points_dropped")
_KEPT, _TIMES = "counter_store", "counter_store/times"


class CounterStore:
    """A ``MessageHandler``. Open its ledger with ``LEDGER_SCHEMA``."""

    def __init__(
        self,
        settings: CounterStoreSettings,
        ledger: Ledger,
        outlet: Publisher,
        *,
        site: str,
        policy: StorePolicy = StorePolicy(),  # noqa: B008 - frozen
        reporter: Reporter | None = None,
        wall: Callable[[], datetime] | None = None,
        offer: Callable[[Candidate], None] | None = None,
    ) -> None:
        self._ledger = ledger
        self._outlet = outlet
        self._site = site
        self._table = EventTable(ledger)
        self._points = PointBatch(ledger, settings.influx, site)
        self._archive = Archive(ledger, policy, site)
        self._reporter = reporter
        self._wall = wall
        self._limits = Limits(policy, offer)
        kept = json.loads(ledger.get(_KEPT) or b"{}")
        times = json.loads(ledger.get(_TIMES) or b"{}")
        self._counters = CounterSet(self._table, times, self._archive.observation(times))
        self._kept_times = times
        self._kept: dict[str, int] = {name: kept.get(name, 0) for name in FIGURES}
        self._imports = Imports(ledger, SeqIntervals(kept.get("runs", ())))
        self._maintenance = MaintenanceBook(ledger)
        self._dirty = False
        self._restoring = self._points.wanted and restore.load(ledger).phase == "read"

    def apply(self, message: Sequenced) -> None:
        """Count an event, note a reading; the store ignores other messages."""
        if isinstance(message, Event):
            with self._ledger.may_wait():  # it is in its producer's ledger until it is in this one (docs/adr/0063)
                self._count(message)
        elif isinstance(message, (Frame, FrameHead)):
            self._counters.observe(message.device, time_to_us(message.time))
            if isinstance(message, Frame):
                self._points.add_frame(message)

    def follow(self, message: Message, *, retained: bool) -> None:  # noqa: ARG002 - one said again is the same point
        """Note the change of an alert, or the maintenance due at a device."""
        if isinstance(message, Alert):
            self._points.add(alert_to_line(message, self._site))
        elif isinstance(message, Maintenance):
            self._maintenance.note(message)

    def advance(self, event_time: datetime) -> None:
        """Let the windows end at ``event_time``; the counting happens at the batch's end."""
        self._counters.advance(event_time)

    def flush(self) -> None:
        """Write what changed to the ledger and publish the counters whose numbers changed."""
        self._counters.catch_up()
        if dropped := self._points.save(() if self._restoring else self._counters.points(self._site)):
            self._kept["points_dropped"] += dropped
            self._dirty = True
        with self._ledger.may_wait():  # the same events come to the same
            self._archive.flush(*self._ages(), prune=self._may_prune())
            self._counters.save()
            if self._dirty:
                runs: dict[str, Any] = {"runs": self._imports.runs.rows()}
                self._ledger.put(_KEPT, json.dumps(self._kept | runs).encode())
        self._dirty = False
        self._save_times()
        self._publish()
        self._report()

    def lost(self, producer: str, stream: str, first: int, last: int) -> None:  # noqa: ARG002 - the port's names
        """Count messages that were lost."""
        self._kept["lost"] += last - first + 1
        self._dirty = True

    def announce(self) -> None:
        """Publish every counter again after a start: the broker may have lost its retained messages."""
        self._counters.republish()
        self._publish()
        for report in self._reporter.again() if self._reporter else ():
            self._outlet.retain(report)

    def answer(self, name: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the answer to a request (``application.queries``), this batch's events included."""
        self._counters.catch_up()
        return self._archive.answer(name, data, self._moment())

    def execute(self, command: Command) -> Mapping[str, Any]:
        """Carry out ``import``: add, once, what another store or program has counted."""
        if self._restoring:
            raise RefusedError("events are being read back from InfluxDB; try again when that is done")
        return self._imports.import_batch(command, self._import, self._open_balance, self._counters)

    def restore_page(self, page: EventPage) -> RestoreProgress:
        """Count the events read back from InfluxDB that are not here yet; call before ``flush``."""
        new = 0
        for event, point_ns in page.events:
            time_us = time_to_us(event.time)
            self._counters.observe(event.device, time_us, trusted=True)
            self._imports.mark_counted(event)
            if self._table.add(event, time_us, time_us, None) and self._tally(event, time_us, time_us):
                self._counters.touch(event.type, time_us)
                new += 1
            self._table.set_point_time(event.id, event.type, point_ns)
        self._restoring = not page.last
        if (
            page.last and (rebuilt := rebuild_steady_times(self._ledger.db)) is not None
        ):  # the clock jumped in what was read
            self._counters.reopen(*rebuilt)
        return self._note_progress(restore.load(self._ledger).after_page(page, new))

    def fill(self, limit: int) -> RestoreProgress:
        """Queue points of events that InfluxDB was found not to hold; call before ``flush``, until it is done."""
        progress = restore.load(self._ledger)
        rows = self._table.without_point(progress.after, limit)
        for _, event in rows:
            if is_datable(time_us := time_to_us(event.time)):
                point_ns = self._table.free_ns(event.type, time_us)
                self._table.set_point_time(event.id, event.type, point_ns)
                self._points.add(event_to_line(event, point_ns))
        if not rows:  # the totals that were held back
            self._counters.touch_all()
        return self._note_progress(progress.after_fill(rows[-1][0] if rows else None))

    def counters(self) -> list[Counter]:
        """Return every counter as of the last flush, by type."""
        return self._counters.counters()

    def snapshot(self) -> dict[str, dict[str, int | str]]:
        """Return {type: {total, last_hour, last_day, last_time}}, times as text, as of the last flush."""
        shown = {"total", "last_hour", "last_day", "last_time"}
        return {counter.type: counter.model_dump(mode="json", include=shown) for counter in self.counters()}

    def figures(self) -> Mapping[str, bool | int | float | str]:
        """Return vital figures for ``status/…``."""
        held = self._archive.retention.figures()["history"]
        unwritten = self._reporter.figures() if self._reporter else {}
        known = {"counted": self._counters.total, "types": len(self._counters), "history": held}
        return {**known, **self._kept, **unwritten}

    def _count(self, event: Event) -> None:
        self._dirty = True
        if event.metadata.get("replayed") is True:  # a replay of history was counted before
            self._kept["replayed"] += 1
            return
        if event.type not in self._counters:
            event = self._limits.bound_type(event, self._counters, len(self._counters))
        if self._archive.full:
            self._limits.report(SERIES, event)
        jump = read_jump(event.data) if event.type == CLOCK_JUMP else None
        offset_us = self._counters.offset_us + (span_to_us(jump.step) if jump else 0)
        time_us = time_to_us(event.time)
        if self._imports.delivered(event) or not self._keep(event, time_us, offset_us):
            self._kept["duplicates"] += 1
            return
        self._tally(event, time_us, time_us - offset_us)
        self._counters.touch(event.type, time_us)
        if jump is not None:  # counted before, for the windows are opened anew and find it in the history
            self._counters.jump(jump)
        self._counters.observe(event.device, time_us)

    def _import(self, event: Event) -> bool:
        time_us, offset_us = time_to_us(event.time), self._counters.offset_us
        if not self._keep(event, time_us, offset_us):
            return False
        self._counters.observe(event.device, time_us, trusted=True)
        self._dirty = True
        self._tally(event, time_us, time_us - offset_us)
        self._counters.touch(event.type, time_us)
        return True

    def _open_balance(self, balance: Balance) -> None:
        """Add to a total, and to the day that the first of those events was in."""
        series = Series(balance.type, balance.category, balance.severity)
        self._archive.add_counted(series, balance.count, time_to_us(balance.at))
        self._counters.open_balance(balance)

    def _keep(self, event: Event, time_us: int, offset_us: int) -> bool:
        """Add an event to the history; return False if it is there already."""
        datable = self._points.wanted and not self._restoring and is_datable(time_us)
        point_ns = self._table.free_ns(event.type, time_us) if datable else None
        if not self._table.add(event, time_us, time_us - offset_us, point_ns):
            return False
        if point_ns is not None:
            self._points.add(event_to_line(event, point_ns))
        return True

    def _tally(self, event: Event, time_us: int, monotonic_us: int) -> bool:
        """Count an event of the history; return False if it was counted before it came there."""
        new = self._archive.record(event, time_us)
        self._counters.count(event.type, monotonic_us, new=new)
        return new

    def _save_times(self) -> None:
        """Store event time, also if it moved without an event; it is not published again."""
        if (times := self._counters.times()) != self._kept_times:
            self._ledger.put_calmly(_TIMES, json.dumps(times).encode())
            self._kept_times = times

    def _note_progress(self, progress: RestoreProgress) -> RestoreProgress:
        restore.save(self._ledger, progress)
        return progress

    def _publish(self) -> None:
        """Publish the counters that changed, and the health if it is due."""
        for counter in self._counters.changed():
            self._outlet.retain(counter)
        health = self._archive.due_health(self._counters.wall_us())
        if health is not None:
            self._outlet.retain(health)
            # Its point waits with the next batch's; if that never comes, the next start writes it.
            self._points.add(health_to_line(self._site, health.score, health.grade.value, health.as_of))

    def _ages(self) -> tuple[int | None, int | None]:
        """Return the earlier of event time and this host's clock: as monotonic time, and by the wall clock.

        A replay has no host's clock and uses event time alone.
        """
        monotonic_us, wall_us = self._counters.monotonic_us(), self._counters.wall_us()
        if self._wall is None or monotonic_us is None or wall_us is None:
            return monotonic_us, wall_us
        host_us = time_to_us(self._wall())
        return min(monotonic_us, host_us - self._counters.offset_us), min(wall_us, host_us)

    def _may_prune(self) -> bool:
        """Whether old events may be deleted: not before the time is known, and not during a restore."""
        restored = not self._points.wanted or restore.load(self._ledger).phase == "done"
        return restored and self._counters.as_of_us is not None

    def _report(self) -> None:
        """Make the report that is due, if any, and the file of the counters; none before event time is known."""
        if self._reporter is None or self._counters.as_of_us is None:
            return
        wall_us = self._counters.wall_us()
        self._reporter.save(wall_us, self.counters)
        if period := self._reporter.due(wall_us, self._counters.observed.since_us):
            made = self._reporter.make(period, self._archive.analytics, self._moment())
            if made is not None:
                self._outlet.retain(made)

    def _moment(self) -> Snapshot:
        return Snapshot(
            site=self._site,
            as_of_us=self._counters.wall_us(),
            observed=self._counters.observed,
            counters=tuple(self.counters()),
            ever=self._counters.ever(),
            figures=self._kept | {"points_pending": self._points.pending()} | self._archive.retention.figures(),
            imports=self._imports,
            lets_go=self._may_prune(),
            maintenance=self._maintenance.all_due(),
        )
