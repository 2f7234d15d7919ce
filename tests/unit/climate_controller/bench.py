"""A zone on a bench: readings go in by hand, decisions come out and are carried out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from services.climate_controller.core.law import Verdict, decide
from services.climate_controller.core.state import State, fresh_state
from services.climate_controller.core.tick import Air, Running, Tick
from shared.climate.decisions import Decision, Reason
from shared.climate.psychrometrics import saturation_kpa
from shared.climate.zones import Plan, Zone

NOON = 43_200.0
LONG_AGO = -1e9
KINDS = ("exhaust", "heater", "cooler", "humidifier", "dehumidifier")


def zone(*kinds: str, **more: Any) -> Zone:
    """A zone that aims at 1 kPa, with an actuator of each kind, named for it."""
    fields = {"sensor": "air", "mode": "VPD_Target", "target_kpa": 1.0}
    actuators = [{"name": kind, "kind": kind} for kind in kinds or KINDS]
    return Zone.model_validate(fields | {"actuators": actuators} | more)


def humidity_for(vpd: float, celsius: float) -> float:
    """The relative humidity that gives a VPD."""
    return 100 * (1 - vpd / saturation_kpa(celsius))


@dataclass(slots=True)
class Bench:
    """Ticks of ten seconds, at noon unless said otherwise."""

    zone: Zone
    plans: Mapping[str, Plan] = field(default_factory=dict)
    now_s: float = NOON
    day: int = 20_000
    state: State | None = None
    running: dict[str, Running] = field(default_factory=dict)
    verdict: Verdict | None = None
    outside: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        self.state = self.state or fresh_state(self.zone)
        for each in self.zone.actuators:
            self.running.setdefault(each.name, Running(0.0, LONG_AGO))

    def tick(self, celsius: float | None, percent: float | None = None, age_s: float = 0.0) -> Verdict:
        """One tick with a reading, or without one."""
        assert self.state is not None
        self.now_s += self.zone.tick_s
        air = None if celsius is None or percent is None else Air(celsius, percent, self.now_s - age_s)
        outside = Air(*self.outside, self.now_s) if self.outside else None
        tick = Tick(self.now_s, self.day, self.now_s % 86_400, air, outside, dict(self.running))
        self.state, self.verdict = decide("tent", self.zone, self.plans, self.state, tick)
        if self.verdict.commands:
            for each in self.verdict.decisions:
                if each.level != self.running[each.actuator].level:
                    self.running[each.actuator] = Running(each.level, self.now_s)
        return self.verdict

    def ticks(self, count: int, celsius: float, percent: float) -> Verdict:
        """The same reading for a while."""
        for _ in range(count - 1):
            self.tick(celsius, percent)
        return self.tick(celsius, percent)

    def vpd(self, count: int, vpd: float, celsius: float = 25.0) -> Verdict:
        """The same VPD for a while."""
        return self.ticks(count, celsius, humidity_for(vpd, celsius))

    def runs(self, name: str, level: float = 1.0, for_s: float = 3600.0) -> None:
        """Let an actuator have run for a while."""
        self.running[name] = Running(level, self.now_s - for_s)


def of(verdict: Verdict, name: str) -> Decision:
    """What was decided on one actuator."""
    return next(each for each in verdict.decisions if each.actuator == name)


def on(verdict: Verdict) -> set[str]:
    """What is wanted on."""
    return {each.actuator for each in verdict.decisions if each.level > 0}


def reason(verdict: Verdict, name: str) -> Reason:
    """Why."""
    return of(verdict, name).reason
