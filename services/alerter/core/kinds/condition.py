"""What every kind of condition can do. A condition is frozen settings; what it remembers is its evidence.

1. Evidence alone says from when until when the condition holds if nothing more is seen: its ``Span``. So whoever
   looks later finds the same times, to the microsecond.
2. Evidence is a frozen dataclass of numbers, texts and tuples of these, for it is kept as JSON.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from services.alerter.core.samples import Sample
from services.alerter.core.states import Reason

Move = Callable[[int], int]
ALWAYS = -(2**63)


@dataclass(frozen=True, slots=True)
class Span:
    """A condition holds from ``from_us`` on and before ``until_us`` (None: until something is seen)."""

    from_us: int = ALWAYS
    until_us: int | None = None

    def holds(self, at_us: int) -> bool:
        """Whether the condition holds at a time."""
        return self.from_us <= at_us and (self.until_us is None or at_us < self.until_us)

    def over(self, at_us: int) -> bool:
        """Whether it is past its end; at the end itself another sample may still come and put that off."""
        return self.until_us is not None and self.until_us < at_us


@dataclass(frozen=True, slots=True)
class Reading:
    """What an alert says in numbers, and ``words`` for a person: what was found, without the verdict."""

    value: float
    threshold: float
    words: str
    verdict: str | None = None  # in place of the condition's own, where there is no limit to speak of
    calm: str | None = None  # likewise, once it is over


class Condition(Protocol):
    """One kind's settings."""

    begins: ClassVar[Reason]
    ends: ClassVar[Reason]
    limit: ClassVar[str]  # the verdict while it holds; {} is the threshold
    calm: ClassVar[str]  # the verdict when it no longer does

    @property
    def window_s(self) -> float:
        """The span of time it looks at, in seconds; 0 where it looks at none."""

    @property
    def wants(self) -> str:
        """What has to be for it to hold, in words."""

    @property
    def measures(self) -> bool:
        """Whether a number beyond a limit says it all; where not, value and threshold say nothing to a person."""

    def begin(self) -> Any:
        """Return the evidence before anything was seen."""

    def fold(self, evidence: Any, sample: Sample, now_us: int, /) -> Any:
        """Return the evidence with a sample; the very same where it changes nothing."""

    def span(self, evidence: Any) -> Span | None:
        """Return when the condition holds by this evidence; None: not at all."""

    def reading(self, evidence: Any, at_us: int, key: str, /) -> Reading:
        """Return what to say of it."""

    def pruned(self, evidence: Any, now_us: int, /) -> Any:
        """Return the evidence without what no longer matters; None where nothing is left."""

    def moved(self, evidence: Any, move: Move, /) -> Any:
        """Return the evidence after a jump of the clock: everything as long ago as before."""
