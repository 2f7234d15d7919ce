"""Wiring: the processor's plan, its route, and its background tasks."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from services.event_processor.adapters.handler_scheduler import DerivedOffer, HandlerScheduler, calls
from services.event_processor.adapters.ledger_schema import LEDGER_SCHEMA, create_tables
from services.event_processor.adapters.suite_monitor import OwnEvent, SuiteMonitor
from services.event_processor.adapters.surroundings import Host
from services.event_processor.adapters.work_table import WorkTable
from services.event_processor.configuration import read
from services.event_processor.core.pipeline.plan import PipelinePlan
from services.event_processor.core.pipeline.work import DEAD_LETTER
from services.event_processor.service import EventProcessor
from shared import __version__
from shared.context import Context
from shared.delivery.endpoint import Endpoint
from shared.delivery.route import route_of
from shared.ledger import Ledger
from shared.process import BackgroundTasks, Service, main

ROUTE = route_of("event_processor")


def build(plan: PipelinePlan, context: Context, ledger: Ledger, endpoint: Endpoint) -> EventProcessor:
    """Return the processor, its retained incidents published again."""
    stopwatch = context.clock.monotonic if plan.rules.enrichment.processing_ms else None
    host = surroundings(plan, ledger, endpoint)
    processor = EventProcessor(plan.compiled, ledger, endpoint, context.clock.wall, stamped(plan), stopwatch, host)
    processor.announce()
    return processor


def surroundings(plan: PipelinePlan, ledger: Ledger, endpoint: Endpoint) -> Host:
    """Return the parts of the process that the processor uses."""
    create_tables(ledger)
    work = WorkTable(ledger, plan.rules.queue.most)
    clock = endpoint.clock
    scheduler = HandlerScheduler(
        plan.rules,
        calls(plan.rules, clock.wall),
        work,
        clock,
        endpoint.reject,
        endpoint.wake,
        reports_dead_letters=DEAD_LETTER in plan.compiled.catalogue,
    )
    epoch = endpoint.epoch
    monitor = SuiteMonitor(plan.rules.monitoring, plan.rules.queue, ledger, epoch, clock.wall, clock.monotonic)
    return Host(work, scheduler, monitor, lambda: endpoint.lag("event"))


def stamped(plan: PipelinePlan) -> PipelinePlan:
    """Return the plan with the stamp of every event: this version and this machine."""
    wanted = plan.rules.enrichment
    node = socket.gethostname() if wanted.node is None else wanted.node
    version = {"system_version": __version__} if wanted.system_version else {}
    return replace(plan, stamp={**version, **({"processing_node": node} if node else {})})


class ProcessorTasks:
    """The background tasks: handlers' work, the start event, health, and the presence of services."""

    def __init__(
        self, plan: PipelinePlan, processor: EventProcessor, host: Host, endpoint: Endpoint, digests: Mapping[str, str]
    ) -> None:
        self._plan = plan
        self._processor = processor
        self._host = host
        self._endpoint = endpoint
        self._digests = digests

    def work(self) -> None:
        """Do the tasks that are due."""
        scheduler, monitor = self._host.scheduler, self._host.monitor
        if not monitor.begun:
            self._offer(scheduler.recover())
            self._emit(monitor.begin(self._start()))
            self._emit(monitor.changed(self._digests))
        self._offer(scheduler.work())
        self._emit(monitor.due_events(self._endpoint.connected, lambda: self._processor.vitals(self._host)))

    def _offer(self, derived: Iterable[DerivedOffer]) -> None:
        for each in derived:
            self._processor.derive(each.handler, each.candidate, each.depth)

    def _emit(self, events: Iterable[OwnEvent]) -> None:
        for each in events:
            self._processor.emit_known(each.type, each.cause, each.data)

    def _start(self) -> dict[str, Any]:
        return {
            "service": self._endpoint.name,
            "version": __version__,
            "configuration_loaded": True,
            "devices_initialized": sum(1 for _ in self._endpoint.ledger.items("device/")),
            "event_types": len(self._plan.compiled.catalogue),
            "patterns": len(self._plan.patterns.by_name),
            "handlers": len(self._plan.rules.handlers),
        }

    def wait_s(self) -> float:
        """How long the loop may wait."""
        if self._processor.states:
            return 0.0
        return min(self._host.scheduler.wait_s(), self._host.monitor.wait_s())

    def finish(self) -> None:
        """Emit that this service stops; handlers' work under way is retried after the next start."""
        self._processor.states.hurry()
        if self._plan.rules.monitoring.started:
            self._emit([self._host.monitor.stopped(self._endpoint.name, "self")])

    def close(self) -> None:
        """End the threads and close the connections."""
        self._host.scheduler.close()


def drive(plan: PipelinePlan, context: Context, processor: EventProcessor, endpoint: Endpoint) -> BackgroundTasks:
    """Return the processor's background tasks."""
    if processor.host is None:
        raise RuntimeError("build() gives every processor its host")
    return ProcessorTasks(plan, processor, processor.host, endpoint, digests_of(context.folder))


def digests_of(folder: Path) -> dict[str, str]:
    """Return a digest of each configuration file of the suite, by its name."""
    return {file.name: sha256(file.read_bytes()).hexdigest() for file in sorted(folder.glob("*.yaml"))}


SERVICE = Service(
    route=ROUTE,
    settings=read,
    handler=build,
    schema=LEDGER_SCHEMA,
    drive=drive,
)


def run() -> int:
    """Run the service; returns its exit code."""
    return main(SERVICE)
