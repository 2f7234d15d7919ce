"""What may be switched, and within which limits: ``config/actuators.yaml``, for the controller and the supervisor.

The table ``KINDS`` holds what follows from an actuator's kind alone. Levels run from 0 (off) to 1 (full).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.names import Name
from shared.placed_error import PlacedError

Level = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(ge=0, le=86_400)]
Place = Annotated[str, Field(max_length=256, pattern=r"^[^\x00-\x1f+#]*$")]  # a part of a topic, or a number


class ActuatorKind(StrEnum):
    """What an actuator does to the air, the plants or the light."""

    HEATER = "heater"
    COOLER = "cooler"
    HUMIDIFIER = "humidifier"
    DEHUMIDIFIER = "dehumidifier"
    EXHAUST = "exhaust"
    CIRCULATION = "circulation"
    LIGHT = "light"
    CO2 = "co2"
    IRRIGATION = "pump"  # water for the plants


class Measure(StrEnum):
    """What is measured in a zone; ``CHANNELS`` holds the channel that carries it."""

    TEMPERATURE = "temperature"
    HUMIDITY = "humidity"
    CO2 = "co2"
    MOISTURE = "moisture"


CHANNELS = {
    Measure.TEMPERATURE: "air_temperature",
    Measure.HUMIDITY: "relative_humidity",
    Measure.CO2: "co2",
    Measure.MOISTURE: "soil_moisture",
}


@dataclass(frozen=True, slots=True)
class KindRow:
    """What follows from a kind. ``safe``: its level where ``needs`` are in doubt. ``stop_order``: lowest first.

    The dwells are those that the law is simulated with, so that docs/climate.md holds for what is switched.
    """

    needs: tuple[Measure, ...]
    safe: float
    stop_order: int
    min_on_s: float
    min_off_s: float
    opposes: ActuatorKind | None = None
    heats: bool = False


_T, _RH = (Measure.TEMPERATURE,), (Measure.HUMIDITY,)
KINDS: dict[ActuatorKind, KindRow] = {
    #                                  needs           safe stop min_on min_off
    ActuatorKind.HEATER:       KindRow(_T,              0.0, 0,  60.0, 120.0, ActuatorKind.COOLER, heats=True),
    ActuatorKind.CO2:          KindRow((Measure.CO2,),  0.0, 1,   0.0,  60.0),
    ActuatorKind.IRRIGATION:   KindRow((),              0.0, 2,   0.0, 600.0),
    ActuatorKind.HUMIDIFIER:   KindRow(_RH,             0.0, 3,  20.0, 120.0, ActuatorKind.DEHUMIDIFIER),
    ActuatorKind.LIGHT:        KindRow((),              0.0, 4,   0.0,   0.0, heats=True),
    ActuatorKind.DEHUMIDIFIER: KindRow(_RH,             0.0, 5, 180.0, 300.0, ActuatorKind.HUMIDIFIER),
    ActuatorKind.COOLER:       KindRow(_T,              0.0, 6, 180.0, 300.0, ActuatorKind.HEATER),
    ActuatorKind.CIRCULATION:  KindRow((),              0.0, 7,   0.0,   0.0),
    ActuatorKind.EXHAUST:      KindRow(_T,              0.3, 8,   0.0,  60.0),
}  # fmt: skip


class Part(BaseModel):
    """Base of the parts of the file: frozen, and a key that it does not know is a fault."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)


class Actuator(Part):
    """One actuator. ``at`` fills its template's places; ``None`` means what its kind says.

    ``steps``: 1 is on or off, 10 a fan of ten speeds, 100 a dimmer. ``lease_s``: how long the actuator stays on without
    hearing from the supervisor. ``idle_below_w``: with a meter, the power below which it counts as off.
    """

    zone: Name
    kind: ActuatorKind
    template: Name
    at: dict[Name, Place] = {}
    steps: Annotated[int, Field(ge=1, le=255)] = 1
    lease_s: Annotated[float, Field(ge=5, le=3600)] = 60.0
    min_on_s: Seconds | None = None
    min_off_s: Seconds | None = None
    max_on_s: Seconds | None = None
    on_s_per_hour: Annotated[float, Field(gt=0, le=3600)] | None = None
    on_s_per_day: Annotated[float, Field(gt=0, le=86_400)] | None = None
    safe: Level | None = None
    acknowledged_within_s: Annotated[float, Field(gt=0, le=300)] = 5.0
    confirmed_within_s: Annotated[float, Field(gt=0, le=300)] = 15.0
    retry_after_s: Seconds = 300.0
    idle_below_w: Annotated[float, Field(gt=0)] = 2.0

    @property
    def row(self) -> KindRow:
        """What its kind says."""
        return KINDS[self.kind]

    @property
    def least_on_s(self) -> float:
        """How long it stays on at least, once on."""
        return self.row.min_on_s if self.min_on_s is None else self.min_on_s

    @property
    def least_off_s(self) -> float:
        """How long it stays off at least, once off."""
        return self.row.min_off_s if self.min_off_s is None else self.min_off_s

    @property
    def safe_level(self) -> float:
        """Where it goes when it may not follow the controller; a step that it has."""
        return self.stepped(self.row.safe if self.safe is None else self.safe)

    def stepped(self, level: float) -> float:
        """Return the nearest of its levels that is not above ``level``, within a millionth."""
        return int(min(max(level, 0.0), 1.0) * self.steps + 1e-6) / self.steps


class Sensor(Part):
    """Where a measurement comes from. Without ``channel`` it is the one of ``CHANNELS``."""

    device: Name
    channel: Name | None = None


class Range(Part):
    """Both ends in the measure's unit."""

    low: float
    high: float

    @model_validator(mode="after")
    def _ordered(self) -> Range:
        if self.low >= self.high:
            raise ValueError(f"low ({self.low:g}) must be below high ({self.high:g})")
        return self


class ZoneSafety(Part):
    """The limits of one zone, in °C, % and ppm. They are the supervisor's and no target changes them.

    ``emergency_c``: heat that no second sensor disproves switches every source of heat off. ``exhaust_on_stop``: on an
    emergency stop the exhaust is where it is safe, stopped (a fire wants no air), or running (heat wants out).
    ``stuck_after_s``: the longest that a sensor may stand still while something moves it; None: for ever.
    """

    sensors: dict[Measure, tuple[Sensor, ...]]
    max_age_s: Annotated[float, Field(ge=5, le=3600)] = 60.0
    future_s: Annotated[float, Field(ge=0, le=60)] = 5.0
    warm_up: Annotated[int, Field(ge=1, le=20)] = 3
    temperature: Range = Range(low=5.0, high=35.0)
    emergency_c: float = 42.0
    humidity: Range = Range(low=20.0, high=90.0)
    co2_max_ppm: Annotated[float, Field(gt=0, le=5000)] = 1500.0
    moisture_enough: Annotated[float, Field(gt=0, le=100)] = 60.0
    spike_c_per_min: Annotated[float, Field(gt=0)] = 5.0
    spike_percent_per_min: Annotated[float, Field(gt=0)] = 10.0
    disagree_c: Annotated[float, Field(gt=0)] = 4.0
    disagree_percent: Annotated[float, Field(gt=0)] = 15.0
    stuck_after_s: Annotated[float, Field(ge=60)] | None = 900.0
    exhaust_on_stop: Literal["stopped", "running", "safe"] = "safe"

    @model_validator(mode="after")
    def _emergency_beyond_the_limit(self) -> ZoneSafety:
        if self.emergency_c <= self.temperature.high:
            raise ValueError(
                f"emergency_c ({self.emergency_c:g}) must be above temperature.high ({self.temperature.high:g})"
            )
        return self


class ActuatorsFile(Part):
    """``config/actuators.yaml``. ``templates`` are for the supervisor alone to read."""

    enabled: bool = False
    armed: bool = False
    tick_s: Annotated[float, Field(ge=1, le=60)] = 5.0
    zones: Annotated[dict[Name, ZoneSafety], Field(max_length=100)] = {}
    actuators: Annotated[dict[Name, Actuator], Field(max_length=500)] = {}
    templates: dict[Name, Any] = {}

    @model_validator(mode="after")
    def _zones_and_sensors(self) -> Self:
        for name, actuator in self.actuators.items():
            zone = self.zones.get(actuator.zone)
            if zone is None:
                known = ", ".join(self.zones) or "none"
                reason = f"zone {actuator.zone!r} is not among zones; there: {known}"
                raise PlacedError((("actuators", name, "zone"), reason))
            for measure in actuator.row.needs:
                if not zone.sensors.get(measure):
                    reason = (
                        f"a {actuator.kind} needs the {measure} of its zone; give zones.{actuator.zone}.sensors "
                        f"a {measure}, or it would never leave its safe state"
                    )
                    raise PlacedError((("actuators", name), reason))
        return self


def action(level: float) -> str:
    """Return a level in a word: ``off``, ``on`` or ``on at 40 %``."""
    if level <= 0:
        return "off"
    return "on" if level >= 1 else f"on at {level * 100:.0f} %"
