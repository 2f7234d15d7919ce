"""The guards, in order: each may set an actuator's level, and the first that does decides.

A guard that only forbids leaves an actuator alone that is demanded off.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from services.climate_supervisor.core.measured import Emergency, Measured
from services.climate_supervisor.core.reasons import Reason
from services.climate_supervisor.core.shadow import Shadow
from services.climate_supervisor.core.templates import Binding
from shared.actuators import ActuatorKind, Measure, ZoneSafety
from shared.on_times import DAY_S, HOUR_S


@dataclass(frozen=True, slots=True)
class LevelDemand:
    """A level demanded of an actuator; it lapses at ``until_s``."""

    level: float
    until_s: float
    command: str
    reason: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class Stop:
    """An emergency stop in force for a zone, or for ``all`` zones."""

    zone: str
    by: str
    reason: str
    at: str = ""  # RFC 3339
    alert: bool = False  # whether the alerter ordered it


@dataclass(frozen=True, slots=True)
class Case:
    """All inputs for one actuator in this step. ``venting``: an exhaust of its zone is not known to be off."""

    binding: Binding
    rules: ZoneSafety
    shadow: Shadow
    measures: Mapping[Measure, Measured]
    now_s: float
    demand: LevelDemand | None = None
    stop: Stop | None = None
    emergency: Emergency | None = None
    venting: bool = False
    last_c: float | None = None

    @property
    def kind(self) -> ActuatorKind:
        """The actuator's kind."""
        return self.binding.actuator.kind

    @property
    def wanted(self) -> float:
        """The demanded level, rounded to a step of the actuator; 0 without a demand in force."""
        demand = self.demand
        return 0.0 if demand is None or demand.until_s < self.now_s else self.binding.actuator.stepped(demand.level)

    @property
    def safe_level(self) -> float:
        """Its safe level now; an exhaust is on if the last temperature, however old, was too high."""
        hot = self.last_c is not None and self.last_c > self.rules.temperature.high
        return 1.0 if self.kind is ActuatorKind.EXHAUST and hot else self.binding.actuator.safe_level

    def measured(self, measure: Measure) -> Measured:
        """Return a measure of its zone."""
        return self.measures[measure]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The level that an actuator must have, and why."""

    level: float
    reason: Reason
    text: str


def _emergency_stop(case: Case) -> Verdict | None:
    if case.stop is None:
        return None
    text = f"emergency stop by {case.stop.by}: {case.stop.reason}"
    policy, level = case.rules.exhaust_on_stop, 0.0
    if case.kind is ActuatorKind.EXHAUST:
        levels = {"stopped": 0.0, "running": 1.0, "safe": case.safe_level}
        level = levels[policy]
    elif case.kind is ActuatorKind.CIRCULATION and policy != "stopped":
        level = case.safe_level
    return Verdict(level, Reason.EMERGENCY_STOP, text)


def _heat_emergency(case: Case) -> Verdict | None:
    heat = case.emergency
    if heat is None:
        return None
    text = f"{heat.device} read {heat.value:g} °C, and no second sensor disproves it"
    if case.binding.actuator.row.heats or case.kind is ActuatorKind.CO2:
        return Verdict(0.0, Reason.HEAT_EMERGENCY, text)
    return Verdict(1.0, Reason.HEAT_EMERGENCY, text) if case.kind is ActuatorKind.EXHAUST else None


def _no_demand(case: Case) -> Verdict | None:
    if case.demand is None:
        return Verdict(case.safe_level, Reason.NO_DEMAND, "there is no demand for it")
    if case.demand.until_s < case.now_s:
        silent_s = case.now_s - case.demand.until_s
        return Verdict(case.safe_level, Reason.LEASE_LAPSED, f"the controller's demand lapsed {silent_s:.0f} s ago")
    return None


def _simulated(case: Case) -> Verdict | None:
    simulated = any(case.measured(measure).simulated for measure in case.binding.actuator.row.needs)
    if not simulated or case.binding.actuator.template == "simulated":
        return None
    return Verdict(
        case.binding.actuator.safe_level, Reason.SIMULATED_READINGS, "simulated readings switch nothing real"
    )


def _sensor(case: Case) -> Verdict | None:
    for measure in case.binding.actuator.row.needs:
        found = case.measured(measure)
        if found.doubt is not None:
            return Verdict(case.safe_level, found.doubt, found.text)
    return None


def _limits(case: Case) -> Verdict | None:
    """Forbid an actuator that would move a measure further beyond its limit."""
    rules, measures = case.rules, case.measures
    t, rh = measures[Measure.TEMPERATURE], measures[Measure.HUMIDITY]
    hot = t.high is not None and t.high >= rules.temperature.high
    cold = t.low is not None and t.low <= rules.temperature.low
    humid = rh.high is not None and rh.high >= rules.humidity.high
    dry = rh.low is not None and rh.low <= rules.humidity.low
    table = {
        ActuatorKind.HEATER: (hot, Reason.TOO_HOT, t.high, "°C"),
        ActuatorKind.COOLER: (cold, Reason.TOO_COLD, t.low, "°C"),
        ActuatorKind.EXHAUST: (cold, Reason.TOO_COLD, t.low, "°C"),
        ActuatorKind.HUMIDIFIER: (humid, Reason.TOO_HUMID, rh.high, "%"),
        ActuatorKind.DEHUMIDIFIER: (dry, Reason.TOO_DRY, rh.low, "%"),
    }
    beyond, reason, value, unit = table.get(case.kind, (False, Reason.DEMANDED, None, ""))
    if not beyond or case.wanted == 0 or value is None:
        return None
    return Verdict(0.0, reason, f"{value:g} {unit} is at or beyond the limit")


def _co2(case: Case) -> Verdict | None:
    if case.kind is not ActuatorKind.CO2 or case.wanted == 0:
        return None
    ppm = case.measured(Measure.CO2).high
    if ppm is not None and ppm >= case.rules.co2_max_ppm:
        text = f"{ppm:g} ppm, and {case.rules.co2_max_ppm:g} are the most"
        return Verdict(0.0, Reason.CO2_ENOUGH, text)
    return (
        Verdict(0.0, Reason.VENTING, "the exhaust is not off, so the gas would be blown out") if case.venting else None
    )


def _irrigation(case: Case) -> Verdict | None:
    moisture = case.measured(Measure.MOISTURE)
    if case.kind is not ActuatorKind.IRRIGATION or case.wanted == 0 or moisture.low is None:
        return None
    if moisture.low < case.rules.moisture_enough:
        return None
    text = f"{moisture.low:g} % is moist enough; {case.rules.moisture_enough:g} % is the limit"
    return Verdict(0.0, Reason.MOIST_ENOUGH, text)


def _failed(case: Case) -> Verdict | None:
    failure = case.shadow.failure
    if failure is None or case.wanted == 0:
        return None
    return Verdict(case.binding.actuator.safe_level, Reason.ACTUATOR_FAILED, f"{failure.fault}: {failure.text}")


def _unavailable(case: Case) -> Verdict | None:
    if case.shadow.available is not False:
        return None
    return Verdict(case.binding.actuator.safe_level, Reason.UNAVAILABLE, "it is not reachable")


def _on_times(case: Case) -> Verdict | None:
    """Bound the on-time of one run, an hour and a day; ``max_on_s`` ends a pulse of water."""
    actuator, times, now_s = case.binding.actuator, case.shadow.times, case.now_s
    if case.wanted == 0:
        return None
    run_s = 0.0 if times.on_since_s is None else now_s - times.on_since_s
    rows = (
        (actuator.max_on_s, run_s, Reason.MAX_ON, "without a break"),
        (actuator.on_s_per_hour, times.within_s(now_s, HOUR_S), Reason.HOUR_BUDGET, "within the hour"),
        (actuator.on_s_per_day, times.within_s(now_s, DAY_S), Reason.DAY_BUDGET, "within the day"),
    )
    for most_s, on_s, reason, where in rows:
        if most_s is not None and on_s >= most_s:
            return Verdict(0.0, reason, f"on for {on_s:.0f} s {where}; {most_s:g} s are the most")
    return None


def _resting(case: Case) -> Verdict | None:
    off_s, least_s = case.shadow.times.off_since_s, case.binding.actuator.least_off_s
    if case.wanted == 0 or case.shadow.times.on_since_s is not None or off_s is None or case.now_s - off_s >= least_s:
        return None
    rest_s = least_s - (case.now_s - off_s)
    return Verdict(0.0, Reason.RESTING, f"it rests for another {rest_s:.0f} s")


Guard = Callable[[Case], Verdict | None]
GUARDS: tuple[Guard, ...] = (
    _emergency_stop,
    _heat_emergency,
    _no_demand,
    _simulated,
    _sensor,
    _limits,
    _co2,
    _irrigation,
    _failed,
    _unavailable,
    _on_times,
    _resting,
)


def judge(case: Case) -> Verdict:
    """Return the verdict of the first guard that has one, else the demanded level."""
    for guard in GUARDS:
        if (verdict := guard(case)) is not None:
            return verdict
    return Verdict(case.wanted, Reason.DEMANDED, "" if case.demand is None else case.demand.reason)
