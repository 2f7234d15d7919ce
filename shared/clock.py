"""The machine's clocks: the one place of the shared code and the services' delivery that reads them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Clock:
    """The two clocks a service reads: ``wall`` (aware UTC) and ``monotonic`` seconds."""

    wall: Callable[[], datetime]
    monotonic: Callable[[], float]


SYSTEM_CLOCK = Clock(wall=lambda: datetime.now(UTC), monotonic=time.monotonic)  # the machine's own clocks
