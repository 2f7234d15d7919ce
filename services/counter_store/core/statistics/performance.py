"""The figures of the pipeline: processing times, losses, history."""

from __future__ import annotations

from collections.abc import Sequence

from services.counter_store.core.answers import Answer, Dated
from services.counter_store.core.statistics.percentiles import nearest_rank


class ProcessingTimes(Answer):
    """Milliseconds event_processor took for an event, of the newest ``counted`` that say so. Null: none did."""

    counted: int = 0
    p50_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None
    longest_ms: float | None = None


class Performance(Dated):
    """``events`` counted in all, in the last hour and day; ``history`` events are at hand, the rest as counts."""

    events: int
    last_hour: int
    last_day: int
    types: int
    series: int
    duplicates: int
    lost: int
    replayed: int
    points_dropped: int
    points_pending: int
    history: int
    history_excess: int
    processing: ProcessingTimes


def took(milliseconds: Sequence[float]) -> ProcessingTimes:
    """Return the percentiles, each a value that was measured (nearest rank)."""
    if not milliseconds:
        return ProcessingTimes()
    ordered = sorted(milliseconds)
    p50, p95, p99 = (nearest_rank(ordered, percent) for percent in (50, 95, 99))
    return ProcessingTimes(counted=len(ordered), p50_ms=p50, p95_ms=p95, p99_ms=p99, longest_ms=ordered[-1])
