"""What a simulated run came to: time in the band, beyond the rails, switches, energy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from services.climate_controller.core.law import vpd_of
from services.climate_controller.core.levels import opposed
from services.climate_controller.core.tick import Air
from shared.climate.decisions import Reason
from shared.climate.room import RoomState
from shared.climate.zones import Kind, Zone
from upskeep.simulation.loop import SimulatedTick

SETTLES_S = 3600.0  # the first hour is not judged
UNCOUNTED = (Kind.LIGHT, Kind.CIRCULATION)  # they switch by their hours


@dataclass(frozen=True, slots=True)
class Figures:
    """Shares are of the time judged, in %; errors are the true VPD against the target of the moment, kPa.

    A switch is any change of a level: on and off are two. ``opposed_s``: how long two opposed actuators ran together.
    """

    hours: float
    in_band_pct: float
    beyond_rails_pct: float
    mean_error_kpa: float
    worst_error_kpa: float
    lowest_c: float
    highest_c: float
    highest_percent: float
    opposed_s: float
    switches_per_hour: dict[str, float] = field(default_factory=dict)
    on_pct: dict[str, float] = field(default_factory=dict)
    energy_kwh: dict[str, float] = field(default_factory=dict)
    reasons_pct: dict[str, float] = field(default_factory=dict)

    @property
    def busiest(self) -> float:
        """Switches an hour of the device that switches most."""
        return max(self.switches_per_hour.values(), default=0.0)


class SimulationTally:
    """Adds up ticks."""

    def __init__(self, zone: Zone, settles_s: float = SETTLES_S) -> None:
        self._zone, self._settles_s = zone, settles_s
        self._kinds = {each.name: each.kind for each in zone.actuators}
        self._watts = {each.name: each.watts for each in zone.actuators}
        self._seconds = self._aimed = self._inside = self._beyond = self._error = self._opposed = 0.0
        self._worst = 0.0
        self._celsius: list[float] = [float("inf"), float("-inf")]
        self._percent = 0.0
        self._switches: Counter[str] = Counter()
        self._on: Counter[str] = Counter()
        self._joules: Counter[str] = Counter()
        self._reasons: Counter[Reason] = Counter()
        self._before: dict[str, float] = {}

    def add(self, tick: SimulatedTick) -> None:
        """Count one."""
        levels = {name: running.level for name, running in tick.running.items()}
        changed = [name for name, level in levels.items() if self._before.get(name, 0.0) != level]
        self._before = levels
        if tick.at_s < self._settles_s:
            return
        self._switches.update(changed)
        self._reasons.update(
            each.reason for each in tick.verdict.decisions if self._kinds[each.actuator] not in UNCOUNTED
        )
        seconds = sum(part for part, _ in tick.path)
        running = [name for name, level in levels.items() if level > 0]
        for name in running:
            self._on[name] += seconds  # type: ignore[assignment]
            self._joules[name] += seconds * levels[name] * self._watts[name]  # type: ignore[assignment]
        if any(opposed(self._kinds[a], self._kinds[b]) for a in running for b in running):
            self._opposed += seconds
        self._seconds += seconds
        for part, room in tick.path:
            self._judge(part, room, tick)

    def _judge(self, seconds: float, room: RoomState, tick: SimulatedTick) -> None:
        self._celsius = [min(self._celsius[0], room.celsius), max(self._celsius[1], room.celsius)]
        self._percent = max(self._percent, room.percent)
        if tick.verdict.target is None:
            return
        vpd = vpd_of(self._zone, Air(room.celsius, room.percent, tick.at_s), lit=tick.verdict.lit)
        error = vpd - tick.verdict.target
        self._aimed += seconds
        self._error += seconds * error
        self._inside += seconds * (abs(error) <= self._zone.band_kpa)
        self._beyond += seconds * (abs(error) > self._zone.rails_kpa)
        self._worst = max(self._worst, error, -error)

    def figures(self) -> Figures:
        """Return what it came to."""
        hours, aimed = self._seconds / 3600, self._aimed or 1.0
        counted = [name for name, kind in self._kinds.items() if kind not in UNCOUNTED]
        total = sum(self._reasons.values()) or 1
        return Figures(
            hours=round(hours, 2),
            in_band_pct=round(100 * self._inside / aimed, 2),
            beyond_rails_pct=round(100 * self._beyond / aimed, 2),
            mean_error_kpa=round(self._error / aimed, 4),
            worst_error_kpa=round(self._worst, 3),
            lowest_c=round(self._celsius[0], 1),
            highest_c=round(self._celsius[1], 1),
            highest_percent=round(self._percent, 1),
            opposed_s=round(self._opposed, 1),
            switches_per_hour={name: round(self._switches[name] / hours, 2) for name in counted},
            on_pct={name: round(100 * self._on[name] / self._seconds, 1) for name in self._kinds},
            energy_kwh={name: round(self._joules[name] / 3.6e6, 3) for name in self._kinds},
            reasons_pct={reason.value: round(100 * n / total, 2) for reason, n in self._reasons.most_common()},
        )


def figures(ticks: Iterable[SimulatedTick], zone: Zone, settles_s: float = SETTLES_S) -> Figures:
    """Return what a run came to."""
    tally = SimulationTally(zone, settles_s)
    for tick in ticks:
        tally.add(tick)
    return tally.figures()
