"""What a scenario is: phases of constant conditions, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from services.sensor_reader.adapters.simulated.bus import Fault
from services.sensor_reader.adapters.simulated.world import Conditions, Pack

SOUND = Pack()
FINE = Conditions()


@dataclass(frozen=True, slots=True)
class Phase:
    """``seconds`` under constant conditions; ``fault`` is what the UPS's chips, or its bus, do meanwhile."""

    seconds: float
    conditions: Conditions = FINE
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """A script, the pack it begins with and how often it is looked at.

    ``board`` is one of boards.yaml, where the script needs a chip that only some boards have; None: any.
    """

    name: str
    description: str
    phases: tuple[Phase, ...]
    charge: float = 0.9
    pack: Pack = SOUND
    step_s: float = 1.0
    board: str | None = None

    @property
    def steps(self) -> int:
        """How many looks one playing takes."""
        return round(sum(phase.seconds for phase in self.phases) / self.step_s)

    @property
    def lasts_s(self) -> float:
        """How long one playing lasts."""
        return self.steps * self.step_s

    def moments(self) -> Iterator[Phase]:
        """Yield the phase of each step, in order."""
        for phase in self.phases:
            for _ in range(round(phase.seconds / self.step_s)):
                yield phase
