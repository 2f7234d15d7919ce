"""Events read back page by page to the end, as a restore does."""

from __future__ import annotations

from services.counter_store.adapters.influx.query import InfluxQuery
from services.counter_store.core.influx.line_protocol import FIRST_NS
from shared.messages import Event


def read(source: InfluxQuery, page: int) -> list[tuple[Event, int]]:
    """Every event with the time of its point."""
    at_ns, skip, events = FIRST_NS, 0, list[tuple[Event, int]]()
    while True:
        found = source.read(at_ns, skip, page)
        events += found.events
        at_ns, skip = found.at_ns, found.skip
        if found.last:
            return events
