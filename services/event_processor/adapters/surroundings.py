"""The port to the process that runs event_processor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from services.event_processor.adapters.handler_scheduler import HandlerScheduler
from services.event_processor.adapters.suite_monitor import SuiteMonitor
from services.event_processor.adapters.work_table import WorkTable


@dataclass(frozen=True, slots=True)
class Host:
    """Parts of the process; a backtest has none. ``lag``: the number of events not yet consumed."""

    work: WorkTable
    scheduler: HandlerScheduler
    monitor: SuiteMonitor
    lag: Callable[[], int]
