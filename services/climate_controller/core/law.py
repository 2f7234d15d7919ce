"""The control law: from readings to a level for each actuator, with a reason. Pure.

Rules:
1. Every tick decides on every actuator, so a request is repeated while it holds.
2. Limits come before the VPD, and are judged at every tick, also with the VPD in its band (``limits``).
3. Without a fresh reading everything is requested off but light and circulation.
4. Observe decides as VPD_Target does and commands nothing; so does a pause.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from services.climate_controller.core import effects, estimate, limits, wording
from services.climate_controller.core.levels import Choice, Situation, choose
from services.climate_controller.core.state import MOST_DELAY_S, Change, State, Stop
from services.climate_controller.core.targets import Aim, aim_of, climb_kpa_per_min, ramped
from services.climate_controller.core.tick import Air, Tick
from shared.climate.decisions import Decision, Reason
from shared.climate.psychrometrics import leaf_deficit_kpa
from shared.climate.zones import Kind, Mode, Plan, Zone, ZoneActuator

WARM_UP = 3  # readings
MARGIN_KPA = 0.006  # inside the edges of the band, for noise
ONE_READING_S = 0.5  # two readings closer together count as one: their slope would be noise
STOP_WATCH_S = 90.0
IDLE_S = 900.0  # how long an actuator without effect rests, where another can do its work
TRIED_AGAIN = 0.25  # the share of its assumed rate that it resumes with
WATCHES = 0.15  # share of an observed delay that corrects the learned one
UNMOVED = (Kind.LIGHT, Kind.CIRCULATION)  # not switched off when readings are missing

Wants = dict[str, tuple[float, Reason]]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of a tick. ``commands`` False: the decisions are only reported, and nothing is commanded."""

    decisions: tuple[Decision, ...]
    commands: bool
    mode: Mode
    lit: bool
    vpd: float | None = None
    target: float | None = None
    stage: str | None = None
    changes: tuple[Change, ...] = ()


def decide(name: str, zone: Zone, plans: Mapping[str, Plan], state: State, tick: Tick) -> tuple[State, Verdict]:
    """Return the state and the verdict of one tick of one zone."""
    state, changes = _resumed(state, tick.now_s)
    aim = aim_of(zone, plans, state, tick)
    state = _measured(zone, state, tick, aim)
    state, moved = _aimed(zone, state, tick, aim)
    state, wants, until_s = _wanted(zone, state, tick, aim)
    state, required = _required(zone, state)
    decisions = tuple(
        Decision(
            name, each.name, wants[each.name][0], wants[each.name][1], wording.text(wants[each.name][1], state, tick),
            until_s.get(each.name),
        )
        for each in zone.actuators
    )  # fmt: skip
    commands = state.pause is None and state.mode is not Mode.OBSERVE
    vpd = state.estimate.vpd if state.estimate and state.readings else None
    return state, Verdict(
        decisions, commands, state.mode, aim.lit, vpd, state.target_kpa, aim.stage, (*changes, *moved, *required)
    )


def vpd_of(zone: Zone, air: Air, *, lit: bool) -> float:
    """Return the VPD, kPa, that a zone's targets refer to; negative where dew falls on the leaf."""
    offset_c = zone.offset_c(lit=lit)
    return leaf_deficit_kpa(air.celsius, air.percent, air.celsius + offset_c)


def _resumed(state: State, now_s: float) -> tuple[State, tuple[Change, ...]]:
    if state.pause is None or now_s < state.pause.until_s:
        return state, ()
    ended = Change("control.automation.resumed", {"reason": "the pause is over", "by": "schedule"})
    return replace(state, pause=None), (ended,)


def _measured(zone: Zone, state: State, tick: Tick, aim: Aim) -> State:
    """Update the estimate by the reading; a missing or old one resets the count of readings."""
    air = tick.air
    if air is None or tick.now_s - air.at_s > zone.max_age_s:
        return replace(state, readings=0, estimate=None, stop=None)
    measured = vpd_of(zone, air, lit=aim.lit)
    before = state.estimate
    if before is None:
        rates = estimate.assumed_rates(zone.actuators, state.rates)
        return replace(state, estimate=estimate.begin(measured, air.at_s, rates), readings=1, lit=aim.lit)
    if air.at_s - before.at_s < ONE_READING_S:
        return state
    if state.lit is not None and state.lit is not aim.lit:
        before = replace(before, light_s=air.at_s)
    distances = effects.distances(zone.actuators, before.vpd, _vented(zone, tick, aim))
    levels = {each: running.level for each, running in tick.running.items()}
    if any(running.since_s > before.switched_s for running in tick.running.values()):
        before = replace(before, switched_s=max(running.since_s for running in tick.running.values()))
    after = estimate.follow(before, measured, air.at_s, levels, distances, zone.actuators)
    state = replace(state, estimate=after, rates=after.rates, readings=state.readings + 1, lit=aim.lit)
    return _watched(_without_effect(zone, state, tick), tick.now_s)


def _without_effect(zone: Zone, state: State, tick: Tick) -> State:
    """Rest running actuators that have had no effect, if another can do their work."""
    rates, idle = dict(state.rates), {name: s for name, s in state.idle_until.items() if s > tick.now_s}
    for each in zone.actuators:
        runs = each.name in tick.running and tick.running[each.name].level > 0
        if not runs or each.name not in rates or not effects.does_nothing(each.kind, rates[each.name]):
            continue
        if any(one.name not in idle for one in zone.actuators if one is not each and _same_way(each, one)):
            idle[each.name] = tick.now_s + IDLE_S
            rates[each.name] = TRIED_AGAIN * effects.RATES[each.kind]
    if idle == state.idle_until:
        return state
    assert state.estimate is not None  # noqa: S101 - rates are learned with one
    return replace(state, estimate=replace(state.estimate, rates=rates), rates=rates, idle_until=idle)


def _same_way(one: ZoneActuator, other: ZoneActuator) -> bool:
    return other.kind in effects.RATES and effects.RATES[one.kind] * effects.RATES[other.kind] > 0


def _watched(state: State, now_s: float) -> State:
    """Learn the loop's delay from how far the VPD continued after a stop."""
    stop = state.stop
    if stop is None or state.estimate is None:
        return state
    direction = 1 if stop.slope > 0 else -1
    vpd = state.estimate.vpd
    if direction * (vpd - stop.farthest) > 0:
        stop = replace(stop, farthest=vpd)
    if now_s - stop.at_s < STOP_WATCH_S:
        return replace(state, stop=stop)
    seen_s = 60 * (stop.farthest - stop.vpd) / stop.slope
    delay_s = min(max(state.delay_s + WATCHES * (seen_s - state.delay_s), 0.0), MOST_DELAY_S)
    return replace(state, stop=None, delay_s=delay_s)


def _vented(zone: Zone, tick: Tick, aim: Aim) -> float | None:
    outside = tick.outside
    if tick.air is None or outside is None or tick.now_s - outside.at_s > 10 * zone.max_age_s:
        return None
    return effects.vented_kpa(tick.air, outside, zone.offset_c(lit=aim.lit))


def _aimed(zone: Zone, state: State, tick: Tick, aim: Aim) -> tuple[State, tuple[Change, ...]]:
    """Move the target along its ramp; a new goal is an event."""
    if aim.goal_kpa is None:
        return replace(state, target_kpa=None, goal_kpa=None), ()
    target = ramped(state, aim.goal_kpa, tick.now_s, zone.ramp_kpa_per_min)
    changes: tuple[Change, ...] = ()
    if state.goal_kpa is not None and state.goal_kpa != aim.goal_kpa:
        reason = f"stage {aim.stage}, {'day' if aim.lit else 'night'}" if aim.stage else "set"
        changes = (
            Change(
                "control.target.updated",
                {"parameter": "vpd", "old_target": state.goal_kpa, "new_target": aim.goal_kpa, "reason": reason},
            ),
        )
    return replace(state, target_kpa=target, target_s=tick.now_s, goal_kpa=aim.goal_kpa), changes


def _wanted(zone: Zone, state: State, tick: Tick, aim: Aim) -> tuple[State, Wants, dict[str, float]]:
    if state.pause is not None:
        return state, _as_it_is(zone, tick, Reason.PAUSED), {}
    if state.mode is Mode.MANUAL:
        return state, {each.name: (state.levels.get(each.name, 0.0), Reason.MANUAL) for each in zone.actuators}, {}
    scheduled = {each.name: (float(aim.lit), Reason.SCHEDULE) for each in zone.actuators if each.kind is Kind.LIGHT}
    if state.estimate is None or state.readings < WARM_UP:
        reason = Reason.NO_READING if state.estimate is None else Reason.WARMING_UP
        return state, _unread(zone, tick, reason) | scheduled, {}
    assert tick.air is not None  # noqa: S101 - an estimate is of a reading
    closed = state.mode is Mode.CLOSED_ENVIRONMENT
    offset_c = zone.leaf_offset_c.day if aim.lit else zone.leaf_offset_c.night
    air = tick.air
    leaf_kpa = leaf_deficit_kpa(air.celsius, air.percent, air.celsius + offset_c)
    active = limits.reached(aim.limits, air, leaf_kpa, state.limits, inset=1.0 if closed else 0.0)
    state = replace(state, limits=active)
    wants: Wants = {each.name: (0.0, Reason.NOT_FOR_MODE) for each in zone.actuators if _left_out(each, state.mode)}
    free = tuple(each for each in zone.actuators if each.name not in wants and each.name not in scheduled)
    idle = {each.name: (0.0, Reason.NO_EFFECT) for each in free if each.name in state.idle_until}
    held = idle | limits.held(free, active, air, tick.outside, tick.running, tick.now_s)
    if aim.goal_kpa is None:
        at_rest = {each.name: (0.0, Reason.IN_BAND) for each in free}
        return state, wants | at_rest | held | scheduled, {}
    situation = _situation(zone, state, tick, aim, free, held)
    choice = choose(situation)
    state, until_s = _stopping(state, situation, choice, tick)
    timed = {name: (tick.running[name].level, choice.wants[name][1]) for name in until_s}
    return state, wants | choice.wants | timed | scheduled, until_s


def _left_out(each: ZoneActuator, mode: Mode) -> bool:
    """Whether a mode does not use an actuator: Closed no exhaust, and no mode CO2 and irrigation."""
    return each.kind in (Kind.CO2, Kind.IRRIGATION) or (mode is Mode.CLOSED_ENVIRONMENT and each.kind is Kind.EXHAUST)


def _as_it_is(zone: Zone, tick: Tick, reason: Reason) -> Wants:
    running = tick.running
    return {each.name: (running[each.name].level if each.name in running else 0.0, reason) for each in zone.actuators}


def _unread(zone: Zone, tick: Tick, reason: Reason) -> Wants:
    """Return the levels without readings: off, but for light and circulation."""
    running = tick.running
    return {
        each.name: (running[each.name].level if each.kind in UNMOVED and each.name in running else 0.0, reason)
        for each in zone.actuators
    }


def _situation(
    zone: Zone, state: State, tick: Tick, aim: Aim, free: tuple[ZoneActuator, ...], held: Wants
) -> Situation:
    assert state.estimate is not None  # noqa: S101 - asked for only with one
    assert tick.air is not None  # noqa: S101
    assert state.target_kpa is not None  # noqa: S101
    vented = _vented(zone, tick, aim)
    found = state.estimate
    distances = effects.distances(zone.actuators, found.vpd, vented)
    span = aim.limits.temperature
    climb = climb_kpa_per_min(state, zone.ramp_kpa_per_min)
    return Situation(
        actuators=free,
        running=tick.running,
        vpd=found.vpd,
        drift=found.drift - climb,
        climb=climb,
        pushes={name: found.rates[name] * distance for name, distance in distances.items()},
        vent_gain=None if vented is None else vented - found.vpd,
        target=state.target_kpa,
        reach=zone.band_kpa - MARGIN_KPA,
        delay_s=state.delay_s,
        tick_s=zone.tick_s,
        now_s=tick.now_s,
        celsius_room=(tick.air.celsius - (span.low + span.high) / 2) / ((span.high - span.low) / 2),
        held=held,
    )


def _stopping(state: State, now: Situation, choice: Choice, tick: Tick) -> tuple[State, dict[str, float]]:
    """Note what stops, and when: the overshoot shows the delay."""
    stops = [
        each.name
        for each in now.actuators
        if choice.wants[each.name] == (0.0, Reason.STOPS_AHEAD) and tick.running[each.name].level > 0
    ]
    if not stops:
        return state, {}
    in_s = choice.stop_in_s or 0.0
    levels = {name: running.level for name, running in tick.running.items()}
    slope = now.drift + now.climb + sum(push * levels.get(name, 0.0) for name, push in now.pushes.items())
    vpd = now.vpd + slope * in_s / 60
    state = replace(state, stop=Stop(tick.now_s + in_s, vpd, slope, now.vpd))
    return state, dict.fromkeys(stops, tick.now_s + in_s) if in_s > 0 else {}


def _required(zone: Zone, state: State) -> tuple[State, tuple[Change, ...]]:
    """Return an event once when the VPD leaves its band, with the side."""
    if state.estimate is None or state.target_kpa is None or not state.readings:
        return state, ()
    vpd, target = state.estimate.vpd, state.target_kpa
    off = vpd - target
    side = 0 if abs(off) <= zone.band_kpa else 1 if off > 0 else -1
    if side == state.off_target:
        return state, ()
    state = replace(state, off_target=side)
    if side == 0:
        return state, ()
    action = "reduce_vpd" if side > 0 else "increase_vpd"
    required = Change(
        "control.vpd.action_required",
        {"current_vpd": round(vpd, 3), "target_vpd": round(target, 3), "action": action},
    )
    return state, (required,)
