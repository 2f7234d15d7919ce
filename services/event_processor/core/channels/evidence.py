"""Evidence: what a channel of a frame says of a condition; and the gates made of evidence.

A value must be beyond a level: ``above: 60`` is not met at 60.0.
"""

from __future__ import annotations

from pydantic import model_validator
from pydantic.dataclasses import dataclass

from services.event_processor.core.schema import SLOTTED, Key, Seconds

NO_NUMBERS = (bool, str)


@dataclass(frozen=True, slots=True, kw_only=True, config=SLOTTED)
class Evidence:
    """A test of one channel: it ``equals`` a value, or is ``above`` or ``below`` a level.

    A level that was met stays met up to ``until``: hysteresis. Between the two, a first value decides nothing.
    """

    channel: Key
    equals: bool | str | None = None
    above: float | None = None
    below: float | None = None
    until: float | None = None

    @model_validator(mode="after")
    def _one_test(self) -> Evidence:
        if sum(test is not None for test in (self.equals, self.above, self.below)) != 1:
            raise ValueError("wants exactly one of equals, above and below")
        if self.until is not None:
            if self.above is None and self.below is None:
                raise ValueError("until goes with above or below")
            on_the_right_side("until", self.until, self.above, self.below)
        return self

    def judge(self, value: float | str, was: bool | None) -> bool | None:
        """Return whether the condition holds. ``was`` is the answer before, None for a first value.

        None: the value is of another kind, or a first one between the level and ``until``.
        """
        equals, above, until = self.equals, self.above, self.until
        if equals is not None:
            return value == equals if type(value) is type(equals) else None
        if type(value) is not float and isinstance(value, NO_NUMBERS):
            return None
        if above is not None:
            if value > above:
                return True
            return False if until is None or value < until else was
        if value < (self.below or 0.0):
            return True
        return False if until is None or value > until else was


def on_the_right_side(name: str, release: float, above: float | None, below: float | None) -> None:
    """Raise ValueError if a release level lies beyond the level it releases."""
    if above is not None and release > above:
        raise ValueError(f"{name} ({release}) must not be higher than above ({above})")
    if below is not None and release < below:
        raise ValueError(f"{name} ({release}) must not be lower than below ({below})")


@dataclass(frozen=True, slots=True, kw_only=True, config=SLOTTED)
class TimedEvidence(Evidence):
    """Evidence that must last ``for_s`` before it counts, either way."""

    for_s: Seconds = 0


@dataclass(frozen=True, slots=True, kw_only=True, config=SLOTTED)
class Gate:
    """A gate is open unless one piece of evidence under ``unless`` holds; unknown evidence does not shut it.

    Evidence under ``though`` keeps it open whatever is under ``unless``.
    """

    unless: tuple[Evidence, ...]
    though: tuple[Evidence, ...] = ()
