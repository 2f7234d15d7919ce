"""The last value of a field compared with a limit (``Compare``) or with a target (``Deviation``).

1. Only a value beyond the limit fires, a value at the limit does not. Between ``clear`` and the limit the state stays:
   hysteresis.
2. A value counts until the next one, a clearing event, or the end of ``lasts``: so a sensor that died keeps no alert
   firing. Its silence is a matter for ``Absence``.
3. A sample without the field changes nothing. One that fails ``only_while`` ends the condition.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar, NamedTuple

from services.alerter.core.kinds.condition import ALWAYS, Move, Reading, Span
from services.alerter.core.matchers import Matcher
from services.alerter.core.samples import Sample
from services.alerter.core.states import Reason
from services.alerter.core.wording import figure, in_words, short
from shared.instants import span_to_us

Scalar = bool | float | str


class LastValue(NamedTuple):
    """The last value with its target, when it came, and whether it is out of bounds."""

    value: Scalar | None = None
    target: float | None = None
    time_us: int = ALWAYS
    holds: bool = False
    ended_by: str = ""  # for a person: what else than a good value ended it


_UNSEEN = LastValue()


@dataclass(frozen=True, slots=True)
class Watched:
    """Which field is judged in which samples, and what ends the condition besides a good value."""

    field: str
    only_while: tuple[Matcher, ...] = ()
    cleared_by: tuple[str, ...] = ()
    lasts: timedelta | None = None

    def speaks(self, sample: Sample) -> bool | None:
        """Whether to judge a sample's field; False where the sample ends the condition, None where it is ignored."""
        if sample.name in self.cleared_by:
            return False
        if sample.field(self.field) is None:
            return None
        return self.unmet(sample) is None

    def unmet(self, sample: Sample) -> Matcher | None:
        """Return the first test of ``only_while`` that a sample fails."""
        for matcher in self.only_while:
            if not matcher.holds(sample.field(matcher.name)):
                return matcher
        return None

    def ended_by(self, sample: Sample) -> str:
        """Return, for a person, why a sample ends the condition whatever its value; empty if it does not."""
        if sample.name in self.cleared_by:
            return f"cleared by {sample.name}"
        unmet = self.unmet(sample)
        return "" if unmet is None else f"no longer judged: {unmet} does not hold"

    def calm(self, holds: bool, ended_by: str, time_us: int, at_us: int) -> str | None:
        """Return, for a person, what ended the condition; None where a good value did."""
        if ended_by:
            return ended_by
        if holds and self.lasts is not None and at_us >= time_us + span_to_us(self.lasts):
            return f"not seen again for {in_words(self.lasts)}"
        return None

    def span(self, seen: LastValue) -> Span | None:
        """While the value is out of bounds, at most ``lasts`` after it came."""
        if not seen.holds:
            return None
        return Span(until_us=None if self.lasts is None else seen.time_us + span_to_us(self.lasts))

    def pruned(self, seen: LastValue, now_us: int) -> LastValue | None:
        """Keep a value only while it is out of bounds."""
        span = self.span(seen)
        return None if span is None or span.over(now_us) else seen


@dataclass(frozen=True, slots=True)
class Compare:
    """Holds while the field is above, below, equal to or different from ``against``."""

    begins: ClassVar[Reason] = Reason.OVER_LIMIT
    ends: ClassVar[Reason] = Reason.WITHIN_LIMIT
    limit: ClassVar[str] = "beyond the limit of {}"
    calm: ClassVar[str] = "no longer beyond the limit of {}"

    watched: Watched
    sign: str  # a key of _TESTS
    against: Scalar
    clear: float | None = None

    @property
    def window_s(self) -> float:
        """0: only the last sample counts."""
        return 0.0

    @property
    def wants(self) -> str:
        """The field, the test and what it is compared with."""
        return f"{self.watched.field} {_SIGNS.get(self.sign, self.sign)} {_shown(self.against)}"

    @property
    def measures(self) -> bool:
        """Not for ``equals`` and ``differs``: they have no number to exceed."""
        return self.sign not in _SIGNS

    def begin(self) -> LastValue:
        """No value yet."""
        return _UNSEEN

    def fold(self, evidence: LastValue, sample: Sample, _now_us: int) -> LastValue:
        """Judge the sample; an older one, and one without a value that can be compared, changes nothing."""
        speaks = self.watched.speaks(sample)
        if speaks is None or sample.time_us < evidence.time_us:
            return evidence
        value = sample.field(self.watched.field)
        if sample.name in self.watched.cleared_by:
            return LastValue(evidence.value, None, sample.time_us, ended_by=self.watched.ended_by(sample))
        if not isinstance(value, bool | int | float | str):
            return evidence
        bound = self.clear if evidence.holds and self.clear is not None else self.against
        try:
            holds = speaks and _TESTS[self.sign](value, bound)
        except TypeError:  # a text cannot be compared with a number
            return evidence
        return LastValue(value, None, sample.time_us, holds, "" if holds else self.watched.ended_by(sample))

    def span(self, evidence: LastValue) -> Span | None:
        """While the value is out of bounds, at most ``lasts`` after it came."""
        return self.watched.span(evidence)

    def reading(self, evidence: LastValue, at_us: int, key: str) -> Reading:
        """The value and the limit; a text counts as 1 while the condition holds, else 0."""
        value = evidence.value
        shown = "unknown" if value is None else _shown(value)
        number = float(value) if isinstance(value, bool | int | float) else float(evidence.holds)
        limit = float(self.against) if isinstance(self.against, bool | int | float) else 1.0
        wording = {"equals": "which it should not be", "differs": f"which should be {_shown(self.against)}"}
        verdict = wording.get(self.sign) if evidence.holds else None
        calm = self.watched.calm(evidence.holds, evidence.ended_by, evidence.time_us, at_us)
        calm = calm or ("as it should be" if self.sign in wording else None)
        return Reading(number, limit, f"{key}: {self.watched.field} is {shown}", verdict, calm)

    def pruned(self, evidence: LastValue, now_us: int) -> LastValue | None:
        """Keep a value only while it is out of bounds."""
        return self.watched.pruned(evidence, now_us)

    def moved(self, evidence: LastValue, move: Move) -> LastValue:
        """Move the time of the value."""
        return _moved(evidence, move)


_SIGNS = {"equals": "is", "differs": "is not"}
_TESTS: Mapping[str, Any] = {
    "above": lambda value, bound: not isinstance(value, str) and value > bound,
    "below": lambda value, bound: not isinstance(value, str) and value < bound,
    "equals": lambda value, bound: value == bound,
    "differs": lambda value, bound: value != bound,
}


@dataclass(frozen=True, slots=True)
class TargetSource:
    """Samples that carry a new target instead of a value."""

    names: tuple[str, ...]
    field: str
    where: tuple[Matcher, ...] = ()

    def target_of(self, sample: Sample) -> float | None:
        """Return the target a sample carries, None if it carries none."""
        passes = all(matcher.holds(sample.field(matcher.name)) for matcher in self.where)
        return sample.number(self.field) if passes else None


@dataclass(frozen=True, slots=True)
class Deviation:
    """Holds while the field is further from its target than ``percent`` of it, and than ``floor``.

    ``target`` is a number or the name of a field; where the sample has no such field, the target is what ``source``
    set last. Once out, it is in again below ``clear_at`` of the limit.
    """

    begins: ClassVar[Reason] = Reason.OVER_LIMIT
    ends: ClassVar[Reason] = Reason.WITHIN_LIMIT
    limit: ClassVar[str] = "more than the {} allowed"
    calm: ClassVar[str] = "within the {} allowed"

    watched: Watched
    target: float | str
    percent: float
    floor: float
    clear_at: float = 1.0
    source: TargetSource | None = None

    @property
    def window_s(self) -> float:
        """0: only the last sample counts."""
        return 0.0

    @property
    def wants(self) -> str:
        """The deviation that fires, in words."""
        return (
            f"{self.watched.field} off its target by more than {self.percent:g} %, and more than {figure(self.floor)}"
        )

    @property
    def measures(self) -> bool:
        """Always: the deviation, and the deviation allowed."""
        return True

    def begin(self) -> LastValue:
        """No value yet."""
        return _UNSEEN

    def allowed(self, target: float) -> float:
        """Return the deviation allowed: max(percent of the target, floor)."""
        return max(abs(target) * self.percent / 100, self.floor)

    def fold(self, evidence: LastValue, sample: Sample, _now_us: int) -> LastValue:
        """Judge the sample, or take the target from it; without value or target nothing changes."""
        if self.source is not None and sample.name in self.source.names:
            target = self.source.target_of(sample)
            return evidence if target is None else evidence._replace(target=target)
        speaks = self.watched.speaks(sample)
        if speaks is None or sample.time_us < evidence.time_us:
            return evidence
        value = sample.number(self.watched.field)
        target = sample.number(self.target) if isinstance(self.target, str) else self.target
        target = evidence.target if target is None and self.source is not None else target
        if sample.name in self.watched.cleared_by:
            ended_by = self.watched.ended_by(sample)
            return LastValue(evidence.value, evidence.target, sample.time_us, ended_by=ended_by)
        if value is None or target is None:
            return evidence
        limit = self.allowed(target) * (self.clear_at if evidence.holds else 1.0)
        holds = speaks and round(abs(value - target) - limit, 9) > 0
        return LastValue(value, target, sample.time_us, holds, "" if holds else self.watched.ended_by(sample))

    def span(self, evidence: LastValue) -> Span | None:
        """While the value is too far off, at most ``lasts`` after it came."""
        return self.watched.span(evidence)

    def reading(self, evidence: LastValue, at_us: int, key: str) -> Reading:
        """The deviation and the deviation allowed; 0 and ``floor`` while value or target are unknown."""
        if evidence.target is None or not isinstance(evidence.value, float | int):
            return Reading(0.0, self.floor, f"{key}: {self.watched.field} is unknown")
        off = abs(evidence.value - evidence.target)
        words = f"{key}: {self.watched.field} {figure(evidence.value)} is {figure(off)} off {figure(evidence.target)}"
        calm = self.watched.calm(evidence.holds, evidence.ended_by, evidence.time_us, at_us)
        return Reading(off, self.allowed(evidence.target), words, calm=calm)

    def pruned(self, evidence: LastValue, now_us: int) -> LastValue | None:
        """Keep a value only while it is too far off, and the target that ``source`` set."""
        left = self.watched.pruned(evidence, now_us)
        if left is not None or self.source is None or evidence.target is None:
            return left
        return evidence._replace(holds=False) if evidence.holds else evidence

    def moved(self, evidence: LastValue, move: Move) -> LastValue:
        """Move the time of the value."""
        return _moved(evidence, move)


def _shown(value: Scalar) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return figure(value) if isinstance(value, int | float) else short(value)


def _moved(seen: LastValue, move: Move) -> LastValue:
    return seen if seen.time_us == ALWAYS else seen._replace(time_us=move(seen.time_us))
