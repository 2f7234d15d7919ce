"""The kinds of rule a site may write as many of as it likes: what ``config/event_processor.yaml`` says of each.

``enter_for_s`` and ``clear_for_s`` are dwells: how long a condition must last before it is emitted, either way.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from services.event_processor.core.channels.evidence import Evidence, on_the_right_side
from services.event_processor.core.device.facts import OwnLevel
from services.event_processor.core.schema import SLOTTED, Key, Seconds
from shared.messages import AnyCaseSeverity, Name, Quality, Severity

PositiveSeconds = Annotated[float, Field(gt=0)]


@dataclass(frozen=True, slots=True, kw_only=True, config=SLOTTED)
class Rule:
    """Base of them all. Empty ``devices``: every device."""

    devices: tuple[Name, ...] = ()

    def channels(self) -> Iterator[tuple[str, str]]:
        """Yield (key, channel) of every channel that must be a number's."""
        yield from ()

    def facts(self) -> Iterator[tuple[str, str]]:
        """Yield (key, channel) of every channel that may hold anything."""
        yield from ()


@dataclass(frozen=True, slots=True, kw_only=True, config=SLOTTED)
class Signal(Rule):
    """Every frame whose ``channel`` equals the value is an event; its other values go along."""

    channel: Key
    equals: bool | str
    event: Name

    def facts(self) -> Iterator[tuple[str, str]]:
        """The channel."""
        yield "channel", self.channel


@dataclass(frozen=True, slots=True, kw_only=True, config=SLOTTED)
class Latched(Rule):
    """Base of what is entered and left: an event type for each, ``cleared`` if wanted."""

    event: Name
    cleared: Name | None = None
    enter_for_s: Seconds = 0
    clear_for_s: Seconds = 0


@dataclass(frozen=True, slots=True, kw_only=True, config=SLOTTED)
class Condition(Latched):
    """All of ``all`` hold and, where there is ``any``, one of it. A frame that cannot decide it changes nothing.

    Of ``any``, channels that a device has never shown have no say.
    """

    all: tuple[Evidence, ...] = ()
    any: tuple[Evidence, ...] = ()
    only_while: Name | None = None

    @model_validator(mode="after")
    def _wants_evidence(self) -> Condition:
        if not self.all and not self.any:
            raise ValueError("wants evidence under all, any or both")
        return self

    def evidence(self) -> Iterator[Evidence]:
        """Yield all there is."""
        yield from (*self.all, *self.any)

    def facts(self) -> Iterator[tuple[str, str]]:
        """Those of the evidence."""
        for key in ("all", "any"):
            for evidence in getattr(self, key):
                yield key, evidence.channel


@dataclass(frozen=True, slots=True, kw_only=True, config=SLOTTED)
class Fault(Latched):
    """Frames of one of these qualities, or with an error of one of these codes; either will do."""

    quality: tuple[Quality, ...] = ()
    codes: tuple[Name, ...] = ()

    @model_validator(mode="after")
    def _wants_a_sign(self) -> Fault:
        if not self.quality and not self.codes:
            raise ValueError("wants quality, codes or both")
        return self


@dataclass(frozen=True, slots=True, kw_only=True, config=SLOTTED)
class Change(Rule):
    """A state channel took another value, for ``for_s``; the first value seen is no change."""

    channel: Key
    event: Name
    for_s: Seconds = 0

    def facts(self) -> Iterator[tuple[str, str]]:
        """The channel."""
        yield "channel", self.channel


@dataclass(frozen=True, slots=True, kw_only=True, config=SLOTTED)
class Absence(Rule):
    """A channel (or, without one, any believable frame) has not been heard of for ``after_s``.

    A device named under ``devices`` is waited for from the first frame of anything, others from their own first.
    """

    channel: Key | None = None
    after_s: PositiveSeconds
    event: Name
    cleared: Name | None = None

    def facts(self) -> Iterator[tuple[str, str]]:
        """The channel."""
        if self.channel is not None:
            yield "channel", self.channel


@dataclass(frozen=True, slots=True, kw_only=True, config=SLOTTED)
class Level(Rule):
    """A channel past a level: entered beyond ``above`` or ``below``, left beyond ``clear``, each for its dwell.

    ``boards_only``: a level of boards; a UPS at mains voltage has its own nameplate, and says OVER by it.
    """

    channel: Key
    above: float | None = None
    below: float | None = None
    clear: float
    enter_for_s: Seconds = 0
    clear_for_s: Seconds = 0
    only_while: Name | None = None
    boards_only: bool = False

    @model_validator(mode="after")
    def _one_level(self) -> Level:
        if (self.above is None) == (self.below is None):
            raise ValueError("wants exactly one of above and below")
        on_the_right_side("clear", self.clear, self.above, self.below)
        return self

    def target(self, value: float, on: bool) -> bool:
        """Say what ``value`` asks for: to be on or off."""
        above = self.above
        if above is not None:
            return value >= self.clear if on else value > above
        return value <= self.clear if on else value < (self.below or 0.0)

    def with_level(self, own: OwnLevel) -> Self:
        """Return the rule with a device's own level; ValueError where it clears on the wrong side."""
        above, below = (None, own.at) if self.above is None else (own.at, None)
        on_the_right_side("clear", own.clear, above, below)
        return replace(self, above=above, below=below, clear=own.clear)

    @property
    def enter(self) -> float:
        """The level itself."""
        return self.above if self.above is not None else self.below or 0.0

    @property
    def direction(self) -> str:
        """``above`` or ``below``."""
        return "below" if self.above is None else "above"

    def channels(self) -> Iterator[tuple[str, str]]:
        """The channel."""
        yield "channel", self.channel


@dataclass(frozen=True, slots=True, kw_only=True, config=SLOTTED)
class Threshold(Level):
    """A level with event types of its own; ``cleared`` may be left out.

    ``of``: the channel of which the levels are shares; without its number nothing is judged.
    """

    event: Name
    cleared: Name | None = None
    of: Key | None = None

    def channels(self) -> Iterator[tuple[str, str]]:
        """The channel, and the one that its levels are shares of."""
        yield "channel", self.channel
        if self.of is not None:
            yield "of", self.of


@dataclass(frozen=True, slots=True, kw_only=True, config=SLOTTED)
class Rate(Threshold):
    """How fast a channel changes, per minute, over the last ``window_s``; ``above: 5`` is more than 5 a minute up."""

    window_s: PositiveSeconds

    @model_validator(mode="after")
    def _has_levels_of_its_own(self) -> Rate:
        if self.of is not None:
            raise ValueError("of goes with thresholds; a rate has levels of its own")
        return self


@dataclass(frozen=True, slots=True, kw_only=True, config=SLOTTED)
class Limit(Level):
    """A sensor's limit: ``sensor.threshold.exceeded`` with this severity, and ``sensor.threshold.cleared``."""

    severity: AnyCaseSeverity = Severity.WARNING
