"""The load: a recording full of events, the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

START = datetime(2026, 1, 1, tzinfo=UTC)
STEP_S = 5


def rows(seed: int, frames: int) -> Iterator[str]:
    """Yield a CSV of a UPS with outages, sagging batteries, hot spells and a room's temperature."""
    chance = random.Random(seed)  # noqa: S311 - a repeatable load, nothing secret
    yield "time,battery_voltage,battery_current,ac_present,cpu_temperature,air_temperature"
    mains, left, volts, heat = True, 10, 4.1, 45.0
    for index in range(frames):
        left -= 1
        if left <= 0:
            mains, left = not mains, chance.randint(1, 60)
        volts = min(4.15, volts + 0.02) if mains else max(3.2, volts - chance.uniform(0.0, 0.03))
        heat = max(35.0, min(75.0, heat + chance.uniform(-2.5, 2.5)))
        at = (START + timedelta(seconds=STEP_S * index)).isoformat()
        amps = 0.4 if mains else -0.8
        room = f"{20 + index % 50 / 10:.1f}" if index % 3 == 0 else ""
        yield f"{at},{volts:.3f},{amps},{str(mains).lower()},{heat:.1f},{room}"
