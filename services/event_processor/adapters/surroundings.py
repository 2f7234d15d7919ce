"""What surrounds the processor in a process of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from services.event_processor.adapters.handler_scheduler import HandlerScheduler
from services.event_processor.adapters.suite_monitor import SuiteMonitor
from services.event_processor.adapters.work_table import WorkTable


@dataclass(frozen=True, slots=True)
class Host:
    """What surrounds the processor in a process of its own; a backtest has none. ``lag``: events not yet consumed."""

    work: WorkTable
    scheduler: HandlerScheduler
    monitor: SuiteMonitor
    lag: Callable[[], int]
