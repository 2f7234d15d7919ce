"""What is due at a device: the payload of ``maintenance/{device}``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from shared.messages import Message, Name, Time
from shared.values import Count


class Reach(Message):
    """When a battery's capacity will have fallen to ``percent`` of its nameplate; without ``latest`` perhaps never.

    Nine truths in ten lie between ``earliest`` and ``latest``, and between ``cycles_low`` and ``cycles_high``.
    """

    percent: float
    day: Time
    earliest: Time
    latest: Time | None = None
    cycles: float
    cycles_low: float
    cycles_high: float | None = None


class BatteryMonth(Message):
    """What a battery has been through in a month (``2026-01``): absent is what was not seen.

    Depths are shares of the charge, of discharges by 10 % and more; a temperature is taken once an hour.
    """

    month: Annotated[str, Field(pattern=r"^\d{4}-\d{2}$")]
    discharges: Count = 0
    mean_depth_percent: float | None = None
    deepest_percent: float | None = None
    mean_temperature_c: float | None = None
    highest_temperature_c: float | None = None


class MaintenanceItem(Message):
    """One thing that is due, or will be. ``due`` absent: nobody can say when. ``cycles`` are equivalent full ones."""

    what: Literal["battery", "calibration", "self_test"]
    channel: Name | None = None
    due: Time | None = None
    overdue: bool = False
    why: Annotated[str, Field(max_length=200)]
    capacity_mah: float | None = None
    health_percent: float | None = None
    cycles: float | None = None
    resistance_mohm: float | None = None
    reaches: Annotated[tuple[Reach, ...], Field(max_length=8)] = ()
    months: Annotated[tuple[BatteryMonth, ...], Field(max_length=12)] = ()


class Maintenance(Message):
    """Everything that is due at a device, the soonest first; ``time`` is that of the frame it was worked out at."""

    device: Name
    time: Time
    items: Annotated[tuple[MaintenanceItem, ...], Field(max_length=64)] = ()
