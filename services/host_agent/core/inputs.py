"""The agent's inputs besides time: each changes the memory, and none decides anything."""

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
    """Apply a device's state; a device that does not feed the host changes nothing."""
    if state.device not in rules.devices:
        return memory
    supply = after_state(rules, memory.supplies.get(state.device, Supply()), state, now_s, retained=retained)
    return memory.with_(supplies={**memory.supplies, state.device: supply})


def alert_heard(rules: Rules, memory: Memory, alert: Alert, *, news: bool) -> Memory:
    """Apply an alert that shuts the host down; without ``news`` it is only remembered."""
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
    """Whether an alert that would shut the host down is ignored, because the bound is reached."""
    place = f"{alert.rule}/{alert.key}"
    known = place in memory.alerts or not {place, alert.rule} & set(rules.alerts)
    return alert.state in FIRES and not known and len(memory.alerts) >= FIRING.most


def with_done(memory: Memory, place: str, since: datetime) -> dict[str, datetime]:
    """Return the handled firings with one more; beyond the bound the oldest that no longer fire are dropped."""
    done = {name: when for name, when in memory.alerts_done.items() if name != place} | {place: since}
    over = [name for name in done if name not in memory.alerts and name != place][: len(done) - FIRINGS_DONE]
    return {name: when for name, when in done.items() if name not in over} if len(done) > FIRINGS_DONE else done


def asked_by_person(memory: Memory, why: str, delay_s: float | None) -> Memory:
    """Apply a person's request for a shutdown; it ends an earlier cancellation."""
    return memory.with_(asked=Asked(why=why, delay_s=delay_s), called_off_until_s=None, called_off_by=None)


def called_off(memory: Memory, by: str, until_s: float) -> Memory:
    """Apply a person's request that the host stays up until then, whatever the battery."""
    return memory.with_(asked=None, called_off_until_s=until_s, called_off_by=by)


def paused(memory: Memory, seconds: float) -> Memory:
    """Take ``seconds`` in which the agent did not run off a countdown."""
    if memory.phase not in (Phase.COUNTING_DOWN, Phase.HELD):
        return memory
    return memory.with_(phase_since_s=memory.phase_since_s + seconds)


def ordered_by_primary(memory: Memory, why: str) -> Memory:
    """Apply the primary's command to go down before it."""
    return memory.with_(ordered=why)


def hooks_ended(memory: Memory) -> Memory:
    """Note that the hooks have ended."""
    return memory.with_(hooks_ended=True) if memory.phase is Phase.HOOKS else memory


def secondaries_ordered(rules: Rules, memory: Memory, names: tuple[str, ...], now_s: float) -> Memory:
    """Note the secondaries that got the command to go down, and wait for them."""
    return memory.with_(waiting_for=names, alone_since_s=None if names else now_s - rules.final_delay_s)


def secondary_gone(memory: Memory, name: str, now_s: float) -> Memory:
    """Note that a secondary is down, or has refused to go down."""
    if name not in memory.waiting_for:
        return memory
    left = tuple(waited for waited in memory.waiting_for if waited != name)
    return memory.with_(waiting_for=left, alone_since_s=None if left else now_s)


def cut_settled(memory: Memory) -> Memory:
    """Note that the command to cut the power was answered, or not sent."""
    return memory.with_(cut_settled=True)


def command_ended(memory: Memory, *, well: bool) -> Memory:
    """Note that the command that powers off has ended; ``well``: with exit code 0."""
    return memory.with_(command="done" if well else "failed")
