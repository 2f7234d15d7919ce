"""Wiring of the toy service."""

from __future__ import annotations

from services.event_journal.service import LEDGER_SCHEMA, EventJournal

from shared.delivery.route import route_of
from shared.process import Service, main

SERVICE = Service(
    route=route_of("event_journal"),
    settings=lambda _: None,
    handler=lambda _, __, ledger, ___: EventJournal(ledger),
    schema=LEDGER_SCHEMA,
)


def run() -> int:
    """Run the service; returns its exit code."""
    return main(SERVICE)
