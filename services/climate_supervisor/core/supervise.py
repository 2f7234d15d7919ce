"""One step of the supervisor: from memory, demands and time to verdicts, orders and events. Pure.

Rules:
1. Everything is decided anew at every step, whatever was ordered before.
2. Off is ordered before on, the most harmful kind first (``KindRow.stop_order``).
3. After a third of its lease an actuator that is on gets its order again; so does one that is off although its safe
   level is another. One that is not known to be off gets off again.
4. An order carries the level for the end of the lease: the actuator's safe level, or the one that a stop or an
   emergency ordered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from services.climate_supervisor.core.exclusion import exclude
from services.climate_supervisor.core.guards import Case, LevelDemand, Stop, Verdict, judge
from services.climate_supervisor.core.measured import (
    Emergency,
    Measured,
    Sensors,
    heat_emergency,
    last_temperature,
    measure_zone,
)
from services.climate_supervisor.core.reasons import Reason
from services.climate_supervisor.core.sensors import UNHEARD, Moved, Reading, add_reading
from services.climate_supervisor.core.shadow import UNKNOWN, Ended, Shadow, follow_order, known_off, send
from services.climate_supervisor.core.templates import Binding
from shared.actuators import CHANNELS, ActuatorKind, Measure, ZoneSafety

EVERYWHERE = "all"  # the zone of a stop of everything
STAY = (Reason.EMERGENCY_STOP, Reason.HEAT_EMERGENCY)  # their levels hold after the lease, too
MOVERS: dict[Measure, tuple[ActuatorKind, ...]] = {
    Measure.TEMPERATURE: (ActuatorKind.HEATER, ActuatorKind.COOLER),
    Measure.HUMIDITY: (ActuatorKind.HUMIDIFIER, ActuatorKind.DEHUMIDIFIER),
    Measure.CO2: (ActuatorKind.CO2,),
    Measure.MOISTURE: (ActuatorKind.IRRIGATION,),
}


@dataclass(frozen=True, slots=True)
class World:
    """The settings of a run. ``run`` makes the order ids of this start unique.

    Unless ``armed``, everything is decided and nothing is ordered.
    """

    zones: Mapping[str, ZoneSafety]
    bindings: Mapping[str, Binding]
    run: str
    armed: bool = True


@dataclass(frozen=True, slots=True)
class Memory:
    """The supervisor's state. ``tries`` are demands of a person, which go before the controller's."""

    sensors: Mapping[str, Sensors] = field(default_factory=dict)
    shadows: Mapping[str, Shadow] = field(default_factory=dict)
    demands: Mapping[str, LevelDemand] = field(default_factory=dict)
    tries: Mapping[str, LevelDemand] = field(default_factory=dict)
    stops: Mapping[str, Stop] = field(default_factory=dict)
    emergencies: Mapping[str, Emergency] = field(default_factory=dict)
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    count: int = 0

    def shadow(self, name: str) -> Shadow:
        """Return the shadow of an actuator."""
        return self.shadows.get(name, UNKNOWN)

    def stop_of(self, zone: str) -> Stop | None:
        """Return the stop in force for a zone, or None."""
        return self.stops.get(EVERYWHERE) or self.stops.get(zone)


@dataclass(frozen=True, slots=True)
class Order:
    """A level to send to an actuator; ``renewal``: it has that level already, and only its lease is renewed."""

    actuator: str
    level: float
    command: str
    renewal: bool
    falls_to: float


@dataclass(frozen=True, slots=True)
class StepResult:
    """The outcome of a step."""

    memory: Memory
    orders: tuple[Order, ...]
    ended: tuple[tuple[str, Ended], ...]


def take_reading(
    world: World, memory: Memory, device: str, channel_values: Mapping[str, object], reading: Reading
) -> Memory:
    """Return the memory with the values of a device's state; ``reading`` has their common fields."""
    sensors = dict(memory.sensors)
    for zone, rules in world.zones.items():
        known = dict(sensors.get(zone, {}))
        for measure, places in rules.sensors.items():
            for place in places:
                if place.device != device:
                    continue
                value = channel_values.get(place.channel or CHANNELS[measure])
                number = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
                before = known.get((measure, place), UNHEARD)
                known[measure, place] = add_reading(rules, measure, before, replace(reading, value=number))
        sensors[zone] = known
    return replace(memory, sensors=sensors)


def step(world: World, memory: Memory, now_s: float) -> StepResult:
    """Return the new memory, the orders to send, and the orders that were settled."""
    settled = {name: follow_order(memory.shadow(name), binding, now_s) for name, binding in world.bindings.items()}
    memory = replace(memory, shadows={name: shadow for name, (shadow, _) in settled.items()})
    memory = replace(memory, emergencies=_emergencies(world, memory, now_s))
    cases = _cases(world, memory, now_s)
    verdicts = exclude(cases, {name: judge(case) for name, case in cases.items()})
    orders = _orders(world, memory, verdicts, now_s) if world.armed else ()
    shadows = dict(memory.shadows)
    for order in orders:
        shadow = shadows[order.actuator]
        shadows[order.actuator] = send(shadow, order.level, order.command, now_s, order.falls_to)
    tries = {name: demand for name, demand in memory.tries.items() if demand.until_s >= now_s}
    count = memory.count + sum(not order.renewal for order in orders)
    memory = replace(memory, shadows=shadows, verdicts=verdicts, tries=tries, count=count)
    ended = tuple((name, end) for name, (_, end) in settled.items() if end is not None)
    return StepResult(memory, orders, ended)


def forget_orders(memory: Memory) -> Memory:
    """Return the memory without orders, whose outcome is unknown after a lost connection.

    So a lease that lapses meanwhile is no fault. Each order is sent anew.
    """
    shadows = {name: replace(shadow, sent=None, settled=False) for name, shadow in memory.shadows.items()}
    return replace(memory, shadows=shadows)


def measures_of(world: World, memory: Memory, zone: str, now_s: float) -> dict[Measure, Measured]:
    """Return each measure of a zone."""
    rules, sensors = world.zones[zone], memory.sensors.get(zone, {})
    return {
        measure: measure_zone(rules, measure, sensors, now_s, _moved(world, memory, zone, measure, now_s))
        for measure in Measure
    }


def _emergencies(world: World, memory: Memory, now_s: float) -> dict[str, Emergency]:
    found = {}
    for zone, rules in world.zones.items():
        moved = _moved(world, memory, zone, Measure.TEMPERATURE, now_s)
        before = memory.emergencies.get(zone)
        found[zone] = heat_emergency(rules, memory.sensors.get(zone, {}), before, now_s, moved)
    return {zone: heat for zone, heat in found.items() if heat is not None}


def _moved(world: World, memory: Memory, zone: str, measure: Measure, now_s: float) -> Moved | None:
    """Return the newest run of the actuators that move a measure; of running ones, the longest."""
    runs: list[Moved] = []
    for name, binding in world.bindings.items():
        if binding.actuator.zone == zone and binding.actuator.kind in MOVERS[measure]:
            on = memory.shadow(name).times
            runs += [] if on.on_since_s is None else [Moved(on.on_since_s, now_s)]
            runs += [Moved(*on.spans[-1])] if on.spans else []
    return max(runs, key=lambda run: (run.until_s, -run.since_s), default=None)


def _cases(world: World, memory: Memory, now_s: float) -> dict[str, Case]:
    measures = {zone: measures_of(world, memory, zone, now_s) for zone in world.zones}
    last_c = {zone: last_temperature(rules, memory.sensors.get(zone, {})) for zone, rules in world.zones.items()}
    venting = {zone: _venting(world, memory, zone, now_s) for zone in world.zones}
    cases = {}
    for name, binding in world.bindings.items():
        zone = binding.actuator.zone
        trial = memory.tries.get(name)
        demand = trial if trial is not None and trial.until_s >= now_s else memory.demands.get(name)
        cases[name] = Case(
            binding=binding,
            rules=world.zones[zone],
            shadow=memory.shadow(name),
            measures=measures[zone],
            now_s=now_s,
            demand=demand,
            stop=memory.stop_of(zone),
            emergency=memory.emergencies.get(zone),
            venting=venting[zone],
            last_c=last_c[zone],
        )
    return cases


def _venting(world: World, memory: Memory, zone: str, now_s: float) -> bool:
    """Whether an exhaust of the zone runs, is demanded, or is not known to be off."""
    for name, binding in world.bindings.items():
        if binding.actuator.zone == zone and binding.actuator.kind is ActuatorKind.EXHAUST:
            demand = memory.demands.get(name)
            wanted = demand is not None and demand.until_s >= now_s and demand.level > 0
            if wanted or not known_off(memory.shadow(name), binding, now_s):
                return True
    return False


def _orders(world: World, memory: Memory, verdicts: Mapping[str, Verdict], now_s: float) -> tuple[Order, ...]:
    rows: list[tuple[str, float, float, str | None]] = []
    for name, verdict in verdicts.items():
        binding, sent = world.bindings[name], memory.shadow(name).sent
        falls_to = _falls_to(verdict, binding)
        if sent is None or (sent.level, sent.falls_to) != (verdict.level, falls_to):
            rows.append((name, verdict.level, falls_to, None))
        elif _renewal_due(memory.shadow(name), binding, now_s):
            rows.append((name, verdict.level, falls_to, sent.command))
    rows.sort(key=lambda row: (row[1] > 0, world.bindings[row[0]].actuator.row.stop_order, row[0]))
    numbers = iter(range(memory.count + 1, memory.count + 1 + len(rows)))
    return tuple(
        Order(name, level, command or f"{world.run}-{next(numbers)}", command is not None, falls_to)
        for name, level, falls_to, command in rows
    )


def _falls_to(verdict: Verdict, binding: Binding) -> float:
    """Return the level for the end of the lease; that of a stop or an emergency stays."""
    if not binding.carries_safe:
        return 0.0
    return verdict.level if verdict.reason in STAY else binding.actuator.safe_level


def _renewal_due(shadow: Shadow, binding: Binding, now_s: float) -> bool:
    sent, actuator = shadow.sent, binding.actuator
    if sent is None:
        return False
    since_s = now_s - sent.renewed_s
    lapsing = since_s >= actuator.lease_s / 3
    if sent.level > 0:
        return lapsing
    if lapsing and sent.falls_to > 0 and binding.leases_off:
        return True
    return since_s >= actuator.confirmed_within_s and not known_off(shadow, binding, now_s)
