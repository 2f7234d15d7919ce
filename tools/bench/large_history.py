"""A counter store's history of any number of events, written into its ledger's table in one transaction.

The first ``COUNTED`` are counted as delivery does it, so that the store knows every type on every device; the others
are put beside them. So a hundred thousand cost some seconds, and not the minutes that counting them takes.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from services.counter_store.adapters.tables.events import EventTable, read_event
from services.counter_store.service import LEDGER_SCHEMA, CounterStore
from services.counter_store.settings import CounterStoreSettings
from shared.delivery.handler import InMemoryPublisher
from shared.instants import time_to_us
from shared.ledger import Ledger

BEGAN_US = time_to_us(datetime(2026, 1, 1, tzinfo=UTC))
APART_US = 60_000_000
COUNTED = 100  # every type on every device
TYPES = (
    *(("sensor.temperature", "sensor", "info"),) * 17,
    *(("I2C_ERROR", "system", "error"), ("AC_POWER_LOSS", "power", "warning"), ("BATTERY_LOW", "battery", "warning")),
)
KEPT = {  # a store that is to keep all of them
    "UPSKEEP_EVENT_COUNTERS__EVENT_COUNTERS__MAX_HISTORY_PER_EVENT": "1000000",
    "UPSKEEP_EVENT_COUNTERS__EVENT_COUNTERS__HISTORY_RETENTION_DAYS": "36500",
}


def row(number: int) -> tuple[Any, ...]:
    """Return an event as the table has it."""
    event_type, category, severity = TYPES[number % len(TYPES)]
    metadata = f'{{"incident": "incident-{number // 1000}"}}' if event_type == "AC_POWER_LOSS" else "{}"
    where = (f"device-{number // 20 % 5}", "attic" if number // 20 % 2 else "cellar")
    what = (f"e{number}", event_type, BEGAN_US + APART_US * number, number + 1, "event_processor", "e", "home")
    return (*what, category, severity, *where, '{"value": 1}', metadata)


def fill(ledger: Ledger, events: int) -> CounterStore:
    """Write so many events into a ledger; returns the store that has counted the first of them."""
    store = CounterStore(CounterStoreSettings(), ledger, InMemoryPublisher(), site="home")
    table = EventTable(ledger)
    with ledger.transaction():
        for number in range(COUNTED):
            store.apply(read_event(row(number)))
        store.flush()
        for number in range(COUNTED, events):
            table.add_row(row(number), BEGAN_US + APART_US * number, None)
    return store


def filled(path: Path, events: int) -> None:
    """Make a ledger of so many events at a path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    ledger = Ledger(path, LEDGER_SCHEMA)
    try:
        fill(ledger, events)
    finally:
        ledger.close()
