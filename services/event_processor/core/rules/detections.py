"""The kinds of rule that a site may have many of: their models in ``config/event_processor.yaml``.

``enter_for_s`` and ``clear_for_s`` are dwells: how long a condition must last, either way, before it counts.
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
        """Yield (key, channel) of every channel that must be a number."""
        yield from ()

    def facts(self) -> Iterator[tuple[str, str]]:
        """Yield (key, channel) of every channel that may be a number, word or flag."""
        yield from ()


@dataclass(frozen=True, slots=True, kw_only=True, config=SLOTTED)
class Signal(Rule):
    """An event for every frame whose ``channel`` equals the value, with the frame's other values."""

    channel: Key
    equals: bool | str
    event: Name

    def facts(self) -> Iterator[tuple[str, str]]:
        """The channel."""
        yield "channel", self.channel


@dataclass(frozen=True, slots=True, kw_only=True, config=SLOTTED)
class Latched(Rule):
    """Base of rules with a state: ``event`` when it is entered, ``cleared``, if given, when it is left."""

    event: Name
    cleared: Name | None = None
    enter_for_s: Seconds = 0
    clear_for_s: Seconds = 0


@dataclass(frozen=True, slots=True, kw_only=True, config=SLOTTED)
class Condition(Latched):
    """All evidence of ``all`` holds and, if ``any`` is given, one of it. A frame that cannot decide changes nothing.

    In ``any``, channels that a device has never shown are ignored.
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
        """Yield the evidence of ``all`` and ``any``."""
        yield from (*self.all, *self.any)

    def facts(self) -> Iterator[tuple[str, str]]:
        """The channels of the evidence."""
        for key in ("all", "any"):
            for evidence in getattr(self, key):
                yield key, evidence.channel


@dataclass(frozen=True, slots=True, kw_only=True, config=SLOTTED)
class Fault(Latched):
    """Frames of one of these qualities, or with an error of one of these codes."""

    quality: tuple[Quality, ...] = ()
    codes: tuple[Name, ...] = ()

    @model_validator(mode="after")
    def _wants_a_sign(self) -> Fault:
        if not self.quality and not self.codes:
            raise ValueError("wants quality, codes or both")
        return self


@dataclass(frozen=True, slots=True, kw_only=True, config=SLOTTED)
class Change(Rule):
    """A channel has had another value for ``for_s``; its first value is no change."""

    channel: Key
    event: Name
    for_s: Seconds = 0

    def facts(self) -> Iterator[tuple[str, str]]:
        """The channel."""
        yield "channel", self.channel


@dataclass(frozen=True, slots=True, kw_only=True, config=SLOTTED)
class Absence(Rule):
    """No frame with the channel (or, without one, no believable frame) has come for ``after_s``.

    For a device named under ``devices`` the time runs from the first frame of any device, else from its own first.
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
    """A channel beyond a level: entered beyond ``above`` or ``below``, left beyond ``clear``, each for its dwell.

    ``boards_only``: not for a UPS at mains voltage, which has its own limits and reports OVER by them.
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

    def enters(self, value: float) -> bool:
        """Whether ``value`` is beyond the level."""
        above = self.above
        return value < (self.below or 0.0) if above is None else value > above

    def target(self, value: float, on: bool) -> bool:
        """Return whether ``value`` sets the state (True) or clears it; between the levels ``on`` stays."""
        if not on:
            return self.enters(value)
        return value <= self.clear if self.above is None else value >= self.clear

    def with_level(self, own: OwnLevel) -> Self:
        """Return the rule with a device's own level; raises ValueError where it clears on the wrong side."""
        above, below = (None, own.at) if self.above is None else (own.at, None)
        on_the_right_side("clear", own.clear, above, below)
        return replace(self, above=above, below=below, clear=own.clear)

    @property
    def enter(self) -> float:
        """The level: ``above`` or ``below``, whichever is given."""
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

    ``of``: a channel that the levels are shares of; a frame without its number changes nothing.
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
    """A channel's slope per minute over the last ``window_s``; ``above: 5`` means rising by more than 5 a minute."""

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
