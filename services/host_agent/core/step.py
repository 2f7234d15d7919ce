"""One step of the agent: from memory, time and the table to the next phase. Pure.

Rules:
1. A step makes all moves whose signals hold, so nothing due is left.
2. A phase's own marks are cleared on entry. Entering ``watching`` ends the episode.
3. The shell carries out the actions of a move after the memory has been stored.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from services.host_agent.core.inputs import with_done
from services.host_agent.core.memory import Memory
from services.host_agent.core.phases import TRANSITIONS, Phase, Signal
from services.host_agent.core.policies import Cause
from services.host_agent.core.signals import SIGNAL_HOLDS, Moment, trigger
from services.host_agent.core.supply import end_spell

OUTSIDE: dict[Phase, dict[str, object]] = {
    # phase entered → the marks that the shell sets later
    Phase.HOOKS: {"hooks_ended": False},
    Phase.SECONDARIES: {"waiting_for": (), "alone_since_s": None},
    Phase.CUTTING_POWER: {"cut_settled": False},
    Phase.ACTING: {"command": None},
}
FORGOTTEN: dict[str, object] = {
    "cause": None, "why": "", "alert": None, "episode": None, "delay_s": None, "counted_s": 0.0, "ordered": None,
    "episode_simulated": False,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Move:
    """A move from one phase to another. ``before`` and ``memory`` are the memory before and after it."""

    signal: Signal
    before: Memory
    memory: Memory

    @property
    def into(self) -> Phase:
        """The phase entered."""
        return self.memory.phase


def step(moment: Moment) -> tuple[Memory, tuple[Move, ...]]:
    """Return the memory after the step, and its moves."""
    memory = _settled(moment)
    moves: list[Move] = []
    while (move := _next(replace(moment, memory=memory))) is not None:
        moves.append(move)
        memory = move.memory
        if memory.phase in OUTSIDE:  # the shell must act first
            break
    return memory, tuple(moves)


def _settled(moment: Moment) -> Memory:
    """End the spells on battery that are over; the end of the last one also ends a cancellation."""
    memory, rules = moment.memory, moment.rules
    supplies = {name: end_spell(rules, supply, moment.now_s) for name, supply in memory.supplies.items()}
    if supplies != memory.supplies:
        memory = memory.with_(supplies=supplies)
        if all(supply.on_battery_since_s is None for supply in supplies.values()):
            memory = memory.with_(called_off_until_s=None, called_off_by=None)
    return memory


def _next(moment: Moment) -> Move | None:
    before = moment.memory
    for signal, into in TRANSITIONS[before.phase]:
        if SIGNAL_HOLDS[signal](moment):
            entered = before.with_(phase=into, phase_since_s=moment.now_s, **OUTSIDE.get(into, {}))
            return Move(signal, before, _changed(moment, signal, entered))
    return None


def _changed(moment: Moment, signal: Signal, entered: Memory) -> Memory:
    """Return the memory with the signal's changes besides the phase."""
    match signal:
        case Signal.POLICY_DUE | Signal.ASKED:
            return _begun(moment, entered)
        case Signal.ORDERED:
            named = moment.memory.episode or _episode(moment, Cause.PRIMARY)
            simulated = moment.simulated
            return entered.with_(
                cause=Cause.PRIMARY, why=moment.memory.ordered, episode=named, episode_simulated=simulated
            )
        case Signal.MAINS_SEEN:
            return entered.with_(counted_s=moment.memory.counted_s + moment.in_phase_s)
        case _:
            return entered.with_(**FORGOTTEN) if entered.phase is Phase.WATCHING else entered


def _begun(moment: Moment, entered: Memory) -> Memory:
    found = trigger(moment)
    if found is None:  # the signal said there is one
        raise AssertionError("a danger without a trigger")
    done = entered.alerts_done
    if found.place is not None:
        done = with_done(entered, found.place, entered.alerts[found.place].since)
    named = _episode(moment, found.cause)
    return entered.with_(
        counted_s=0.0,
        cause=found.cause,
        why=found.why,
        episode=named,
        episode_simulated=moment.simulated,
        delay_s=found.delay_s,
        alerts_done=done,
        asked=None,
        alert=found.place,
    )


def _episode(moment: Moment, cause: Cause) -> str:
    """Return the id of an episode, unique by boot and millisecond."""
    return f"{moment.memory.boot[:13]}-{moment.now_s * 1000:.0f}-{cause}"
