"""The policies as a table: the dangers to a host on battery, and from when on they hold.

Rules:
1. A policy holds only for a supply that is last known on battery. ``FORCED_SHUTDOWN`` holds on mains too: a supply that
   is about to cut the power does so in any case (FSD, upsmon(8)).
2. A policy needs a fresh reading of its figure. ``ON_BATTERY_TOO_LONG`` needs only the time. ``SILENT`` is NUT's rule:
   last known on battery, and no data of the battery for longer than the dead time, counts as empty (upsmon.conf(5),
   DEADTIME).
3. Nothing counts before the boot grace is over, so that a low battery after a reboot is no loop of shutdowns;
   only what cannot wait (an undervoltage) does.
4. ``LOW_WORD`` is upsmon's rule, on battery and LB is critical. As shipped it counts where the supply reports neither
   charge nor runtime; where it does, those decide, for some UPSs say LB as soon as the mains are gone (nut#1942).
5. Silence counts from the start of this process, so that a restart of the agent triggers nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from services.host_agent.core.rules import Rules
from services.host_agent.core.supply import Supply, fresh, last_of_battery_s


class Cause(StrEnum):
    """Why a host is shut down."""

    UNDERVOLTAGE = "undervoltage"
    BATTERY_LEVEL = "battery_level"
    CHARGE = "charge"
    RUNTIME = "runtime"
    LOW_WORD = "battery_low"
    FORCED_SHUTDOWN = "forced_shutdown"
    ON_BATTERY_TOO_LONG = "on_battery_too_long"
    SILENT = "silent_on_battery"
    ALERT = "alert"
    PERSON = "person"
    PRIMARY = "primary"


POWER = frozenset(Cause) - {
    Cause.ALERT,
    Cause.PERSON,
    Cause.PRIMARY,
    Cause.FORCED_SHUTDOWN,
}  # these end when mains are back


@dataclass(frozen=True, slots=True)
class SupplyMoment:
    """One supply at one moment. ``listening_since_s``: when this process began to listen."""

    rules: Rules
    supply: Supply
    now_s: float
    listening_since_s: float


@dataclass(frozen=True, slots=True)
class DuePolicy:
    """A policy that would cause a shutdown at ``due_s`` (monotonic; past: now) if nothing changes."""

    cause: Cause
    device: str
    due_s: float


@dataclass(frozen=True, slots=True)
class Policy:
    """``due`` returns from when on the policy holds, None if it does not.

    ``waits`` for the boot grace; ``on_mains``: holds whatever feeds the supply.
    """

    cause: Cause
    due: Callable[[SupplyMoment], float | None]
    wording: Callable[[Rules], str | None]
    waits: bool = True
    on_mains: bool = False


def _undervoltage(sight: SupplyMoment) -> float | None:
    hit = set(sight.rules.active) & set(sight.supply.active)
    return sight.now_s if hit and _fresh(sight, sight.supply.heard_s) else None


def _level(sight: SupplyMoment) -> float | None:
    levels = {"low": ("low", "critical"), "critical": ("critical",), "never": ()}[sight.rules.battery]
    return sight.now_s if sight.supply.battery in levels and _fresh(sight, last_of_battery_s(sight.supply)) else None


def _charge(sight: SupplyMoment) -> float | None:
    return _held(sight, sight.supply.charge_low_since_s, sight.supply.charge_heard_s)


def _runtime(sight: SupplyMoment) -> float | None:
    return _held(sight, sight.supply.runtime_low_since_s, sight.supply.runtime_heard_s)


def _low_word(sight: SupplyMoment) -> float | None:
    if sight.rules.low_word == "never":
        return None
    return _held(sight, sight.supply.word_low_since_s, sight.supply.heard_s)


def _forced_shutdown(sight: SupplyMoment) -> float | None:
    holds = sight.rules.forced_shutdown and sight.supply.forced_shutdown and _fresh(sight, sight.supply.heard_s)
    return sight.now_s if holds else None


def _too_long(sight: SupplyMoment) -> float | None:
    limit, since_s = sight.rules.on_battery_for_s, sight.supply.on_battery_since_s
    return None if limit is None or since_s is None else since_s + limit


def _silent(sight: SupplyMoment) -> float | None:
    heard_s = last_of_battery_s(sight.supply)
    return None if heard_s is None else max(heard_s, sight.listening_since_s) + sight.rules.dead_time_s


def _held(sight: SupplyMoment, since_s: float | None, heard_s: float | None) -> float | None:
    return None if since_s is None or not _fresh(sight, heard_s) else since_s + sight.rules.hold_s


def _fresh(sight: SupplyMoment, heard_s: float | None) -> bool:
    return fresh(sight.rules, heard_s, sight.now_s)


_LOW_WORDINGS = {
    "never": None,
    "always": "LB, the UPS's own word",
    "alone": "LB, where neither charge nor runtime is known",
}

POLICIES: tuple[Policy, ...] = (
    Policy(Cause.UNDERVOLTAGE, _undervoltage, lambda r: f"{' or '.join(r.active)} is active" if r.active else None,
           waits=False),
    Policy(Cause.BATTERY_LEVEL, _level, lambda r: None if r.battery == "never" else f"battery {r.battery}"),
    Policy(Cause.CHARGE, _charge,
           lambda r: None if r.charge_below_percent is None else f"charge {r.charge_below_percent:g} % or less"),
    Policy(Cause.RUNTIME, _runtime,
           lambda r: None if r.runtime_below_s is None else f"{r.runtime_below_s:g} s of runtime left or less"),
    Policy(Cause.LOW_WORD, _low_word, lambda r: _LOW_WORDINGS[r.low_word]),
    Policy(Cause.FORCED_SHUTDOWN, _forced_shutdown,
           lambda r: "FSD, the UPS is to cut the power" if r.forced_shutdown else None, on_mains=True),
    Policy(Cause.ON_BATTERY_TOO_LONG, _too_long,
           lambda r: None if r.on_battery_for_s is None else f"on battery for {r.on_battery_for_s:g} s"),
    Policy(Cause.SILENT, _silent, lambda r: f"silent for {r.dead_time_s:g} s while last known on battery"),
)  # fmt: skip


def due_policies(
    rules: Rules, device: str, supply: Supply, now_s: float, listening_since_s: float
) -> tuple[DuePolicy, ...]:
    """Return the dangers to a host on this supply, the first due first."""
    sight = SupplyMoment(rules, supply, now_s, listening_since_s)
    found = [
        DuePolicy(policy.cause, device, max(due_s, rules.boot_grace_s) if policy.waits else due_s)
        for policy in POLICIES
        if (policy.on_mains or supply.power == "battery") and (due_s := policy.due(sight)) is not None
    ]
    return tuple(sorted(found, key=lambda due_policy: due_policy.due_s))


def decisive(rules: Rules, found: dict[str, tuple[DuePolicy, ...]]) -> DuePolicy | None:
    """Return the danger that leaves fewer than ``needs`` sound supplies; None if enough are in no danger."""
    first = sorted((of_device[0] for of_device in found.values() if of_device), key=lambda due_policy: due_policy.due_s)
    spare = len(rules.devices) - rules.needs
    return first[spare] if len(first) > spare else None
