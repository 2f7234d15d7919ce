"""What every kind of condition can do. A condition is frozen settings; what it remembers is its evidence.

1. Evidence alone decides from when until when the condition holds if no further sample comes: its ``Span``. So a later
   judgement finds the same times, to the microsecond.
2. Evidence is a named tuple of numbers, texts and tuples of these, because it is stored as JSON, and made anew by each
   sample.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Protocol

from services.alerter.core.samples import Sample
from services.alerter.core.states import Reason

Move = Callable[[int], int]
ALWAYS = -(2**63)


class Span(NamedTuple):
    """A condition holds from ``from_us`` on and before ``until_us`` (None: until a sample ends it)."""

    from_us: int = ALWAYS
    until_us: int | None = None

    def holds(self, at_us: int) -> bool:
        """Whether the condition holds at a time."""
        return self.from_us <= at_us and (self.until_us is None or at_us < self.until_us)

    def over(self, at_us: int) -> bool:
        """Whether it is past its end. At the end itself it is not: a sample of that very time may still extend it."""
        return self.until_us is not None and self.until_us < at_us


@dataclass(frozen=True, slots=True)
class Reading:
    """An alert's figures, and ``words`` for a person: what was found, without the verdict."""

    value: float
    threshold: float
    words: str
    verdict: str | None = None  # in place of the condition's own, where there is no limit to speak of
    calm: str | None = None  # likewise, once it is over


class Condition(Protocol):
    """The settings of one kind of condition, and its functions of evidence."""

    begins: ClassVar[Reason]
    ends: ClassVar[Reason]
    limit: ClassVar[str]  # the verdict while it holds; {} is the threshold
    calm: ClassVar[str]  # the verdict when it no longer does

    @property
    def window_s(self) -> float:
        """The span of time it judges, in seconds; 0 where it judges a single sample."""

    @property
    def wants(self) -> str:
        """What makes it hold, in words."""

    @property
    def measures(self) -> bool:
        """Whether value and threshold mean something to a person; if not, the alert is explained by ``wants``."""

    def begin(self) -> Any:
        """Return the evidence before the first sample, of which nothing is left when it is pruned."""

    def fold(self, evidence: Any, sample: Sample, now_us: int, /) -> Any:
        """Return the evidence with a sample; the same object where the sample changes nothing."""

    def span(self, evidence: Any) -> Span | None:
        """Return when the condition holds by this evidence; None: never."""

    def reading(self, evidence: Any, at_us: int, key: str, /) -> Reading:
        """Return the figures and words at a time, for the alert of ``key``."""

    def pruned(self, evidence: Any, now_us: int, /) -> Any:
        """Return the evidence without what no longer counts; None where nothing is left."""

    def moved(self, evidence: Any, move: Move, /) -> Any:
        """Return the evidence after a jump of the clock, its times moved so that ages stay the same."""
