"""One step of the agent: what is known, the time, and the table give the next phase. Pure, and never far from it.

Rules:
1. As many moves as signals hold are made at once, so a step leaves nothing that is due undone.
2. A phase's own marks are cleared as it is entered. What ends in ``watching`` forgets the episode.
3. A move is reported to the shell, which does what belongs to it after the memory has been kept.
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
    # phase entered → the marks that somebody outside has yet to set
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
    """The host went from one phase to another. ``memory`` is as the move left it, ``before`` as it found it."""

    signal: Signal
    before: Memory
    memory: Memory

    @property
    def into(self) -> Phase:
        """The phase entered."""
        return self.memory.phase


def step(moment: Moment) -> tuple[Memory, tuple[Move, ...]]:
    """Return the memory by now, and the moves that led there."""
    memory = _settled(moment)
    moves: list[Move] = []
    while (move := _next(replace(moment, memory=memory))) is not None:
        moves.append(move)
        memory = move.memory
        if memory.phase in OUTSIDE:  # the shell has its part to do first
            break
    return memory, tuple(moves)


def _settled(moment: Moment) -> Memory:
    """End the spells on battery that are over; with the last of them ends what was called off."""
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
    """Return the memory with what the signal means beyond the phase."""
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
    """Return an id: the boot and the millisecond in it make it the only one of its kind."""
    return f"{moment.memory.boot[:13]}-{moment.now_s * 1000:.0f}-{cause}"
