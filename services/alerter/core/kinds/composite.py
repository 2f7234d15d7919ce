"""Several rules together: all of them fire, or any (``Composite``).

Transitions of the members arrive here as samples. They wait in ``ahead`` and are judged in order of time once time has
passed them, so the order in which members were judged does not matter.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

from services.alerter.core.kinds.condition import Move, Reading, Span
from services.alerter.core.samples import Sample
from services.alerter.core.states import Reason

MemberReport = tuple[int, str, str, bool]  # when, rule, key, whether it fires


class Members(NamedTuple):
    """The members' alerts that fire, as (rule, key), and the reports that are not yet judged."""

    firing: tuple[tuple[str, str], ...] = ()
    ahead: tuple[MemberReport, ...] = ()


@dataclass(frozen=True, slots=True)
class Composite:
    """Holds while ``all`` or ``any`` of the rules have an alert that fires."""

    begins: ClassVar[Reason] = Reason.MEMBERS_FIRE
    ends: ClassVar[Reason] = Reason.MEMBERS_QUIET
    limit: ClassVar[str] = "{} needed"
    calm: ClassVar[str] = "{} needed"

    rules: tuple[str, ...]
    needs: Literal["all", "any"]

    @property
    def window_s(self) -> float:
        """0: only the present state of the members counts."""
        return 0.0

    @property
    def wants(self) -> str:
        """How many of which rules have to fire, in words."""
        many = "all" if self.needs == "all" else "one"
        return f"{many} of {', '.join(self.rules)} firing"

    @property
    def measures(self) -> bool:
        """Never: which members fire says more than how many."""
        return False

    @property
    def needed(self) -> int:
        """How many of the rules have to fire."""
        return len(self.rules) if self.needs == "all" else 1

    def begin(self) -> Members:
        """No member fires."""
        return Members()

    def await_(self, evidence: Members, sample: Sample) -> Members:
        """Keep a member's report until time has passed it; the same report twice counts once."""
        member = (sample.time_us, sample.name, str(sample.field("key")), sample.field("fires") is True)
        place = bisect_left(evidence.ahead, member)
        if evidence.ahead[place : place + 1] == (member,):
            return evidence
        return Members(evidence.firing, (*evidence.ahead[:place], member, *evidence.ahead[place:]))

    def fold(self, evidence: Members, sample: Sample, _now_us: int) -> Members:
        """Note that a member fires, or no longer fires."""
        member = (sample.name, str(sample.field("key")))
        others = {other for other in evidence.firing if other != member}
        return Members(tuple(sorted(others | ({member} if sample.field("fires") is True else set()))), evidence.ahead)

    def span(self, evidence: Members) -> Span | None:
        """Holds without end while enough members fire."""
        return Span() if self._firing(evidence) >= self.needed else None

    def reading(self, evidence: Members, _at_us: int, key: str) -> Reading:
        """How many members fire, and how many are needed."""
        number = self._firing(evidence)
        names = ", ".join(sorted({rule for rule, _ in evidence.firing})) or "none"
        return Reading(float(number), float(self.needed), f"{key}: {number} of {len(self.rules)} rules fire ({names})")

    def pruned(self, evidence: Members, _now_us: int) -> Members | None:
        """Keep the evidence while a member fires or a report waits."""
        return evidence if evidence.firing or evidence.ahead else None

    def moved(self, evidence: Members, move: Move) -> Members:
        """Move the times of the waiting reports."""
        return Members(evidence.firing, tuple(sorted((move(member[0]), *member[1:]) for member in evidence.ahead)))

    def _firing(self, evidence: Members) -> int:
        return len({rule for rule, _ in evidence.firing})
