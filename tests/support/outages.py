"""A recording of the tests' own: fifty outages of a one-cell UPS, each draining the battery."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

STEP = timedelta(seconds=10)
START = datetime(2026, 1, 31, 12, tzinfo=UTC)
OUTAGES = 50
MAINS, OUTAGE = 24, 16  # rows of one cycle
DEEP = 5  # every fifth outage drains the battery to critical
ROWS = OUTAGES * (MAINS + OUTAGE)
EXPECTED = {
    "AC_POWER_LOSS": OUTAGES,
    "AC_POWER_RESTORED": OUTAGES - 1,  # the recording ends in the last one
    "BATTERY_LOW": OUTAGES,
    "BATTERY_CRITICAL": OUTAGES // DEEP,
    "BATTERY_RECOVERED": OUTAGES - 1,
}
EVENTS = sum(EXPECTED.values())


def write(path: Path, outages: int = OUTAGES) -> Path:
    """Write the recording as CSV, and return its path."""
    lines = ["time,battery_voltage,ac_present"]
    time = START
    for number in range(outages):
        floor = 3.30 if number % DEEP == 0 else 3.50
        rows = [(4.10, True)] * MAINS + [(4.00 - (4.00 - floor) * row / (OUTAGE - 1), False) for row in range(OUTAGE)]
        for volts, mains in rows:
            lines.append(f"{time:%Y-%m-%dT%H:%M:%SZ},{volts:.3f},{str(mains).lower()}")
            time += STEP
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
