"""Wiring: the processor's rules, its stage, its place on the wire."""

from __future__ import annotations

from services.event_processor.core.program import Program
from services.event_processor.settings import load
from services.event_processor.stage import EventProcessor
from shared.delivery.hop import Hop, Route
from shared.ledger import Ledger
from shared.process import Context, Service, main

ROUTE = Route(
    name="event_processor",
    consumes=("raw",),
    produces={"event": ("counter_store", "alerter"), "trigger": ()},
    takes_offers=True,
)


def build(program: Program, context: Context, ledger: Ledger, hop: Hop) -> EventProcessor:
    """Return the stage."""
    return EventProcessor(program, ledger, hop, context.clock.wall)


SERVICE = Service(
    route=ROUTE,
    settings=lambda context: load(context.folder, context.environ, context.suite.site),
    stage=build,
)


def run() -> int:
    """Run the service; returns its exit code."""
    return main(SERVICE)
