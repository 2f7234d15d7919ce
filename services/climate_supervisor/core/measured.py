"""The measures of a zone from its sensors, and whether it has a heat emergency.

Rules:
1. Guards judge by the extremes of the believed sensors: heat by the hottest, cold by the coldest.
2. Two believed sensors that disagree by more than the limit mean that neither is believed.
3. Heat at or above ``emergency_c`` is an emergency at once, also where it is beyond what the sensor can measure, of bad
   quality or a jump. Only another sensor that is believed and within the limit disproves it.
4. An emergency lasts until a believed sensor shows less than ``temperature.high``; silence does not end it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from services.climate_supervisor.core.reasons import Reason
from services.climate_supervisor.core.sensors import UNHEARD, Moved, SensorMemory, doubt
from shared.actuators import Measure, Sensor, ZoneSafety

Sensors = Mapping[tuple[Measure, Sensor], SensorMemory]


@dataclass(frozen=True, slots=True)
class Measured:
    """One measure of a zone now. ``doubt`` is None if it is believed; then it has values."""

    doubt: Reason | None
    low: float | None = None
    high: float | None = None
    simulated: bool = False
    text: str = ""


@dataclass(frozen=True, slots=True)
class Emergency:
    """A heat emergency: ``value`` °C, read by ``device``."""

    since_s: float
    value: float
    device: str


def measure_zone(rules: ZoneSafety, measure: Measure, sensors: Sensors, now_s: float, moved: Moved | None) -> Measured:
    """Return a measure of a zone now, from all of its sensors."""
    places = rules.sensors.get(measure, ())
    if not places:
        return Measured(Reason.NO_SENSOR, text=f"{measure}: no sensor is configured")
    doubts = {place: doubt(rules, measure, sensors.get((measure, place), UNHEARD), now_s, moved) for place in places}
    good = [sensors[measure, place] for place, found in doubts.items() if found is None]
    if not good:
        why = "; ".join(f"{place.device} {found}" for place, found in doubts.items())
        return Measured(next(iter(doubts.values())), text=f"{measure}: {why}")
    values = [memory.believed for memory in good if memory.believed is not None]
    low, high = min(values), max(values)
    simulated = any(memory.newest is not None and memory.newest.simulated for memory in good)
    if high - low > _tolerance(rules, measure):
        text = f"{measure}: its sensors read {low:g} and {high:g}"
        return Measured(Reason.SENSORS_DISAGREE, low, high, simulated, text)
    return Measured(None, low, high, simulated)


def _tolerance(rules: ZoneSafety, measure: Measure) -> float:
    match measure:
        case Measure.TEMPERATURE:
            return rules.disagree_c
        case Measure.HUMIDITY | Measure.MOISTURE:
            return rules.disagree_percent
        case Measure.CO2:
            return rules.co2_max_ppm / 2


def heat_emergency(
    rules: ZoneSafety, sensors: Sensors, before: Emergency | None, now_s: float, moved: Moved | None
) -> Emergency | None:
    """Return the heat emergency now; None without one."""
    places = rules.sensors.get(Measure.TEMPERATURE, ())
    memories = {place: sensors.get((Measure.TEMPERATURE, place), UNHEARD) for place in places}
    cool = {
        place
        for place, memory in memories.items()
        if doubt(rules, Measure.TEMPERATURE, memory, now_s, moved) is None
        and memory.believed is not None
        and memory.believed < rules.temperature.high
    }
    hot = [
        (memory.newest.value, place)
        for place, memory in memories.items()
        if memory.newest is not None
        and memory.newest.value is not None
        and memory.newest.value >= rules.emergency_c
        and now_s - memory.newest.heard_s <= rules.max_age_s
        and not cool - {place}
    ]
    if hot:
        value, place = max(hot, key=lambda item: item[0])
        return Emergency(now_s if before is None else before.since_s, value, place.device)
    return None if cool else before


def last_temperature(rules: ZoneSafety, sensors: Sensors) -> float | None:
    """Return the highest last temperature of the sensors, however old; None before the first."""
    places = rules.sensors.get(Measure.TEMPERATURE, ())
    newest = [memory.newest for place in places if (memory := sensors.get((Measure.TEMPERATURE, place)))]
    values = [reading.value for reading in newest if reading is not None and reading.value is not None]
    return max(values, default=None)
