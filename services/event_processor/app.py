"""Wiring: the processor's plan, its stage, its place on the wire, and what it does of its own accord."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from services.event_processor.adapters.keeper import Keeper, calls
from services.event_processor.adapters.measures import p95
from services.event_processor.adapters.watch import Watch, disk
from services.event_processor.core.pipeline.health import Vitals
from services.event_processor.core.pipeline.plan import Plan
from services.event_processor.core.pipeline.work import DEAD_LETTER
from services.event_processor.service import LEDGER_SCHEMA, EventProcessor
from services.event_processor.settings.pipeline import load_plan
from shared import __version__
from shared.delivery.endpoint import Endpoint
from shared.delivery.route import route_of
from shared.ledger import Ledger
from shared.messages import Status
from shared.process import BackgroundTasks, Context, Service, main

ROUTE = route_of("event_processor")


def build(plan: Plan, context: Context, ledger: Ledger, endpoint: Endpoint) -> EventProcessor:
    """Return the stage, having told its incidents again."""
    stopwatch = context.clock.monotonic if plan.rules.enrichment.processing_ms else None
    processor = EventProcessor(plan.program, ledger, endpoint, context.clock.wall, stamped(plan), stopwatch)
    processor.announce()
    return processor


def stamped(plan: Plan) -> Plan:
    """Return the plan with what enrichment adds to every event: this version, this machine."""
    wanted = plan.rules.enrichment
    node = socket.gethostname() if wanted.node is None else wanted.node
    version = {"system_version": __version__} if wanted.system_version else {}
    return replace(plan, stamp={**version, **({"processing_node": node} if node else {})})


class Conduct:
    """What the processor does besides taking frames: handlers' work, health, who is there."""

    def __init__(self, plan: Plan, processor: EventProcessor, endpoint: Endpoint) -> None:
        self.plan = plan
        self.processor = processor
        self.endpoint = endpoint
        made = calls(plan.rules)
        self.keeper = Keeper(
            plan.rules,
            made,
            processor.work,
            endpoint.clock,
            processor.derive,
            endpoint.reject,
            endpoint.client.wake,
            tells_dead_letters=DEAD_LETTER in plan.program.catalogue,
        )
        self.watch = Watch(
            plan.rules.monitoring, endpoint.ledger, endpoint.records.epoch, processor.tell, endpoint.clock.wall
        )
        processor.hear = self.hear
        processor.health = self.health

    def hear(self, status: Status) -> None:
        """Take another service's life sign."""
        self.watch.hear(status, self.endpoint.clock.monotonic())

    def work(self) -> None:
        """Do what is due."""
        now_s = self.endpoint.clock.monotonic()
        if not self.watch.begun:
            self.keeper.recover()
            self.watch.begin(now_s, self._start())
        self.keeper.work()
        self.watch.look(now_s, self.endpoint.client.connected, self.vitals, self.plan.rules.queue)

    def health(self) -> Mapping[str, Any]:
        """Return the health now, for who asks."""
        return self.watch.check(self.vitals(), self.plan.rules.queue)

    def vitals(self) -> Vitals:
        """Measure."""
        processor, work = self.processor, self.processor.work
        oldest = work.oldest()
        used, free = disk(self.endpoint.ledger.path)
        return Vitals(
            waiting=work.waiting,
            oldest_s=0.0 if oldest is None else max(0.0, self.endpoint.clock.wall().timestamp() - oldest),
            handlers=self.keeper.vitals(),
            free_bytes=free,
            ledger_bytes=used,
            lag=self.endpoint.sender.lag("event"),
            processing_p95_ms=p95(processor.measures.times_ms),
            services=dict(sorted(self.watch.states.items())),
            devices=dict(sorted(processor.qualities.items())),
            counts={**processor.pipeline.counts, **{f"queue.{name}": n for name, n in work.dropped.items()}},
        )

    def _start(self) -> dict[str, Any]:
        return {
            "service": self.endpoint.name,
            "version": __version__,
            "configuration_loaded": True,
            "devices_initialized": sum(1 for _ in self.endpoint.ledger.items("device/")),
            "event_types": len(self.plan.program.catalogue),
            "patterns": len(self.plan.laws.laws),
            "handlers": len(self.plan.rules.handlers),
        }

    def wait_s(self) -> float:
        """How long the loop may wait."""
        return min(self.keeper.wait_s(), self.watch.wait_s(self.endpoint.clock.monotonic()))

    def finish(self) -> None:
        """Nothing is left to say: what is under way is tried again after the next start."""

    def close(self) -> None:
        """Let go of threads and connections."""
        self.keeper.close()


def drive(plan: Plan, _: Context, processor: EventProcessor, endpoint: Endpoint) -> BackgroundTasks:
    """Return what the processor does of its own accord."""
    return Conduct(plan, processor, endpoint)


SERVICE = Service(
    route=ROUTE,
    settings=lambda context: load_plan(context.folder, context.environ, context.suite.site),
    handler=build,
    schema=LEDGER_SCHEMA,
    drive=drive,
)


def run() -> int:
    """Run the service; returns its exit code."""
    return main(SERVICE)
