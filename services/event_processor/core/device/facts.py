"""The facts of a device from the settings: its cells, their chemistry, its zone."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from services.event_processor.core.schema import SLOTTED, Data, Key, Seconds
from shared.messages import Name

Cells = Annotated[int, Field(ge=1, le=32)]  # in series
CellVolts = Annotated[float, Field(gt=0, le=5)]


@dataclass(frozen=True, slots=True, kw_only=True, config=SLOTTED)
class CellLevel:
    """A level of the battery episode, V per cell: entered below ``enter_v``, left above ``clear_v``."""

    enter_v: CellVolts
    enter_for_s: Seconds
    clear_v: CellVolts
    clear_for_s: Seconds

    @model_validator(mode="after")
    def _clears_above(self) -> CellLevel:
        if self.clear_v <= self.enter_v:
            raise ValueError(f"clear_v {self.clear_v} must be above enter_v {self.enter_v}, or a noisy cell flaps")
        return self


@dataclass(frozen=True, slots=True, kw_only=True, config=SLOTTED)
class OverLevel:
    """A level of overvoltage, V per cell: entered above ``enter_v``, left below ``clear_v``."""

    enter_v: CellVolts
    enter_for_s: Seconds
    clear_v: CellVolts
    clear_for_s: Seconds

    @model_validator(mode="after")
    def _clears_below(self) -> OverLevel:
        if self.clear_v >= self.enter_v:
            raise ValueError(f"clear_v {self.clear_v} must be below enter_v {self.enter_v}, or a noisy cell flaps")
        return self


@dataclass(frozen=True, slots=True, kw_only=True, config=SLOTTED)
class Chemistry:
    """One cell chemistry, V per cell. Below ``rearm_v`` a full battery no longer counts as charged.

    ``low`` and ``critical`` are the levels of the battery episode; beyond ``under`` and ``over`` a cell takes harm, and
    these are judged at any time.
    """

    full_v: CellVolts
    rearm_v: CellVolts
    low: CellLevel
    critical: CellLevel
    under: CellLevel | None = None
    over: OverLevel | None = None

    @model_validator(mode="after")
    def _levels_in_order(self) -> Chemistry:
        order = {
            **({"under.enter_v": self.under.enter_v} if self.under else {}),
            "critical.enter_v": self.critical.enter_v,
            "low.enter_v": self.low.enter_v,
            "rearm_v": self.rearm_v,
            "full_v": self.full_v,
            **({"over.enter_v": self.over.enter_v} if self.over else {}),
        }
        if sorted(order.values()) != list(order.values()):
            raise ValueError(f"must rise in this order: {', '.join(f'{name} {v}' for name, v in order.items())}")
        if self.critical.clear_v > self.low.clear_v:
            raise ValueError("critical.clear_v must not be above low.clear_v: an episode ends when low clears")
        return self


class OwnLevel(Data):
    """A device's own level of a threshold or limit: entered past ``at``, left at ``clear``."""

    at: float
    clear: float


class DeviceFacts(Data):
    """One device. A missing fact comes from its board profile, else from ``default_device``.

    ``capacity_mah`` is the pack's. ``resistance_mohm`` is that of one cell with its share of holder and wiring; it
    corrects the voltage under load. ``leaf_offset_c`` is leaf minus air; ``calibrated`` has the dates by channel;
    ``interval_s`` is how often the device is read; ``levels``: its own levels of thresholds and limits, by rule name.
    """

    chemistry: Name | None = None
    cells: Cells | None = None
    capacity_mah: Annotated[float, Field(gt=0)] | None = None
    resistance_mohm: Annotated[float, Field(ge=0, le=2000)] | None = None
    reserve_percent: Annotated[float, Field(ge=0, lt=100)] | None = None
    leaf_offset_c: Annotated[float, Field(ge=-10, le=10)] | None = None
    calibrated: dict[Key, date] | None = None
    calibrate_every_days: Annotated[float, Field(gt=0)] | None = None
    zone: Name | None = None
    interval_s: Annotated[float, Field(gt=0)] | None = None
    levels: dict[Name, OwnLevel] | None = None

    def over(self, default: DeviceFacts) -> DeviceFacts:
        """Return these facts, completed from ``default``."""
        facts = {name: getattr(self, name) for name in DeviceFacts.model_fields}
        return default.model_copy(update={name: value for name, value in facts.items() if value is not None})
