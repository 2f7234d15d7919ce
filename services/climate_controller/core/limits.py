"""Temperature and humidity limits. They come before the VPD and hold actuators until the limit is over.

Rules:
1. A limit is judged at every tick, also where the VPD is in its band.
2. It begins at the limit and ends ``CLEARANCE`` inside it.
3. Every actuator that would make it worse is off. Every one that helps is on, except one of an opposed pair.
4. A fan helps only where the air it draws in is better: cooler by ``COOLER_BY_C``, or of less vapour pressure.
5. Temperature comes before humidity, heat before cold.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from services.climate_controller.core.levels import OFF, opposed
from services.climate_controller.core.tick import Air, Running
from shared.climate.decisions import Reason
from shared.climate.psychrometrics import saturation_kpa
from shared.climate.zones import Kind, Limits, ZoneActuator

CLEARANCE = {"temperature": 0.5, "humidity": 1.5, "leaf": 0.05}  # °C, %, kPa
COOLER_BY_C = 1.0
DRIER_BY_KPA = 0.05


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit and what helps or harms there. ``sign``: +1 for an upper limit."""

    reason: Reason
    quantity: str
    sign: int
    helps: tuple[Kind, ...]
    harms: tuple[Kind, ...]


LIMITS = (
    Limit(Reason.TOO_HOT, "temperature", +1, (Kind.COOLER, Kind.EXHAUST), (Kind.HEATER,)),
    Limit(Reason.TOO_COLD, "temperature", -1, (Kind.HEATER,), (Kind.COOLER, Kind.EXHAUST)),
    Limit(
        Reason.CONDENSING,
        "leaf",
        -1,
        (Kind.DEHUMIDIFIER, Kind.HEATER, Kind.EXHAUST),
        (Kind.HUMIDIFIER, Kind.COOLER),
    ),
    Limit(Reason.TOO_HUMID, "humidity", +1, (Kind.DEHUMIDIFIER, Kind.EXHAUST), (Kind.HUMIDIFIER,)),
    Limit(Reason.TOO_DRY, "humidity", -1, (Kind.HUMIDIFIER,), (Kind.DEHUMIDIFIER, Kind.EXHAUST)),
)


def reached(
    limits: Limits, air: Air, leaf_kpa: float, before: frozenset[Reason], inset: float = 0.0
) -> frozenset[Reason]:
    """Return the limits that hold now. ``leaf_kpa`` is the VPD at the leaf: below 0 dew falls on it.

    ``inset`` moves both ends of temperature and humidity inward, in units of ``CLEARANCE``.
    """
    warm, damp = limits.temperature, limits.humidity
    ends = {"temperature": (warm.low, warm.high), "humidity": (damp.low, damp.high), "leaf": (0.0, math.inf)}
    values = {"temperature": air.celsius, "humidity": air.percent, "leaf": leaf_kpa}
    found = set()
    for each in LIMITS:
        clearance = CLEARANCE[each.quantity]
        moved = 0.0 if each.quantity == "leaf" else inset * clearance
        over = each.sign * (values[each.quantity] - ends[each.quantity][each.sign > 0]) + moved
        if over > 0 or (each.reason in before and over > -clearance):
            found.add(each.reason)
    return frozenset(found)


def held(
    actuators: tuple[ZoneActuator, ...],
    active: frozenset[Reason],
    air: Air,
    outside: Air | None,
    running: Mapping[str, Running],
    now_s: float,
) -> dict[str, tuple[float, Reason]]:
    """Return the levels that the limits decide, by actuator; the rest are free."""
    wants: dict[str, tuple[float, Reason]] = {}
    for limit in LIMITS:
        if limit.reason not in active:
            continue
        for each in actuators:
            if each.name in wants:
                continue
            if each.kind in limit.harms and not _harmless(limit, each.kind, air, outside):
                wants[each.name] = (0.0, limit.reason)
            elif (
                each.kind in limit.helps
                and _helps(limit, each.kind, air, outside)
                and not _fights(each, actuators, wants)
            ):
                wants[each.name] = _on(each, limit.reason, running, now_s)
    for each in actuators:  # an actuator opposed to a held one is held off
        if each.name not in wants and _fights(each, actuators, wants):
            wants[each.name] = (0.0, Reason.OPPOSED)
    return wants


def _on(each: ZoneActuator, reason: Reason, running: Mapping[str, Running], now_s: float) -> tuple[float, Reason]:
    """Return the full level, also for a graded actuator."""
    at = running.get(each.name, OFF)
    if not at.available:
        return 0.0, Reason.UNAVAILABLE
    if at.level == 0 and now_s - at.since_s < each.rests_s:
        return 0.0, Reason.MIN_OFF
    return 1.0, reason


def _fights(each: ZoneActuator, actuators: tuple[ZoneActuator, ...], wants: Mapping[str, tuple[float, Reason]]) -> bool:
    return any(
        other.name in wants and wants[other.name][0] > 0 and opposed(each.kind, other.kind) for other in actuators
    )


def _helps(limit: Limit, kind: Kind, air: Air, outside: Air | None) -> bool:
    if kind is not Kind.EXHAUST:
        return True
    if outside is None:
        return True  # without a sensor outside a fan is taken to help
    if limit.quantity == "temperature":
        return air.celsius - outside.celsius >= COOLER_BY_C
    return _vapour(air) - _vapour(outside) >= DRIER_BY_KPA


def _harmless(limit: Limit, kind: Kind, air: Air, outside: Air | None) -> bool:
    """Whether a fan draws in air that does no harm at this limit; False for any other kind."""
    if kind is not Kind.EXHAUST or outside is None:
        return False
    if limit.quantity == "temperature":
        return outside.celsius >= air.celsius
    return _vapour(outside) >= _vapour(air)


def _vapour(air: Air) -> float:
    return saturation_kpa(air.celsius) * air.percent / 100
