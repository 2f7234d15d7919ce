"""The rules as data: what ``config/event_processor.yaml`` may say under ``rules``.

A section is a kind of rule; ``core.program.ORDER`` ties each to the code that applies it. Levels are
exceeded, never merely reached: ``above: 60`` is not met at 60.0.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from services.event_processor.core.catalogue import suggestion
from services.event_processor.core.facts import Data, Key, Seconds
from shared.messages import AnyCaseSeverity, Name, Severity
from shared.quantities import FACTS, QUANTITIES

EXCEEDED = "sensor.threshold.exceeded"
CLEARED = "sensor.threshold.cleared"
GAP = "system.stream.gap"


def _known_channel(channel: str) -> str:
    if channel not in QUANTITIES and channel not in FACTS:
        raise ValueError("no such channel" + suggestion(channel, [*QUANTITIES, *FACTS]))
    return channel


def _known_quantity(channel: str) -> str:
    if channel not in QUANTITIES:
        raise ValueError("no such numeric channel" + suggestion(channel, QUANTITIES))
    return channel


Channel = Annotated[str, AfterValidator(_known_channel)]
Numeric = Annotated[str, AfterValidator(_known_quantity)]


class Evidence(Data):
    """One channel's word on a condition: it ``equals`` a value, or is ``above`` or ``below`` a level.

    Once true, a level stays true up to ``until``; between the two, a first look says nothing.
    """

    channel: Channel
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
            _on_the_right_side("until", self.until, self.above, self.below)
        return self

    def judge(self, value: float | str, was: bool | None) -> bool | None:
        """Say whether the condition holds; None where the value is no answer or lies in the deadband unseen."""
        if self.equals is not None:
            return value == self.equals if type(value) is type(self.equals) else None
        if isinstance(value, bool | str):
            return None
        if self.above is not None:
            past, back = value > self.above, self.until is None or value < self.until
        else:
            past, back = value < (self.below or 0.0), self.until is None or value > self.until
        return True if past else False if back else was


def _on_the_right_side(name: str, release: float, above: float | None, below: float | None) -> None:
    if above is not None and release > above:
        raise ValueError(f"{name} ({release}) must not be higher than above ({above})")
    if below is not None and release < below:
        raise ValueError(f"{name} ({release}) must not be lower than below ({below})")


class TimedEvidence(Evidence):
    """Evidence that must last ``for_s`` before it is believed, either way."""

    for_s: Seconds = 0


class Gate(Data):
    """A condition that holds unless one piece of evidence speaks against it; what is unknown does not."""

    unless: tuple[Evidence, ...]


class Signal(Data):
    """Every frame whose ``channel`` equals the value is an event; its other values go along."""

    channel: Channel
    equals: bool | str
    event: Name


class Errors(Data):
    """A frame with errors is one event, however many chips failed."""

    event: Name


class Readings(Data):
    """Every channel that is a sensor's is a ``sensor.<kind>`` event, frame by frame; ``except_for`` leaves some out."""

    except_for: tuple[Numeric, ...] = ()


class Power(Data):
    """Mains lost and restored; the first evidence a device has is the one that counts.

    A spell on battery too short for ``lost_after_s`` is one ``blip``.
    """

    on_battery: tuple[Evidence, ...]
    lost_after_s: Seconds
    restored_after_s: Seconds
    lost: Name
    restored: Name
    blip: Name


class Battery(Data):
    """The battery episode. Its levels come from the device's chemistry; ``only_while`` gates entering them."""

    only_while: Name | None = None
    low: Name
    critical: Name
    recovered: Name


class Charging(Data):
    """Charge sessions: begun once, completed once. See ``core.kinds.charging`` for the rules."""

    evidence: tuple[TimedEvidence, ...]
    started: Name
    completed: Name
    full_within_v: Annotated[float, Field(ge=0, le=1)]
    full_at_percent: Annotated[float, Field(ge=0, le=100)]
    stopped_for_s: Seconds
    taper_c_rate: Annotated[float, Field(gt=0, le=1)]
    taper_for_s: Seconds
    session_ends_after_s: Seconds


class Level(Data):
    """A channel past a level: entered beyond ``above`` or ``below``, left beyond ``clear``, each for its dwell.

    ``cell_voltage`` is worked out as battery_voltage / cells where no chip gives it. Empty ``devices``: all.
    """

    channel: Numeric
    above: float | None = None
    below: float | None = None
    clear: float
    enter_for_s: Seconds = 0
    clear_for_s: Seconds = 0
    only_while: Name | None = None
    devices: tuple[Name, ...] = ()

    @model_validator(mode="after")
    def _one_level(self) -> Level:
        if (self.above is None) == (self.below is None):
            raise ValueError("wants exactly one of above and below")
        _on_the_right_side("clear", self.clear, self.above, self.below)
        return self

    def wish(self, value: float, on: bool) -> bool:
        """Say what ``value`` asks for: to be on or off."""
        if self.above is not None:
            return value >= self.clear if on else value > self.above
        return value <= self.clear if on else value < (self.below or 0.0)

    @property
    def enter(self) -> float:
        """The level itself."""
        return self.above if self.above is not None else self.below or 0.0

    @property
    def direction(self) -> str:
        """``above`` or ``below``."""
        return "below" if self.above is None else "above"


class Threshold(Level):
    """A level with event types of its own; ``cleared`` may be left out."""

    event: Name
    cleared: Name | None = None


class Limit(Level):
    """A sensor's limit: ``sensor.threshold.exceeded`` with this severity, and ``sensor.threshold.cleared``."""

    severity: AnyCaseSeverity = Severity.WARNING


class Rules(Data):
    """Every rule of a site, by kind. A kind left out is off."""

    gates: dict[Key, Gate] = Field(default_factory=dict)
    signals: dict[Key, Signal] = Field(default_factory=dict)
    errors: Errors | None = None
    readings: Readings | None = None
    power: Power | None = None
    battery: Battery | None = None
    charging: Charging | None = None
    thresholds: dict[Key, Threshold] = Field(default_factory=dict)
    limits: dict[Key, Limit] = Field(default_factory=dict)

    def named_events(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """Yield (path, event type) of every event type the rules name."""
        for kind in ("signals", "thresholds"):
            for name, rule in getattr(self, kind).items():
                yield from _events_of((kind, name), rule, ("event", "cleared"))
        yield from _events_of(("errors",), self.errors, ("event",))
        yield from _events_of(("power",), self.power, ("lost", "restored", "blip"))
        yield from _events_of(("battery",), self.battery, ("low", "critical", "recovered"))
        yield from _events_of(("charging",), self.charging, ("started", "completed"))

    def named_gates(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """Yield (path, gate) of every gate the rules name."""
        gated: dict[tuple[str, ...], Battery | Level | None] = {("battery",): self.battery}
        gated |= {("thresholds", name): threshold for name, threshold in self.thresholds.items()}
        gated |= {("limits", name): limit for name, limit in self.limits.items()}
        for path, rule in gated.items():
            if rule is not None and rule.only_while is not None:
                yield (*path, "only_while"), rule.only_while


def _events_of(
    path: tuple[str, ...], rule: Data | None, keys: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], str]]:
    for key in keys:
        event = getattr(rule, key, None)
        if event is not None:
            yield (*path, key), event
