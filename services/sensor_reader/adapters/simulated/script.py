"""What a scenario is made of: phases one after another, and what they are played on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from services.sensor_reader.adapters.simulated.bus import Fault
from services.sensor_reader.adapters.simulated.room import UNTENDED, Room, Tending
from services.sensor_reader.adapters.simulated.world import Conditions, Pack
from services.sensor_reader.core.polling.device import Device

SOUND = Pack()
FINE = Conditions()
MORNING = Room()


@dataclass(frozen=True, slots=True)
class Phase:
    """``seconds`` under constant conditions; ``fault``: what chips or bus do meanwhile, ``tending``: what is done."""

    seconds: float
    conditions: Conditions = FINE
    fault: Fault | None = None
    tending: Tending = UNTENDED


@dataclass(frozen=True, slots=True)
class Scenario:
    """A script, the pack or room it begins with and how often it is looked at.

    ``devices``: what it is played on; none: the board of the settings, and the host.
    ``board`` is one of boards.yaml, where the script needs a chip that only some boards have; None: any.
    """

    name: str
    description: str
    phases: tuple[Phase, ...]
    charge: float = 0.9
    pack: Pack = SOUND
    step_s: float = 1.0
    room: Room = MORNING
    devices: tuple[Device, ...] = ()
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
