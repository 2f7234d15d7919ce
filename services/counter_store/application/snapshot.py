"""The inputs of an answer beside the ledger: event time, the counters, the store's figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from services.counter_store.adapters.tables.imports import Imports
from services.counter_store.core.counting.observation import Observation
from services.counter_store.core.policy import StorePolicy
from services.counter_store.core.span import FIRST_US, Span, last_days
from services.counter_store.core.statistics.type_statistics import AllTime
from services.counter_store.core.time_units import HOUR_US
from shared.delivery.handler import RefusedError
from shared.instants import time_to_us
from shared.maintenance import Maintenance
from shared.messages import Counter


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Times of the wall clock; None before any message. ``lets_go``: old events are deleted, hours become days."""

    site: str
    as_of_us: int | None
    observed: Observation
    counters: tuple[Counter, ...] = ()
    ever: Mapping[str, AllTime] = field(default_factory=dict)
    figures: Mapping[str, int] = field(default_factory=dict)
    imports: Imports | None = None
    lets_go: bool = True
    maintenance: tuple[Maintenance, ...] = ()

    def until_us(self, as_of: datetime | None) -> int:
        """Return the event time a question is about; raises RefusedError where there is none yet."""
        if as_of is not None:
            return time_to_us(as_of)
        if self.as_of_us is None:
            raise RefusedError("nothing has been observed yet, neither events nor readings; ask again later")
        return self.as_of_us

    def hours_us(self, policy: StorePolicy) -> int:
        """Return from when on counts are kept by the hour; before that hours have become days, or soon will."""
        if self.as_of_us is None or not self.lets_go:
            return FIRST_US
        return (self.as_of_us - policy.hourly_us) // HOUR_US * HOUR_US

    def span(self, days: int, as_of: datetime | None) -> Span:
        """Return the span of so many days up to ``as_of``; raises RefusedError where there is no time yet."""
        until_us = self.until_us(as_of)
        observed_us = until_us if self.observed.since_us is None else self.observed.since_us
        return last_days(days, until_us, observed_us, until_us if self.as_of_us is None else self.as_of_us)
