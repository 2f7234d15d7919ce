"""The health of event_processor and of the suite: a verdict for each component, and the worst of them overall.

| component     | warning                                             | critical                                    |
|---------------|-----------------------------------------------------|---------------------------------------------|
| queue         | fill or age past ``queue.unhealthy_…``              | full                                        |
| handlers      | one's last attempt failed                           | one gives up, or is stuck past its timeout  |
| storage       | under 500 MB free on the disk                       | under 50 MB free                            |
| performance   | over 10,000 events its consumers have not taken yet | over 500,000                                |
| controllers   | a service is stopped                                | a service is offline                        |
| sensors       | a device's last frame was stale or suspect          | a device's last frame was bad               |
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from services.event_processor.core.pipeline.rules import Queue
from shared.messages import Quality


class Verdict(StrEnum):
    """The verdict on a component, best first."""

    HEALTHY = "healthy"
    WARNING = "warning"
    CRITICAL = "critical"


ORDER = list(Verdict)
LOW_DISK, NO_DISK = 500_000_000, 50_000_000
LAG, HOPELESS_LAG = 10_000, 500_000


@dataclass(frozen=True, slots=True)
class HandlerVitals:
    """The figures of one handler. Times in ms, of the last attempts; ``last_success`` as text, None for never."""

    attempts: int = 0
    failures: int = 0
    failures_in_a_row: int = 0
    given_up: int = 0
    gave_up_last: bool = False
    stuck: bool = False
    waiting: int = 0
    last_success: str | None = None
    last_error: str = ""
    p95_ms: float | None = None

    @property
    def error_rate(self) -> float:
        """The share of attempts that failed; 0 without attempts."""
        return round(self.failures / self.attempts, 4) if self.attempts else 0.0


@dataclass(frozen=True, slots=True)
class Vitals:
    """The figures that the shell has measured."""

    waiting: int = 0
    oldest_s: float = 0.0
    handlers: Mapping[str, HandlerVitals] = field(default_factory=dict)
    free_bytes: int | None = None
    ledger_bytes: int | None = None
    lag: int = 0
    processing_p95_ms: float | None = None
    services: Mapping[str, str] = field(default_factory=dict)
    devices: Mapping[str, Quality] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)


def examine(vitals: Vitals, queue: Queue) -> dict[str, Any]:
    """Return the data of a ``system.health.check``."""
    parts = {
        "queue": _queue(vitals, queue),
        "handlers": _worst(_handler(each) for each in vitals.handlers.values()),
        "storage": _below(vitals.free_bytes, LOW_DISK, NO_DISK),
        "performance": _above(vitals.lag, LAG, HOPELESS_LAG),
        "controllers": _worst(SERVICE.get(state, Verdict.WARNING) for state in vitals.services.values()),
        "sensors": _worst(DEVICE[quality] for quality in vitals.devices.values()),
    }
    return {
        "overall_status": _worst(parts.values()).value,
        "component_status": {name: verdict.value for name, verdict in parts.items()},
        **_figures(vitals, queue),
    }


SERVICE = {"online": Verdict.HEALTHY, "stopped": Verdict.WARNING, "offline": Verdict.CRITICAL}
DEVICE = {
    Quality.GOOD: Verdict.HEALTHY,
    Quality.SUSPECT: Verdict.WARNING,
    Quality.STALE: Verdict.WARNING,
    Quality.BAD: Verdict.CRITICAL,
}


def _queue(vitals: Vitals, queue: Queue) -> Verdict:
    if vitals.waiting >= queue.most:
        return Verdict.CRITICAL
    slow = vitals.oldest_s > queue.unhealthy_age_s
    return Verdict.WARNING if slow or vitals.waiting > queue.unhealthy_at * queue.most else Verdict.HEALTHY


def _handler(each: HandlerVitals) -> Verdict:
    if each.gave_up_last or each.stuck:
        return Verdict.CRITICAL
    return Verdict.WARNING if each.failures_in_a_row else Verdict.HEALTHY


def _worst(verdicts: Iterable[Verdict]) -> Verdict:
    return max(verdicts, key=ORDER.index, default=Verdict.HEALTHY)


def _below(value: int | None, warning: int, critical: int) -> Verdict:
    if value is None or value >= warning:
        return Verdict.HEALTHY
    return Verdict.CRITICAL if value < critical else Verdict.WARNING


def _above(value: int, warning: int, critical: int) -> Verdict:
    if value <= warning:
        return Verdict.HEALTHY
    return Verdict.CRITICAL if value > critical else Verdict.WARNING


def _figures(vitals: Vitals, queue: Queue) -> dict[str, Any]:
    unwell = {name: quality.value for name, quality in vitals.devices.items() if quality is not Quality.GOOD}
    return {
        "queue": {
            "waiting": vitals.waiting,
            "utilization": round(vitals.waiting / queue.most, 4),
            "oldest_s": round(vitals.oldest_s, 3),
        },
        "handlers": {name: _handler_figures(each) for name, each in vitals.handlers.items()},
        "storage": {"ledger_bytes": vitals.ledger_bytes, "free_bytes": vitals.free_bytes},
        "performance": {"processing_p95_ms": vitals.processing_p95_ms, "lag": vitals.lag},
        "services": dict(vitals.services),
        "devices": {"count": len(vitals.devices), "unwell": dict(list(unwell.items())[:50])},
        "pipeline": dict(vitals.counts),
    }


def _handler_figures(each: HandlerVitals) -> dict[str, Any]:
    return {
        "attempts": each.attempts,
        "error_rate": each.error_rate,
        "failures_in_a_row": each.failures_in_a_row,
        "given_up": each.given_up,
        "waiting": each.waiting,
        "stuck": each.stuck,
        "last_success": each.last_success,
        "last_error": each.last_error,
        "p95_ms": each.p95_ms,
    }
