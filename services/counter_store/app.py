"""Wiring: the counter store's message handler, its route, and the shipper to InfluxDB."""

from __future__ import annotations

from functools import partial

from services.counter_store.adapters.influx.point_stores import open_point_store
from services.counter_store.adapters.influx.shipper import Shipper
from services.counter_store.adapters.reports.counters_file import CountersFile
from services.counter_store.adapters.reports.files import ReportFiles
from services.counter_store.application import restore
from services.counter_store.application.reporter import Reporter
from services.counter_store.application.restore import RestoreProgress, Restorer
from services.counter_store.configuration import read
from services.counter_store.core.reports.schedule import Kind
from services.counter_store.service import LEDGER_SCHEMA, CounterStore
from services.counter_store.settings import InfluxSettings, LoadedSettings
from shared.context import Context
from shared.delivery.endpoint import Endpoint
from shared.delivery.frame_head import FrameHead
from shared.delivery.handler import Figures
from shared.delivery.route import route_of
from shared.ledger import Ledger
from shared.messages import Candidate
from shared.process import BackgroundTasks, Service, main

FILL = 1000  # events given a point in one turn
ROUTE = route_of("counter_store")


def build(loaded: LoadedSettings, context: Context, ledger: Ledger, endpoint: Endpoint) -> CounterStore:
    """Return the message handler; it has published every counter again."""
    if loaded.store.influx.enabled:
        restore.begin_if_new(ledger)
    else:
        endpoint.receiver.read_as("raw", FrameHead)  # nothing is counted by a reading's values
    store = CounterStore(
        loaded.store,
        ledger,
        endpoint,
        site=context.suite.site,
        policy=loaded.policy,
        reporter=_reporter(loaded, context, ledger),
        wall=context.clock.wall,
        offer=endpoint.offer_event,
    )
    store.announce()
    return store


def _reporter(loaded: LoadedSettings, context: Context, ledger: Ledger) -> Reporter:
    reporting = loaded.counting.reporting
    wanted: dict[Kind, bool] = {
        "daily": reporting.auto_generate_daily_report,
        "weekly": reporting.auto_generate_weekly_report,
    }
    files = ReportFiles(reporting.folder(context.data), reporting.export_formats)
    counting = loaded.counting.event_counters
    path = counting.file(context.data)
    counters = None if path is None else CountersFile(path, counting.auto_save_interval, context.suite.site)
    return Reporter(ledger, files, [kind for kind, on in wanted.items() if on], counters)


class InfluxTasks:
    """Restores a lost ledger, then starts the shipper; stops with the service."""

    def __init__(self, store: CounterStore, settings: InfluxSettings, endpoint: Endpoint, site: str) -> None:
        from services.counter_store.adapters.influx import setup  # whoever has no InfluxDB needs no HTTP
        from services.counter_store.adapters.influx.query import InfluxQuery

        self.store = store
        self.endpoint = endpoint
        self.timeout_s = settings.timeout_s + 5
        self.progress = restore.load(endpoint.ledger)
        self.restorer = Restorer(InfluxQuery(settings, site), self.progress, settings.longest_wait_s)
        prepare = partial(setup.prepare, settings) if settings.setup else lambda: True
        self.shipper = Shipper(
            endpoint.ledger.path,
            open_point_store(settings),
            settings,
            clock=endpoint.clock.wall,
            prepare=prepare,
            way=endpoint.way,
        )
        endpoint.add_figures(self.figures)
        (self.restorer if self.progress.phase == "read" else self.shipper).start()

    def work(self) -> None:
        """Count a restored page, or queue points that InfluxDB lacks; else check that the shipper runs."""
        if self.progress.phase == "read":
            page = self.restorer.next_page()
            if page is not None:
                self._step(self.store.restore_page(page))
        elif self.progress.phase == "fill":
            self._step(self.store.fill(FILL))
        elif not self.shipper.alive:
            if self.shipper.fault is not None:
                raise self.shipper.fault
            raise RuntimeError("the shipper's thread has ended by a fault; the process ends with it to start anew")

    def _step(self, progress: RestoreProgress) -> None:
        before, self.progress = self.progress.phase, progress
        if progress.phase == "fill" and before == "read":
            self.shipper.start()
        if progress.phase == "done" and progress.new:
            data = {"service": self.endpoint.name, "events_restored": progress.new, "events_found": progress.found}
            epoch = self.endpoint.epoch
            self.endpoint.offer_event(Candidate(type="system.ledger.restored", id=f"restored/{epoch}", data=data))

    def figures(self) -> Figures:
        """Return the shipper's figures, and the progress of a restore."""
        if self.progress.phase != "read":
            return self.shipper.figures()
        return {
            **self.shipper.figures(),
            "restored": self.progress.found,
            "influx_last_error": self.restorer.last_error,
        }

    def wait_s(self) -> float:
        """Return the pause until the next turn, s: 0.1 during a restore; else nothing is due by time."""
        return {"read": 0.1, "fill": 0.0, "done": 10.0}[self.progress.phase]

    def finish(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Stop after the requests under way."""
        self.restorer.stop(self.timeout_s)
        self.shipper.stop()


def drive(loaded: LoadedSettings, context: Context, store: CounterStore, endpoint: Endpoint) -> BackgroundTasks | None:
    """Return the tasks of InfluxDB, None if it is not configured."""
    influx = loaded.store.influx
    return InfluxTasks(store, influx, endpoint, context.suite.site) if influx.enabled else None


SERVICE = Service(
    route=ROUTE,
    settings=read,
    handler=build,
    schema=LEDGER_SCHEMA,
    drive=drive,
    salvage=restore.salvage,
)


def run() -> int:
    """Run the service; returns its exit code."""
    return main(SERVICE)
