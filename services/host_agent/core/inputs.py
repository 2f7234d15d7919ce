"""What may happen to the agent besides the passing of time: each changes the memory, and none decides anything."""

from __future__ import annotations

from datetime import datetime

from services.host_agent.core.limits import FIRING, FIRINGS_DONE
from services.host_agent.core.memory import Asked, Firing, Memory
from services.host_agent.core.phases import Phase
from services.host_agent.core.rules import Rules
from services.host_agent.core.supply import Supply, after_state
from shared.messages import Alert, AlertState, DeviceState

FIRES = (AlertState.FIRING, AlertState.ACKNOWLEDGED)


def state_heard(rules: Rules, memory: Memory, state: DeviceState, now_s: float, *, retained: bool) -> Memory:
    """Take a device's state; of a device the host does not hang on, nothing."""
    if state.device not in rules.devices:
        return memory
    supply = after_state(rules, memory.supplies.get(state.device, Supply()), state, now_s, retained=retained)
    return memory.with_(supplies={**memory.supplies, state.device: supply})


def alert_heard(rules: Rules, memory: Memory, alert: Alert, *, news: bool) -> Memory:
    """Take an alert, if it is one of those that shut the host down; one that is no news only is known from now on."""
    place = f"{alert.rule}/{alert.key}"
    if not {place, alert.rule} & set(rules.alerts):
        return memory
    if alert.state not in FIRES:
        return memory.with_(alerts={name: firing for name, firing in memory.alerts.items() if name != place})
    if place not in memory.alerts and len(memory.alerts) >= FIRING.most:
        return memory
    if not news and place not in memory.alerts:
        memory = memory.with_(alerts_done=with_done(memory, place, alert.since))
    return memory.with_(alerts={**memory.alerts, place: Firing(since=alert.since, message=alert.message)})


def hears_no_more(rules: Rules, memory: Memory, alert: Alert) -> bool:
    """Whether an alert would shut the host down, and finds no room beside those that fire."""
    place = f"{alert.rule}/{alert.key}"
    known = place in memory.alerts or not {place, alert.rule} & set(rules.alerts)
    return alert.state in FIRES and not known and len(memory.alerts) >= FIRING.most


def with_done(memory: Memory, place: str, since: datetime) -> dict[str, datetime]:
    """Return the firings that are no news with one more; beyond the bound the oldest go that fire no more."""
    done = {name: when for name, when in memory.alerts_done.items() if name != place} | {place: since}
    over = [name for name in done if name not in memory.alerts and name != place][: len(done) - FIRINGS_DONE]
    return {name: when for name, when in done.items() if name not in over} if len(done) > FIRINGS_DONE else done


def asked_by_person(memory: Memory, why: str, delay_s: float | None) -> Memory:
    """A person wants the host shut down; what was called off before is on again."""
    return memory.with_(asked=Asked(why=why, delay_s=delay_s), called_off_until_s=None, called_off_by=None)


def called_off(memory: Memory, by: str, until_s: float) -> Memory:
    """A person wants the host to stay up until then, whatever the battery says."""
    return memory.with_(asked=None, called_off_until_s=until_s, called_off_by=by)


def paused(memory: Memory, seconds: float) -> Memory:
    """The agent did not run for ``seconds``: a countdown stood still meanwhile."""
    if memory.phase not in (Phase.COUNTING_DOWN, Phase.HELD):
        return memory
    return memory.with_(phase_since_s=memory.phase_since_s + seconds)


def ordered_by_primary(memory: Memory, why: str) -> Memory:
    """The primary goes down, and this host before it."""
    return memory.with_(ordered=why)


def hooks_ended(memory: Memory) -> Memory:
    """The hooks have ended, or were ended."""
    return memory.with_(hooks_ended=True) if memory.phase is Phase.HOOKS else memory


def secondaries_ordered(rules: Rules, memory: Memory, names: tuple[str, ...], now_s: float) -> Memory:
    """These were ordered to go down, and are waited for; with none there is nothing to wait for."""
    return memory.with_(waiting_for=names, alone_since_s=None if names else now_s - rules.final_delay_s)


def secondary_gone(memory: Memory, name: str, now_s: float) -> Memory:
    """A secondary is down, or said that it will not go down."""
    if name not in memory.waiting_for:
        return memory
    left = tuple(waited for waited in memory.waiting_for if waited != name)
    return memory.with_(waiting_for=left, alone_since_s=None if left else now_s)


def cut_settled(memory: Memory) -> Memory:
    """What cuts the power has answered, or is not asked."""
    return memory.with_(cut_settled=True)


def command_ended(memory: Memory, *, well: bool) -> Memory:
    """The command that powers off has ended, with success or without."""
    return memory.with_(command="done" if well else "failed")
