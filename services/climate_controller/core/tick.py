"""The law's input at each tick: readings, running actuators and the time, all of one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Air:
    """Temperature (°C) and relative humidity (%) of one device, of one moment (``at_s``, seconds since 1970)."""

    celsius: float
    percent: float
    at_s: float


@dataclass(frozen=True, slots=True)
class Running:
    """An actuator's confirmed level, 0 to 1, and since when."""

    level: float
    since_s: float
    available: bool = True


@dataclass(frozen=True, slots=True)
class Tick:
    """One tick. ``now_s`` is seconds since 1970; ``day`` (counted from 1970) and ``second`` are of the zone's clock.

    ``air`` is None without a believable reading. An actuator missing from ``running`` counts as off for ever.
    """

    now_s: float
    day: int
    second: float
    air: Air | None
    outside: Air | None = None
    running: Mapping[str, Running] = field(default_factory=dict)
