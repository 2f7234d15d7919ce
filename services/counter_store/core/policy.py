"""The settings of ``config/`` that the core needs: how long events are kept, and how they are judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.counter_store.core.health.formulas import STANDARD
from services.counter_store.core.time_units import DAY_US
from shared.event_text.texts import EventTexts

HOURLY_DAYS = 92  # counts by hour are kept at least this long, for the anomalies by hour of the week


@dataclass(frozen=True, slots=True)
class StorePolicy:
    """How events are kept and judged.

    ``catalogue`` names the types of ``config/events.yaml``, ``ended_by`` the types that end a type (``clears``),
    ``texts`` has each type in words.
    """

    history_days: int = 365
    history_per_type: int = 10_000
    health_enabled: bool = True
    health_interval_s: int = 3600
    trend_days: int = 30
    trend_min_events: int = 5
    ended_by: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    health_formula: str = STANDARD.name
    catalogue: frozenset[str] = frozenset()
    texts: EventTexts = field(default_factory=dict)

    @property
    def history_us(self) -> int:
        """How long an event stays in the history."""
        return self.history_days * DAY_US

    @property
    def hourly_us(self) -> int:
        """How long counts are kept by hour; then by day."""
        return max(self.trend_days, HOURLY_DAYS) * DAY_US

    @property
    def episodes_us(self) -> int:
        """How long episodes are kept: longer than any weighs in the health, however short the history is."""
        return max(self.history_days, HOURLY_DAYS) * DAY_US


def ends_of(clears: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Return ``{type: types that end it}`` for ``{ending type: types it ends}``."""
    ended: dict[str, tuple[str, ...]] = {}
    for name in sorted(clears):
        for other in clears[name]:
            ended[other] = (*ended.get(other, ()), name)
    return ended
