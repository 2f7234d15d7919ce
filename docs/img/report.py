"""The report in docs/reports.md as a page: an invented month of events, counted by the store's own stage.

.venv/bin/python docs/img/report.py > report.html
chromium --headless --window-size=1020,1620 --hide-scrollbars --screenshot=report.png report.html
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from services.counter_store.adapters.reports.formats import FORMATS
from services.counter_store.core.policy import StorePolicy
from services.counter_store.core.reports.report import DetailedReport
from services.counter_store.service import LEDGER_SCHEMA, CounterStore
from services.counter_store.settings import CounterStoreSettings
from shared.delivery.handler import InMemoryPublisher
from shared.event_text.load import load_event_texts
from shared.ledger import Ledger
from shared.messages import Event, event_id

CONFIG = Path(__file__).parents[2] / "config"
END = datetime(2026, 11, 22, tzinfo=UTC)
START = END - timedelta(days=30)
Told = tuple[datetime, str, str, str, str]  # time, type, category, severity, device
ENDED_BY = {
    "AC_POWER_LOSS": ("AC_POWER_RESTORED",),
    "BATTERY_LOW": ("BATTERY_RECOVERED",),
    "BATTERY_CRITICAL": ("BATTERY_RECOVERED",),
    "TEMPERATURE_HIGH": ("TEMPERATURE_NORMAL",),
    "THERMAL_SHUTDOWN": ("THERMAL_CLEARED",),
}


def readings() -> Iterator[Told]:
    """Every ten minutes, as a tent's sensor would."""
    for index in range(30 * 144):
        for name in ("sensor.temperature", "sensor.humidity", "sensor.vpd"):
            yield START + timedelta(minutes=10 * index), name, "sensor", "info", "tent"


def outages(dice: random.Random) -> Iterator[Told]:
    """Fourteen, more towards the end; long ones drain the battery."""
    for _ in range(14):
        at = START + timedelta(days=dice.random() ** 0.5 * 29.7)
        lasts_s = dice.expovariate(1 / 1500)
        yield at, "AC_POWER_LOSS", "power", "warning", "ups"
        if lasts_s > 900:
            yield at + timedelta(seconds=800), "BATTERY_LOW", "battery", "warning", "ups"
            yield at + timedelta(seconds=lasts_s + 200), "BATTERY_RECOVERED", "battery", "info", "ups"
        if lasts_s > 2500:
            yield at + timedelta(seconds=2400), "BATTERY_CRITICAL", "battery", "critical", "ups"
        yield at + timedelta(seconds=lasts_s), "AC_POWER_RESTORED", "power", "info", "ups"
        yield at + timedelta(seconds=lasts_s + 5), "CHARGING_STARTED", "battery", "info", "ups"


def faults(dice: random.Random) -> Iterator[Told]:
    """A bus that fails in bursts, afternoons that are too warm, and one that was far too warm."""
    for day in (3.2, 3.3, 11.8, 18.1, 18.15, 18.2, 24.6, 27.4, 27.41, 28.9):
        for index in range(dice.randint(1, 9)):
            yield START + timedelta(days=day, seconds=30 * index), "I2C_ERROR", "system", "error", "ups"
    for day in (5, 12, 19, 20, 26, 27, 28, 29):
        yield START + timedelta(days=day, hours=14), "TEMPERATURE_HIGH", "system", "warning", "cpu"
        yield START + timedelta(days=day, hours=17), "TEMPERATURE_NORMAL", "system", "info", "cpu"
    yield START + timedelta(days=26.2), "THERMAL_SHUTDOWN", "safety", "critical", "cpu"
    yield START + timedelta(days=26.21), "THERMAL_CLEARED", "safety", "info", "cpu"


def month() -> list[Event]:
    """Return all of it in order, the same each time."""
    dice = random.Random(4)  # noqa: S311 - a picture
    told = sorted((*readings(), *outages(dice), *faults(dice)))
    return [_event(number, *each) for number, each in enumerate(told, 1)]


def _event(number: int, time: datetime, name: str, category: str, severity: Any, device: str) -> Event:
    identity = event_id("home", name, device, time, str(number))
    place = {"producer": "event_processor", "epoch": "e", "seq": number}
    return Event(
        id=identity, type=name, category=category, severity=severity, time=time, site="home", device=device, **place
    )


def main() -> None:
    """Print the page."""
    with closing(Ledger(":memory:", LEDGER_SCHEMA)) as ledger, ledger.transaction():
        policy = StorePolicy(ended_by=ENDED_BY, texts=load_event_texts(CONFIG, {}))
        store = CounterStore(CounterStoreSettings(), ledger, InMemoryPublisher(), site="home", policy=policy)
        for each in month():
            store.apply(each)
        store.advance(END)
        store.flush()
        answer = store.answer("report", {"kind": "detailed", "days": 30})
    sys.stdout.write(FORMATS["html"][1](DetailedReport.model_validate(answer)))


if __name__ == "__main__":
    main()
