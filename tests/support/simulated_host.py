"""A host in memory: the core with a clock that a test turns, and a shell that does nothing but say it has."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from services.host_agent.core import inputs
from services.host_agent.core.memory import Memory
from services.host_agent.core.phases import Phase, Signal
from services.host_agent.core.rules import Rules
from services.host_agent.core.signals import Moment
from services.host_agent.core.step import Move, step
from shared.messages import DeviceState, Quality

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
LATE_S = 1000.0  # long after the boot


class Host:
    """One host. The shell's part (hooks, secondaries, command) is done at once unless ``slow`` names the phase."""

    def __init__(self, *, uptime_s: float = LATE_S, dry_run: bool = False, **rules: Any) -> None:
        self.rules = replace(Rules(), **rules)
        self.memory = Memory(boot="boot-1")
        self.now_s = self.began_s = uptime_s
        self.dry_run = dry_run
        self.slow: set[Phase] = set()
        self.moves: list[Move] = []

    # ---- what happens

    def hear(
        self,
        power: str | None = "battery",
        *,
        device: str = "ups",
        retained: bool = False,
        age_s: float = 0.0,
        quality: Quality = Quality.GOOD,
        **values: Any,
    ) -> Host:
        """Hear a state of the device whose own time is ``age_s`` ago.

        ``battery``, ``active`` and ``simulated`` are the state's own, all else are values; ``bare``: and no others.
        """
        state = DeviceState(
            device=device,
            time=NOON + timedelta(seconds=self.now_s - age_s),
            quality=quality,
            power=power,
            battery=values.pop("battery", "ok"),
            active=values.pop("active", ()),
            simulated=values.pop("simulated", False),
            values=values if values.pop("bare", False) else {"battery_voltage": 3.9, **values},
        )
        self.memory = inputs.state_heard(self.rules, self.memory, state, self.now_s, retained=retained)
        return self.go(0)

    def keep_hearing(self, seconds: float, power: str | None = "battery", **values: Any) -> Host:
        """Hear the same every second."""
        for _ in range(int(seconds)):
            self.go(1).hear(power, **values)
        return self

    def go(self, seconds: float) -> Host:
        """Let time pass, looking every half second as the agent does."""
        end_s = self.now_s + seconds
        while True:
            self._step()
            if self.now_s >= end_s:
                return self
            self.now_s = min(end_s, self.now_s + 0.5)

    def change(self, memory: Memory) -> Host:
        """Put in what an input made of the memory."""
        self.memory = memory
        return self.go(0)

    # ---- what came of it

    @property
    def phase(self) -> Phase:
        """Where the host stands."""
        return self.memory.phase

    @property
    def acts(self) -> int:
        """How often the command was run."""
        return sum(move.into is Phase.ACTING for move in self.moves)

    @property
    def signals(self) -> list[Signal]:
        """What moved it."""
        return [move.signal for move in self.moves]

    def moment(self) -> Moment:
        """The present moment."""
        return Moment(self.rules, self.memory, self.now_s, self.began_s, self.dry_run)

    def _step(self) -> None:
        for _ in range(8):
            self.memory, moves = step(self.moment())
            self.moves += moves
            if not moves or not self._shell():
                return
        raise AssertionError(f"it never comes to rest: {self.signals[-8:]}")

    def _shell(self) -> bool:
        """Do the shell's part; returns whether there was one."""
        phase, memory = self.memory.phase, self.memory
        if phase in self.slow:
            return False
        if phase is Phase.HOOKS:
            self.memory = inputs.hooks_ended(memory)
        elif phase is Phase.SECONDARIES:
            self.memory = inputs.secondaries_ordered(self.rules, memory, (), self.now_s)
        elif phase is Phase.CUTTING_POWER:
            self.memory = inputs.cut_settled(memory)
        elif phase is Phase.ACTING:
            self.memory = inputs.command_ended(memory, well=True)
        return True
