"""When each signal of ``services/host_agent/core/phases.py`` holds: a function of one moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from services.host_agent.core.memory import Memory
from services.host_agent.core.phases import Signal
from services.host_agent.core.policies import POWER, Cause, DuePolicy, decisive, due_policies
from services.host_agent.core.rules import Rules
from services.host_agent.core.supply import Supply, last_of_battery_s, stands


@dataclass(frozen=True, slots=True)
class Moment:
    """The input at one time. ``dry_run``: actions are not carried out, so the host stays up."""

    rules: Rules
    memory: Memory
    now_s: float
    listening_since_s: float
    dry_run: bool

    def supply(self, device: str) -> Supply:
        """The supply of a device; empty before its first state."""
        return self.memory.supplies.get(device, Supply())

    @property
    def due_policies(self) -> dict[str, tuple[DuePolicy, ...]]:
        """The dangers to the host, by device."""
        return {
            device: due_policies(self.rules, device, self.supply(device), self.now_s, self.listening_since_s)
            for device in self.rules.devices
        }

    @property
    def due_policy(self) -> DuePolicy | None:
        """The danger that decides, now or later."""
        return decisive(self.rules, self.due_policies)

    @property
    def simulated(self) -> bool:
        """Whether the present shutdown began on simulated readings or, without one, whether the present ones are."""
        if self.memory.episode is not None:
            return self.memory.episode_simulated
        return any(self.supply(device).simulated for device in self.rules.devices)

    @property
    def in_phase_s(self) -> float:
        """How long the phase has lasted."""
        return self.now_s - self.memory.phase_since_s

    @property
    def countdown_s(self) -> float:
        """How much of the countdown is left."""
        delay_s = self.rules.delay_s if self.memory.delay_s is None else self.memory.delay_s
        return delay_s - self.memory.counted_s - self.in_phase_s

    @property
    def called_off(self) -> bool:
        """Whether a person wants the host to stay up."""
        until_s = self.memory.called_off_until_s
        return until_s is not None and self.now_s < until_s

    @property
    def by_power(self) -> bool:
        """Whether the shutdown under way ends when the mains are back."""
        return self.memory.cause in POWER and self.memory.ordered is None


@dataclass(frozen=True, slots=True)
class Trigger:
    """Why a shutdown begins now. ``place`` is the alert's."""

    cause: Cause
    why: str
    delay_s: float | None = None
    place: str | None = None


def trigger(moment: Moment) -> Trigger | None:
    """Return why a shutdown must begin now, None if it need not."""
    memory = moment.memory
    if memory.asked is not None:
        return Trigger(Cause.PERSON, memory.asked.why, memory.asked.delay_s)
    if moment.called_off:
        return None
    if moment.now_s >= moment.rules.boot_grace_s:
        for place, firing in memory.alerts.items():
            if memory.alerts_done.get(place) != firing.since:
                return Trigger(Cause.ALERT, f"{place}: {firing.message}", place=place)
    due_policy = moment.due_policy
    if due_policy is None or due_policy.due_s > moment.now_s:
        return None
    at_once = 0.0 if due_policy.cause is Cause.FORCED_SHUTDOWN else None  # the power goes soon (upsmon, FINALDELAY)
    return Trigger(due_policy.cause, describe(moment, due_policy), at_once)


def describe(moment: Moment, due_policy: DuePolicy) -> str:
    """Return a danger in words, with its figures."""
    supply = moment.supply(due_policy.device)
    since_s = moment.now_s if supply.on_battery_since_s is None else supply.on_battery_since_s
    last_s = last_of_battery_s(supply)
    heard_s = moment.now_s if last_s is None else last_s
    wording = {
        Cause.UNDERVOLTAGE: f"{' and '.join(sorted(set(moment.rules.active) & set(supply.active)))} on battery",
        Cause.BATTERY_LEVEL: f"the battery is {supply.battery}",
        Cause.CHARGE: f"the charge is {supply.charge_percent or 0:g} %",
        Cause.RUNTIME: f"{supply.runtime_left_s or 0:.0f} s of runtime are left"
        + (", by the lower bound of the estimate" if supply.runtime_is_estimate else ""),
        Cause.LOW_WORD: "the UPS calls its battery low (LB)",
        Cause.FORCED_SHUTDOWN: "the UPS is to cut the power (FSD)",
        Cause.ON_BATTERY_TOO_LONG: f"on battery for {moment.now_s - since_s:.0f} s",
        Cause.SILENT: f"last known on battery, and silent for {moment.now_s - heard_s:.0f} s",
    }
    return f"{due_policy.device}: {wording[due_policy.cause]}"


def _enough(moment: Moment, holds: Callable[[Supply], bool]) -> bool:
    return sum(holds(moment.supply(device)) for device in moment.rules.devices) >= moment.rules.needs


def _mains_seen(moment: Moment) -> bool:
    return moment.by_power and _enough(moment, lambda supply: supply.power == "mains")


def _mains_back(moment: Moment) -> bool:
    return moment.by_power and _enough(moment, lambda supply: stands(moment.rules, supply, moment.now_s))


def _on_battery(moment: Moment) -> bool:
    return any(moment.supply(device).on_battery_since_s is not None for device in moment.rules.devices)


def _safe_again(moment: Moment) -> bool:
    memory = moment.memory
    if memory.ordered is not None:
        return False
    if memory.cause is Cause.ALERT:
        return memory.alert not in memory.alerts
    if memory.cause is Cause.FORCED_SHUTDOWN:  # silence does not end it: the supply may be down already
        return not _forced(moment)
    due_policy = moment.due_policy
    return memory.cause is Cause.SILENT and (due_policy is None or due_policy.due_s > moment.now_s)


def _forced(moment: Moment) -> bool:
    return any(moment.supply(device).forced_shutdown for device in moment.rules.devices)


def _called_off(moment: Moment) -> bool:
    return moment.called_off and moment.memory.ordered is None


def _secondaries_gone(moment: Moment) -> bool:
    memory, rules = moment.memory, moment.rules
    if moment.in_phase_s >= rules.host_sync_s:
        return True
    return memory.alone_since_s is not None and moment.now_s - memory.alone_since_s >= rules.final_delay_s


def _over(moment: Moment) -> bool:
    ended_dry = moment.dry_run and not moment.by_power and moment.memory.cause is not Cause.FORCED_SHUTDOWN
    return _mains_back(moment) or _safe_again(moment) or ended_dry


SIGNAL_HOLDS: dict[Signal, Callable[[Moment], bool]] = {
    Signal.ORDERED: lambda moment: moment.memory.ordered is not None,
    Signal.ASKED: lambda moment: moment.memory.asked is not None,
    Signal.POLICY_DUE: lambda moment: trigger(moment) is not None,
    Signal.ON_BATTERY: _on_battery,
    Signal.ON_MAINS: lambda moment: not _on_battery(moment),
    Signal.MAINS_SEEN: _mains_seen,
    Signal.MAINS_GONE: lambda moment: not _mains_seen(moment),
    Signal.MAINS_BACK: _mains_back,
    Signal.SAFE_AGAIN: _safe_again,
    Signal.CALLED_OFF: _called_off,
    Signal.TIME_UP: lambda moment: moment.countdown_s <= 0,
    Signal.HOOKS_ENDED: lambda moment: moment.memory.hooks_ended and not _mains_seen(moment),
    Signal.SECONDARIES_GONE: _secondaries_gone,
    Signal.CUT_SETTLED: lambda moment: moment.memory.cut_settled or moment.in_phase_s >= moment.rules.cut_timeout_s,
    Signal.COMMAND_DONE: lambda moment: moment.memory.command == "done",
    Signal.COMMAND_FAILED: lambda moment: (
        moment.memory.command == "failed" and moment.in_phase_s >= moment.rules.retry_s
    ),
    Signal.OVER: _over,
}
