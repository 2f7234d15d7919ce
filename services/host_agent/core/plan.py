"""The plan for a person: what would happen now, or why it does not, from the same policies and the same moment.

Rules:
1. Seconds are from now; a step that waits for a danger counts from that danger.
2. ``obstacles`` are the reasons why the machine does not go down now, each as a sentence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.host_agent.core.phases import FINAL, UNDER_WAY, Phase
from services.host_agent.core.policies import POLICIES, DuePolicy
from services.host_agent.core.signals import Moment, describe
from services.host_agent.core.supply import fresh, last_of_battery_s


@dataclass(frozen=True, slots=True)
class PlannedActions:
    """The configured actions, which the plan shows and no decision needs."""

    warn: tuple[str, ...] = ()
    hooks: tuple[tuple[str, float], ...] = ()  # what, and its timeout in seconds
    secondaries: tuple[str, ...] = ()
    cut_power: str | None = None
    action: str = ""


def plan(moment: Moment, acts: PlannedActions) -> Mapping[str, Any]:
    """Return the plan, JSON-ready."""
    memory = moment.memory
    return {
        "phase": str(memory.phase),
        "in_phase_s": round(moment.in_phase_s, 1),
        "cause": None if memory.cause is None else str(memory.cause),
        "why": memory.why or None,
        "dry_run": moment.dry_run,
        "supplies": [_supply(moment, device) for device in moment.rules.devices],
        "policies": _policies(moment),
        "steps": _steps(moment, acts),
        "obstacles": obstacles(moment),
    }


def _supply(moment: Moment, device: str) -> dict[str, Any]:
    supply = moment.supply(device)
    return {
        "device": device,
        "power": supply.power,
        "battery": supply.battery,
        "charge_percent": supply.charge_percent,
        "runtime_left_s": supply.runtime_left_s,
        "runtime_is_estimate": supply.runtime_is_estimate,
        "heard_s_ago": _ago(moment, supply.heard_s),
        "fresh": fresh(moment.rules, supply.heard_s, moment.now_s),
        "on_battery_s": _ago(moment, supply.on_battery_since_s),
        "battery_heard_s_ago": _ago(moment, supply.battery_heard_s),
        "battery_low": supply.battery_low,
        "forced_shutdown": supply.forced_shutdown,
        "simulated": supply.simulated,
        "doubt": supply.doubt,
    }


def _policies(moment: Moment) -> list[dict[str, Any]]:
    """Each policy that is on, for each device: whether it holds, and in how many seconds it would decide."""
    rows = []
    for device, found in moment.due_policies.items():
        due = {due_policy.cause: due_policy.due_s for due_policy in found}
        for policy in POLICIES:
            if (wording := policy.wording(moment.rules)) is not None:
                in_s = None if policy.cause not in due else round(max(0.0, due[policy.cause] - moment.now_s), 1)
                rows.append({"device": device, "policy": wording, "cause": str(policy.cause), "in_s": in_s})
    return rows


def _steps(moment: Moment, acts: PlannedActions) -> list[dict[str, Any]]:
    """Return the remaining steps, with the earliest and latest second of their beginning; None: not before a danger."""
    earliest = latest = _begin_s(moment)
    steps = []
    for phase, what, lasts_s in _to_come(moment, acts):
        if what is not None:
            steps.append({"earliest_s": _rounded(earliest), "latest_s": _rounded(latest), "what": what})
        if latest is not None:
            latest += lasts_s
            earliest = latest if phase is Phase.COUNTING_DOWN else earliest  # all else may end sooner
    return steps


def _to_come(moment: Moment, acts: PlannedActions) -> list[tuple[Phase, str | None, float]]:
    """Return the step of each phase that is not over, and how long it may last."""
    rules, phase = moment.rules, moment.memory.phase
    counting = phase in (Phase.COUNTING_DOWN, Phase.HELD)
    names = ", ".join(acts.secondaries)
    cut = f"ask {acts.cut_power} to cut the power afterwards" if acts.cut_power else None
    rows: list[tuple[Phase, str | None, float]] = [
        (Phase.COUNTING_DOWN, None if counting else "; ".join(("warn", *acts.warn)), _countdown_s(moment)),
        *((Phase.HOOKS, f"hook: {what}", timeout_s) for what, timeout_s in acts.hooks),
        (Phase.SECONDARIES, f"send {names} down, and wait" if names else None, rules.host_sync_s if names else 0.0),
        (Phase.CUTTING_POWER, cut, rules.cut_timeout_s if cut else 0.0),
        (Phase.ACTING, acts.action, 0.0),
    ]
    order = list(Phase)
    first = order.index(Phase.COUNTING_DOWN if counting else phase)
    return [row for row in rows if order.index(row[0]) >= first]


def _begin_s(moment: Moment) -> float | None:
    """Return in how many seconds it begins; None without a danger."""
    if moment.memory.phase in (*UNDER_WAY, *FINAL):
        return 0.0
    due_policy = moment.due_policy
    return None if due_policy is None else max(0.0, due_policy.due_s - moment.now_s)


def _countdown_s(moment: Moment) -> float:
    """Return the (remaining) length of the countdown, s; it stands still while it is held."""
    if moment.memory.phase is Phase.HELD:
        return max(0.0, moment.countdown_s + moment.in_phase_s)
    return max(0.0, moment.countdown_s) if moment.memory.phase is Phase.COUNTING_DOWN else moment.rules.delay_s


def obstacles(moment: Moment) -> list[str]:
    """Return what keeps the host up, each as a sentence."""
    memory, rules = moment.memory, moment.rules
    found = []
    if memory.phase in FINAL:
        found.append("nothing: it is past the point of no return")
    if moment.dry_run:
        why = "its readings are simulated or recorded" if moment.simulated else "dry_run is on"
        found.append(f"{why}: everything is only said, nothing is done")
    if memory.phase is Phase.HELD:
        found.append(
            f"mains are seen: the countdown waits, and is cancelled when they stand for {rules.mains_back_s:g} s"
        )
    if moment.called_off:
        left_s = (memory.called_off_until_s or 0.0) - moment.now_s
        found.append(f"called off by {memory.called_off_by} for another {left_s:.0f} s")
    if moment.now_s < rules.boot_grace_s:
        found.append(f"the machine started {moment.now_s:.0f} s ago; for {rules.boot_grace_s:g} s most policies wait")
    for device in rules.devices:
        found += _supply_obstacles(moment, device)
    if (due_policy := moment.due_policy) is not None and memory.phase in (Phase.WATCHING, Phase.WARNED):
        found.append(_coming(moment, due_policy))
    return found


def _supply_obstacles(moment: Moment, device: str) -> list[str]:
    supply, rules = moment.supply(device), moment.rules
    doubt = f": {supply.doubt}" if supply.doubt else ""
    if supply.heard_s is None:
        return [f"{device}: never heard since the machine started{doubt}; what is not known shuts nothing down"]
    ago_s = _ago(moment, supply.heard_s)
    if supply.power == "mains":
        silent = "" if fresh(rules, supply.heard_s, moment.now_s) else f", silent for {ago_s:g} s{doubt}"
        return [f"{device}: last known on mains{silent}"]
    if not fresh(rules, last_of_battery_s(supply), moment.now_s):
        return [f"{device}: silent for {_ago(moment, last_of_battery_s(supply)):g} s{doubt}"]
    return []


def _coming(moment: Moment, due_policy: DuePolicy) -> str:
    left_s = due_policy.due_s - moment.now_s
    if left_s > 0:
        return f"not yet: {due_policy.cause} in {left_s:.0f} s"
    return f"nothing: {describe(moment, due_policy)}"


def _ago(moment: Moment, since_s: float | None) -> float | None:
    return None if since_s is None else round(moment.now_s - since_s, 1)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
