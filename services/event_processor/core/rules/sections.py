"""The rules as data: the model of ``rules`` in ``config/event_processor.yaml``.

A section is a kind of rule; ``core.rules.compiled.ORDER`` names the code that applies it. A value must be beyond a
level: ``above: 60`` is not met at 60.0. Kinds that a site may have many rules of are in ``detections``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from services.event_processor.core.channels.declared import Channel, Derived
from services.event_processor.core.channels.evidence import Evidence, Gate, TimedEvidence
from services.event_processor.core.rules.detections import (
    Absence,
    Change,
    Condition,
    Fault,
    Limit,
    Rate,
    Rule,
    Signal,
    Threshold,
)
from services.event_processor.core.schema import SLOTTED, Data, Key, Seconds
from shared.messages import Name

EXCEEDED = "sensor.threshold.exceeded"
CLEARED = "sensor.threshold.cleared"
GAP = "system.stream.gap"
UNKNOWN = "system.event.unknown"
CALIBRATION_DUE = "sensor.maintenance.calibration_due"

Percent = Annotated[float, Field(ge=0, le=100)]


class Errors(Data):
    """A frame with errors of the bus is one event, however many chips failed.

    An error belongs to the bus by its code and its part (a name, or with ``*`` and ``?``), unless it names a channel.
    """

    event: Name
    codes: tuple[Name, ...] = ("nack", "timeout", "bus", "crc", "torn", "busy")
    parts: tuple[str, ...] = ("*@0x*",)


class Quality(Data):
    """A sensor's frames have had another quality for ``for_s``."""

    event: Name
    for_s: Seconds = 0


class Readings(Data):
    """A ``sensor.<kind>`` event for every sensor's channel of every frame; ``except_for`` leaves channels out."""

    except_for: tuple[Key, ...] = ()


class Calibration(Data):
    """``sensor.maintenance.calibration_due`` when a channel's calibration is due, and again ``every_days``."""

    every_days: Annotated[float, Field(gt=0)] = 7


class UncleanShutdown(Data):
    """A start after a run that did not stop cleanly: the machine lost its power. The loss is emitted now."""

    event: Name
    lost: Name | None = None
    restored: Name | None = None


@dataclass(frozen=True, slots=True, kw_only=True, config=SLOTTED)
class Power:
    """Mains lost and restored; the first evidence that a device has counts.

    A spell on battery too short for ``lost_after_s`` is one ``blip``.
    """

    on_battery: tuple[Evidence, ...]
    lost_after_s: Seconds
    restored_after_s: Seconds
    lost: Name
    restored: Name
    blip: Name
    started: Name | None = None


@dataclass(frozen=True, slots=True, kw_only=True, config=SLOTTED)
class Battery:
    """The battery episode. Its levels come from the device's chemistry; ``only_while`` gates entering them."""

    only_while: Name | None = None
    low: Name
    critical: Name
    recovered: Name


@dataclass(frozen=True, slots=True, kw_only=True, config=SLOTTED)
class CellLimits:
    """Cells beyond the chemistry's ``over`` and ``under``."""

    over: Name
    over_cleared: Name | None = None
    under: Name
    under_cleared: Name | None = None


@dataclass(frozen=True, slots=True, kw_only=True, config=SLOTTED)
class Wear:
    """Equivalent full cycles, energy, resistance and capacity of a battery, summed by event time.

    Nothing is summed over a silence longer than ``longest_gap_s`` and five times the device's own step.
    """

    cycle: Name
    longest_gap_s: Annotated[float, Field(gt=0)] = 30
    charge_step_percent: Annotated[float, Field(gt=0, le=20)] = 1


class Forecast(Data):
    """Charge, runtime and life of a battery, estimated with bounds: see ``core.forecast``. It has no settings yet."""


@dataclass(frozen=True, slots=True, kw_only=True, config=SLOTTED)
class Charging:
    """Charge sessions. See ``core.rules.kinds.charging`` for the rules."""

    evidence: tuple[TimedEvidence, ...]
    started: Name
    completed: Name
    full_within_v: Annotated[float, Field(ge=0, le=1)]
    full_at_percent: Percent
    stopped_for_s: Seconds
    taper_c_rate: Annotated[float, Field(gt=0, le=1)]
    taper_for_s: Seconds
    session_ends_after_s: Seconds


@dataclass(frozen=True, slots=True, kw_only=True, config=SLOTTED)
class VoltageTrend:
    """Charges and discharges of batteries known by their voltage alone. See ``core.rules.kinds.voltage_trend``.

    Levels in V per hour and cell; a discharge is judged by the same levels, downward.
    """

    window_s: Annotated[float, Field(ge=60, le=86_400)] = 1800
    enter_v_per_h: Annotated[float, Field(gt=0, le=10)] = 0.012
    leave_v_per_h: Annotated[float, Field(ge=0, le=10)] = 0.002
    enter_for_s: Seconds = 900
    leave_for_s: Seconds = 1800
    full_within_v: Annotated[float, Field(ge=0, le=1)] = 0.05
    charging: Name
    charged: Name
    discharging: Name
    discharged: Name

    @model_validator(mode="after")
    def _leaves_below(self) -> VoltageTrend:
        if self.leave_v_per_h >= self.enter_v_per_h:
            raise ValueError(f"leave_v_per_h {self.leave_v_per_h} must be below enter_v_per_h {self.enter_v_per_h}")
        return self


class Rules(Data):
    """Every rule of a site, by kind. A kind left out is off."""

    channels: dict[Key, Channel] = Field(default_factory=dict)
    derived: dict[Key, Derived] = Field(default_factory=dict)
    gates: dict[Key, Gate] = Field(default_factory=dict)
    signals: dict[Key, Signal] = Field(default_factory=dict)
    unclean_shutdown: UncleanShutdown | None = None
    errors: Errors | None = None
    faults: dict[Key, Fault] = Field(default_factory=dict)
    quality: Quality | None = None
    readings: Readings | None = None
    calibration: Calibration | None = None
    wear: Wear | None = None
    power: Power | None = None
    forecast: Forecast | None = None
    battery: Battery | None = None
    cell_limits: CellLimits | None = None
    charging: Charging | None = None
    voltage_trend: VoltageTrend | None = None
    conditions: dict[Key, Condition] = Field(default_factory=dict)
    changes: dict[Key, Change] = Field(default_factory=dict)
    rates: dict[Key, Rate] = Field(default_factory=dict)
    absences: dict[Key, Absence] = Field(default_factory=dict)
    thresholds: dict[Key, Threshold] = Field(default_factory=dict)
    limits: dict[Key, Limit] = Field(default_factory=dict)

    def named(self) -> Iterator[tuple[str, str, Rule]]:
        """Yield (section, name, rule) of every rule that the site named."""
        for section in NAMED:
            for name, rule in getattr(self, section).items():
                yield section, name, rule

    def named_events(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """Yield (path, event type) of every event type the rules name."""
        for section, name, rule in self.named():
            yield from _events_of((section, name), rule, ("event", "cleared"))
        for section, keys in SINGLE.items():
            yield from _events_of((section,), getattr(self, section), keys)
        if self.limits:
            yield from ((("limits",), event) for event in (EXCEEDED, CLEARED))
        if self.calibration is not None:
            yield ("calibration",), CALIBRATION_DUE

    def named_gates(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """Yield (path, gate) of every gate the rules name."""
        gated: dict[tuple[str, ...], object] = {("battery",): self.battery}
        gated |= {(section, name): rule for section, name, rule in self.named()}
        for path, rule in gated.items():
            gate = getattr(rule, "only_while", None)
            if gate is not None:
                yield (*path, "only_while"), gate


# Sections of many rules. Their names share one namespace, because each is the name of a latch.
NAMED = ("signals", "faults", "conditions", "changes", "rates", "absences", "thresholds", "limits")
# Sections of one rule, and its keys that name event types.
SINGLE = {
    "unclean_shutdown": ("event", "lost", "restored"),
    "errors": ("event",),
    "quality": ("event",),
    "wear": ("cycle",),
    "power": ("lost", "restored", "blip", "started"),
    "battery": ("low", "critical", "recovered"),
    "cell_limits": ("over", "over_cleared", "under", "under_cleared"),
    "charging": ("started", "completed"),
    "voltage_trend": ("charging", "charged", "discharging", "discharged"),
}


def _events_of(path: tuple[str, ...], rule: object, keys: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    for key in keys:
        event = getattr(rule, key, None)
        if event is not None:
            yield (*path, key), event
