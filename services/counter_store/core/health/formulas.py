"""The formulas of the health score, as data: the points an occurrence costs by severity, and the limits of a type.

``standard`` counts how often and how long. ``seed`` has the weights of the UPS Monitor and counts episodes alone.
``docs/health.md`` explains both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.messages import Severity

Points = Mapping[Severity, int]
NONE: Points = dict.fromkeys(Severity, 0)


@dataclass(frozen=True, slots=True)
class HealthFormula:
    """``weights`` are points per occurrence, ``caps`` the most a type costs, ``floors`` the least while it lasts.

    Without ``counts_often_and_long`` an episode is one occurrence, whatever its number of events.
    """

    name: str
    weights: Points
    caps: Points
    floors: Points = field(default_factory=lambda: NONE)
    counts_often_and_long: bool = True

    def occurrences(self, events: int, *, has_end: bool) -> int:
        """Return how often something occurred in an episode of so many events.

        Events of a type with an end (mains lost, mains back) count each. Events without one may be one fault that is
        reported again and again: they count once for each digit of their number, so 3,600 of them count four times.
        """
        if not self.counts_often_and_long:
            return 1
        return events if has_end else len(str(events))


STANDARD = HealthFormula(
    "standard",
    weights={Severity.CRITICAL: 15, Severity.ERROR: 5, Severity.WARNING: 2, Severity.INFO: 0},
    caps={Severity.CRITICAL: 60, Severity.ERROR: 30, Severity.WARNING: 25, Severity.INFO: 0},
    floors={Severity.CRITICAL: 41, Severity.ERROR: 21, Severity.WARNING: 11, Severity.INFO: 0},
)
SEED = HealthFormula(
    "seed",
    weights={Severity.CRITICAL: 10, Severity.ERROR: 5, Severity.WARNING: 2, Severity.INFO: 0},
    caps={Severity.CRITICAL: 30, Severity.ERROR: 15, Severity.WARNING: 6, Severity.INFO: 0},
    counts_often_and_long=False,
)
FORMULAS: Mapping[str, HealthFormula] = {formula.name: formula for formula in (STANDARD, SEED)}
