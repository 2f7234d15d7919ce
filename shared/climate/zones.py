"""Zones and their actuators as ``config/climate.yaml`` describes them. Frozen, and pure: loading is somebody else's.

Every rule that can be checked without a running suite is checked here, with the figures: a target that the zone's own
limits cannot reach is refused, and so is a band finer than a sensor's accuracy.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.actuators import KINDS, ActuatorKind
from shared.climate.psychrometrics import saturation_kpa
from shared.messages import Name
from shared.placed_error import Placed, PlacedError

Seconds = Annotated[float, Field(ge=0, le=86_400)]
Level = Annotated[float, Field(ge=0, le=1)]
Kpa = Annotated[float, Field(gt=0, le=5)]
Celsius = Annotated[float, Field(ge=-20, le=60)]
Percent = Annotated[float, Field(ge=0, le=100)]
Kind = ActuatorKind
FINEST_BAND_KPA = 0.06  # what a good sensor is accurate to at 25 °C and 60 %
MOST_ACTUATORS, MOST_STAGES = 32, 64


class ClimateData(BaseModel):
    """Base of the models: frozen, and an unknown key is a fault."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)


OPPOSED: tuple[tuple[Kind, Kind], ...] = (
    (Kind.HEATER, Kind.COOLER),
    (Kind.HUMIDIFIER, Kind.DEHUMIDIFIER),
    (Kind.HUMIDIFIER, Kind.EXHAUST),
    (Kind.CO2, Kind.EXHAUST),
)  # pairs that never run together


class ZoneActuator(ClimateData):
    """What the law has to know of an actuator; how it is spoken to and bounded stands in ``shared.actuators``.

    ``steps``: 1 is on or off; 10 is a fan of ten speeds, 100 a dimmer in percent. ``least`` is the lowest level at
    which it runs at all. ``min_on_s`` and ``min_off_s`` have defaults by kind. ``watts`` is at full level.
    """

    name: Name
    kind: Kind
    steps: Annotated[int, Field(ge=1, le=255)] = 1
    least: Level = 0.0
    min_on_s: Seconds | None = None
    min_off_s: Seconds | None = None
    watts: Annotated[float, Field(ge=0, le=100_000)] = 0.0

    @property
    def graded(self) -> bool:
        """Whether it knows levels between off and full."""
        return self.steps > 1

    @property
    def rests_s(self) -> float:
        """The shortest time off."""
        return KINDS[self.kind].min_off_s if self.min_off_s is None else self.min_off_s

    @property
    def runs_s(self) -> float:
        """The shortest time on."""
        return KINDS[self.kind].min_on_s if self.min_on_s is None else self.min_on_s


class Span(ClimateData):
    """From ``low`` to ``high``."""

    low: float
    high: float

    @model_validator(mode="after")
    def _upward(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"low must be below high (got {self.low:g} and {self.high:g})")
        return self


class Limits(ClimateData):
    """What the air must not leave, whatever the VPD is: °C and %."""

    temperature: Span = Span(low=18, high=32)
    humidity: Span = Span(low=30, high=85)

    def deficits_kpa(self, leaf_offset_c: float = 0.0) -> tuple[float, float]:
        """Return the lowest and the highest VPD inside the limits; with an offset, that at the leaf."""
        corners = [
            saturation_kpa(celsius + leaf_offset_c) - saturation_kpa(celsius) * percent / 100
            for celsius in (self.temperature.low, self.temperature.high)
            for percent in (self.humidity.low, self.humidity.high)
        ]
        return min(corners), max(corners)


class Half(ClimateData):
    """What a day or a night aims at: a VPD (kPa), and what the air must not leave meanwhile."""

    vpd: Kpa
    vpd_range: tuple[Kpa, Kpa] | None = None
    limits: Limits | None = None

    @property
    def middle(self) -> float:
        """The middle of the range, which VPD_Perfection aims at; the target where there is none."""
        return sum(self.vpd_range) / 2 if self.vpd_range else self.vpd

    @model_validator(mode="after")
    def _inside_its_range(self) -> Self:
        if self.vpd_range and not self.vpd_range[0] <= self.vpd <= self.vpd_range[1]:
            low, high = self.vpd_range
            raise ValueError(f"vpd {self.vpd:g} kPa is outside of its own vpd_range {low:g} to {high:g} kPa")
        return self


class Stage(ClimateData):
    """A part of a plan: ``days`` long (none: to the end), with a day and a night; a night left out is as the day."""

    name: Name
    days: Annotated[int, Field(ge=1, le=3650)] | None = None
    light_hours: Annotated[float, Field(ge=0, le=24)] = 18
    day: Half
    night: Half | None = None
    limits: Limits | None = None

    def half(self, *, lit: bool) -> Half:
        """Return what it aims at."""
        return self.day if lit or self.night is None else self.night


class Plan(ClimateData):
    """Growth stages, or the days of a drying, one after another."""

    stages: Annotated[tuple[Stage, ...], Field(min_length=1, max_length=MOST_STAGES)]

    @model_validator(mode="after")
    def _only_the_last_is_endless(self) -> Self:
        for stage in self.stages[:-1]:
            if stage.days is None:
                raise ValueError(
                    f"stage {stage.name!r} has no days, and others follow it; only the last may last for ever"
                )
        return self

    def at(self, days: int) -> Stage:
        """Return the stage of a day, counted from 0; after the end, the last."""
        for stage in self.stages:
            if stage.days is None or days < stage.days:
                return stage
            days -= stage.days
        return self.stages[-1]


class Mode(StrEnum):
    """What a zone is controlled by; the names are the seed's."""

    VPD_TARGET = "VPD_Target"  # the stage's vpd, or one's own
    VPD_PERFECTION = "VPD_Perfection"  # the middle of the stage's vpd_range
    CLOSED_ENVIRONMENT = "Closed_Environment"  # temperature and humidity inside the limits, no venting
    DRYING = "Drying"  # the VPD of the drying plan
    MANUAL = "Manual"  # a person sets the levels
    OBSERVE = "Observe"  # decides as VPD_Target and logs, and commands nothing


VPD_MODES = (Mode.VPD_TARGET, Mode.VPD_PERFECTION, Mode.DRYING, Mode.OBSERVE)


class Light(ClimateData):
    """When the day begins, by the zone's clock; the stage says how long it is."""

    on_at: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] = "06:00"

    @property
    def on_s(self) -> float:
        """Seconds after midnight."""
        hours, minutes = self.on_at.split(":")
        return 3600.0 * int(hours) + 60.0 * int(minutes)


class LeafOffset(ClimateData):
    """Leaf minus air, °C: below 0 where the leaf is cooler."""

    day: Annotated[float, Field(ge=-8, le=8)] = -1.5
    night: Annotated[float, Field(ge=-8, le=8)] = -0.3


class Zone(ClimateData):
    """One volume of air, what measures it and what moves it. Without ``actuators``: those of ``actuators.yaml``.

    ``band_kpa`` is how far the VPD may be off its target either way, ``rails_kpa`` how far it must never be.
    ``vpd_of`` says which VPD a target means. ``sensor`` gives temperature and humidity, ``outside`` those of the air
    that a fan draws in.
    """

    sensor: Name
    outside: Name | None = None
    mode: Mode = Mode.OBSERVE
    plan: Name | None = None
    drying_plan: Name | None = None
    started: date | None = None
    target_kpa: Kpa | None = None
    vpd_of: Annotated[str, Field(pattern="^(air|leaf)$")] = "air"
    leaf_offset_c: LeafOffset = LeafOffset()
    band_kpa: Annotated[float, Field(ge=FINEST_BAND_KPA, le=1)] = 0.10
    rails_kpa: Kpa = 0.20
    ramp_kpa_per_min: Annotated[float, Field(gt=0, le=1)] = 0.02
    limits: Limits = Limits()
    light: Light = Light()
    timezone: str = "UTC"
    tick_s: Annotated[float, Field(ge=1, le=300)] = 10.0
    max_age_s: Annotated[float, Field(ge=5, le=3600)] = 60.0
    actuators: Annotated[tuple[ZoneActuator, ...], Field(max_length=MOST_ACTUATORS)] = ()

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        names = [each.name for each in self.actuators]
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"actuators share a name: {', '.join(repeated)}; each needs its own")
        if self.rails_kpa <= self.band_kpa:
            raise ValueError(f"rails_kpa {self.rails_kpa:g} must be wider than band_kpa {self.band_kpa:g}")
        return self

    def offset_c(self, *, lit: bool) -> float:
        """Return the leaf offset that counts for targets: 0 where they mean the air's VPD."""
        if self.vpd_of == "air":
            return 0.0
        return self.leaf_offset_c.day if lit else self.leaf_offset_c.night


class Climate(ClimateData):
    """``config/climate.yaml``: plans and zones by their names."""

    plans: dict[Name, Plan] = {}
    zones: dict[Name, Zone] = {}

    @model_validator(mode="after")
    def _every_target_can_be_reached(self) -> Self:
        faults = [fault for name, zone in self.zones.items() for fault in self._faults(name, zone)]
        if faults:
            raise PlacedError(*faults)
        return self

    def _faults(self, name: str, zone: Zone) -> Iterator[Placed]:
        here = ("zones", name)
        for key, plan in (("plan", zone.plan), ("drying_plan", zone.drying_plan)):
            if plan is None:
                continue
            if plan not in self.plans:
                known = ", ".join(sorted(self.plans)) or "none"
                yield (*here, key), f"{key} {plan!r} is not among plans ({known})"
            else:
                for why in unreachable(self.plans[plan], zone):
                    yield (*here, key), f"plan {plan!r}: {why}"
        needs = {Mode.DRYING: ("drying_plan", zone.drying_plan), Mode.VPD_PERFECTION: ("plan", zone.plan)}.get(
            zone.mode
        )
        if needs and needs[1] is None:
            yield here, f"mode {zone.mode.value} needs a {needs[0]}"
        if zone.mode in (Mode.VPD_TARGET, Mode.OBSERVE) and zone.plan is None and zone.target_kpa is None:
            yield here, "give it a plan or a target_kpa"
        if zone.target_kpa is not None and (fault := _out_of_reach(zone.target_kpa, zone.limits, zone, lit=True)):
            yield (*here, "target_kpa"), fault


def unreachable(plan: Plan, zone: Zone) -> list[str]:
    """Return what is wrong with a plan's targets in a zone, with the figures; empty where all can be reached."""
    faults = []
    for stage in plan.stages:
        for word, half, lit in (("day", stage.day, True), ("night", stage.night, False)):
            if half is None:
                continue
            limits = half.limits or stage.limits or zone.limits
            found = (_out_of_reach(target, limits, zone, lit=lit) for target in dict.fromkeys((half.vpd, half.middle)))
            faults += [f"stage {stage.name!r}, {word}: {fault}" for fault in found if fault]
    return faults


def _out_of_reach(target: float, limits: Limits, zone: Zone, *, lit: bool) -> str | None:
    low, high = limits.deficits_kpa(zone.offset_c(lit=lit))
    if low <= target <= high:
        return None
    warm, damp = limits.temperature, limits.humidity
    return (
        f"a VPD of {target:g} kPa cannot be reached at {warm.low:g} to {warm.high:g} °C and "
        f"{damp.low:g} to {damp.high:g} %: these give {low:.2f} to {high:.2f} kPa"
    )
