"""What a chart needs of a run: samples at even distances, few enough to draw."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from upskeep.simulation.loop import SimulatedTick

MOST_SAMPLES = 2016


@dataclass(frozen=True, slots=True)
class Sample:
    """The true air at one moment, what was aimed at, and how far each actuator ran since the sample before (0 to 1)."""

    at_s: float
    vpd: float
    target: float | None
    celsius: float
    percent: float
    lit: bool
    ran: dict[str, float]


@dataclass(slots=True)
class Trace:
    """Takes ticks as they pass and keeps samples; ``every_s`` follows from how long the run is."""

    seconds: float
    samples: list[Sample] = field(default_factory=list)
    _ran: dict[str, float] = field(default_factory=dict)
    _for_s: float = 0.0

    @property
    def every_s(self) -> float:
        """Seconds from one sample to the next."""
        return max(self.seconds / MOST_SAMPLES, 60.0)

    def passing(self, ticks: Iterator[SimulatedTick]) -> Iterator[SimulatedTick]:
        """Yield each tick on, noting it."""
        for tick in ticks:
            self._note(tick)
            yield tick

    def _note(self, tick: SimulatedTick) -> None:
        lasting = sum(seconds for seconds, _ in tick.path)
        self._for_s += lasting
        for name, running in tick.running.items():
            self._ran[name] = self._ran.get(name, 0.0) + lasting * running.level
        if self._for_s + 1e-6 < self.every_s:
            return
        room = tick.path[-1][1]
        ran = {name: seconds / self._for_s for name, seconds in self._ran.items()}
        target, lit = tick.verdict.target, tick.verdict.lit
        self.samples.append(Sample(tick.at_s, room.deficit_kpa, target, room.celsius, room.percent, lit, ran))
        self._ran, self._for_s = {}, 0.0
