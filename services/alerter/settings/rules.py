"""``rules`` of ``config/alerts.yaml``: a model for each kind of condition, of which a rule has exactly one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from math import floor
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from services.alerter.core.actions import Action, Do, unknown_places
from services.alerter.core.kinds.absence import Absence, Offline
from services.alerter.core.kinds.composite import Composite
from services.alerter.core.kinds.condition import Condition
from services.alerter.core.kinds.counts import Burst, Count
from services.alerter.core.kinds.levels import Compare, Deviation, TargetSource, Watched
from services.alerter.core.kinds.prediction import Prediction
from services.alerter.core.matchers import Matcher, parse_matcher
from services.alerter.core.rules import Intake, Rule
from services.alerter.settings.durations import LongSpan, Span
from shared.messages import AnyCaseSeverity, Name, Severity
from shared.settings import Settings


def _matcher(text: str) -> str:
    parse_matcher(text)
    return text


def _template(text: str) -> str:
    if (fault := unknown_places(text)) is not None:
        raise ValueError(fault)
    return text


MatcherText = Annotated[str, AfterValidator(_matcher)]
Template = Annotated[str, AfterValidator(_template)]
Pattern = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.\-*?]+$", max_length=128)]
Field_ = Annotated[str, Field(pattern=r"^[A-Za-z_][\w.]*$", max_length=128)]
Limit = Annotated[int, Field(strict=True, ge=0, le=10_000)]
Positive = Annotated[float, Field(gt=0)]


class _Of(Settings):
    """Which samples: events by ``type`` (one or several, * stands for anything), or the ``state`` of devices."""

    type: tuple[Pattern, ...] = ()
    state: tuple[Pattern, ...] = ()

    @field_validator("type", "state", mode="before")
    @classmethod
    def _several(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_source(self) -> _Of:
        if bool(self.type) is bool(self.state):
            raise ValueError("needs either type (of events) or state (of devices, by name; * for all)")
        return self

    def intake(self, where: tuple[Matcher, ...], besides: tuple[str, ...] = ()) -> Intake:
        """Return what the rule looks at."""
        return Intake("event" if self.type else "state", self.type or self.state, where, besides)


class CountSettings(_Of):
    """``count``: more than so many within a window; ``per`` makes the limit a rate."""

    more_than: Annotated[float, Field(ge=0, le=10_000)]
    within: LongSpan
    per: LongSpan | None = None

    @model_validator(mode="after")
    def _whole(self) -> CountSettings:
        if self.per is None and self.more_than != int(self.more_than):
            raise ValueError("more_than must be whole where it is no rate; give per for a rate")
        if self.threshold > 10_000:
            raise ValueError("comes to more than 10000 events within the window; take a shorter one")
        return self

    @property
    def threshold(self) -> int:
        """The greatest number of events that does not fire."""
        return int(self.more_than) if self.per is None else floor(self.more_than * (self.within / self.per) + 1e-9)

    def condition(self) -> Count:
        """Return the condition."""
        return Count(self.within, self.threshold, self.per)


class BurstSettings(_Of):
    """``burst``: more than so many within a window; it lasts until nothing has come for ``quiet``."""

    more_than: Limit
    within: LongSpan
    quiet: LongSpan | None = None

    def condition(self) -> Burst:
        """Return the condition."""
        return Burst(self.within, self.more_than, self.quiet or self.within)


class _Seen(_Of):
    field: Field_ = "value"
    only_while: tuple[MatcherText, ...] = ()
    cleared_by: tuple[Pattern, ...] = ()
    lasts: LongSpan | None = None

    def besides(self) -> tuple[str, ...]:
        """Return what is looked at besides the samples to be judged."""
        return self.cleared_by

    def watched(self) -> Watched:
        """Return the field, its conditions and how long it counts."""
        return Watched(self.field, tuple(map(parse_matcher, self.only_while)), self.cleared_by, self.lasts)


class CompareSettings(_Seen):
    """``compare``: a field above, below, equal to or different from something; ``clear`` makes a hysteresis."""

    above: float | None = None
    below: float | None = None
    equals: bool | float | str | None = None
    differs: bool | float | str | None = None
    clear: float | None = None

    @model_validator(mode="after")
    def _one_test(self) -> CompareSettings:
        given = [sign for sign in ("above", "below", "equals", "differs") if getattr(self, sign) is not None]
        if len(given) != 1:
            raise ValueError("needs exactly one of above, below, equals, differs")
        if self.clear is not None:
            bound = self.above if self.above is not None else self.below
            wrong = bound is None or (self.clear > bound if self.above is not None else self.clear < bound)
            if wrong:
                raise ValueError("clear must lie on the good side of above or below")
        return self

    def condition(self) -> Compare:
        """Return the condition."""
        sign = next(sign for sign in ("above", "below", "equals", "differs") if getattr(self, sign) is not None)
        return Compare(self.watched(), sign, getattr(self, sign), self.clear)


class TargetFromSettings(Settings):
    """``target_from``: events that report a new target."""

    type: tuple[Pattern, ...]
    field: Field_
    where: tuple[MatcherText, ...] = ()

    def source(self) -> TargetSource:
        """Return where targets come from."""
        return TargetSource(self.type, self.field, tuple(map(parse_matcher, self.where)))


class DeviationSettings(_Seen):
    """``deviation``: further from ``target`` (a number, or a field) than max(``percent`` of it, ``floor``)."""

    target: float | Field_ = "target"
    percent: Positive
    floor: Annotated[float, Field(ge=0)] = 0.0
    clear_at: Annotated[float, Field(gt=0, le=1)] = 1.0
    target_from: TargetFromSettings | None = None

    def condition(self) -> Deviation:
        """Return the condition."""
        source = None if self.target_from is None else self.target_from.source()
        return Deviation(self.watched(), self.target, self.percent, self.floor, self.clear_at, source)

    def besides(self) -> tuple[str, ...]:
        """Return what is looked at besides the samples to be judged."""
        return (*self.cleared_by, *(self.target_from.type if self.target_from else ()))


class AbsenceSettings(_Of):
    """``absence``: nothing for ``after``; ``expect`` names groups to wait for even before their first sample.

    ``missed_readings``: the absence must also last for so many of the device's own intervals.
    """

    after: LongSpan
    give_up: LongSpan = timedelta(days=30)
    missed_readings: Annotated[int, Field(ge=0, le=1000)] = 0
    expect: tuple[str | tuple[str, ...], ...] = ()

    def condition(self) -> Absence:
        """Return the condition."""
        return Absence(self.after, self.give_up, self.missed_readings)


class OfflineSettings(Settings):
    """``offline``: the last will of a service was published."""

    service: tuple[Pattern, ...] = ("*",)

    @field_validator("service", mode="before")
    @classmethod
    def _several(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    def intake(self, where: tuple[Matcher, ...], besides: tuple[str, ...] = ()) -> Intake:
        """Return what the rule looks at."""
        return Intake("service", self.service, where, besides)

    def condition(self) -> Offline:
        """Return the condition."""
        return Offline()


class PredictionSettings(_Seen):
    """``prediction``: the field reaches a value within a time, as ``reported`` or by the line through its values.

    ``reported`` is one field or several: the first that a sample has counts.
    """

    reaches: float
    within: LongSpan
    over: LongSpan = timedelta(minutes=10)
    reported: Field_ | tuple[Field_, ...] = ()

    def condition(self) -> Prediction:
        """Return the condition."""
        reported = (self.reported,) if isinstance(self.reported, str) else self.reported
        return Prediction(self.watched(), self.reaches, self.within, self.over, reported)


class CompositeSettings(Settings):
    """``all`` or ``any`` of other rules fire, for the same values of the labels in ``by``."""

    all: tuple[Name, ...] = ()
    any: tuple[Name, ...] = ()

    @model_validator(mode="after")
    def _some(self) -> CompositeSettings:
        if bool(self.all) is bool(self.any):
            raise ValueError("needs either all or any, with the names of other rules")
        return self

    def intake(self, where: tuple[Matcher, ...], besides: tuple[str, ...] = ()) -> Intake:
        """Return an intake for nothing: composites take reports of their members."""
        return Intake("alert", (), where, besides)

    def condition(self) -> Composite:
        """Return the condition."""
        return Composite(self.all or self.any, "all" if self.all else "any")


class CommandSettings(Settings):
    """``command``: a command to a device or service. Texts may hold ``{label}``."""

    target: Template
    name: Name
    data: dict[str, Any] = Field(default_factory=dict)
    expires: LongSpan | None = timedelta(minutes=5)


class StopSettings(Settings):
    """``emergency_stop``: of a zone; ``all`` is every zone. Without the label ``zone`` the alert stops nothing."""

    zone: Template = "{zone}"


class ActionSettings(Settings):
    """One action with settings of its own."""

    command: CommandSettings | None = None
    emergency_stop: StopSettings | None = None

    @model_validator(mode="after")
    def _one(self) -> ActionSettings:
        if (self.command is None) is (self.emergency_stop is None):
            raise ValueError("is one action: command or emergency_stop")
        return self

    def action(self) -> Action:
        """Return the action."""
        if self.command is not None:
            wanted = self.command
            return Action(Do.COMMAND, wanted.target, wanted.name, data=wanted.data, expires=wanted.expires)
        return Action(Do.EMERGENCY_STOP, zone=self.emergency_stop.zone if self.emergency_stop else "{zone}")


_KINDS = ("count", "burst", "compare", "deviation", "absence", "offline", "prediction", "composite")
_BY: dict[str, tuple[str, ...]] = {"offline": ("service",)}


class RuleSettings(Settings):
    """``rules.<name>``."""

    count: CountSettings | None = None
    burst: BurstSettings | None = None
    compare: CompareSettings | None = None
    deviation: DeviationSettings | None = None
    absence: AbsenceSettings | None = None
    offline: OfflineSettings | None = None
    prediction: PredictionSettings | None = None
    composite: CompositeSettings | None = None

    enabled: bool = True
    where: tuple[MatcherText, ...] = ()
    by: tuple[Field_, ...] | None = None
    for_: Annotated[Span, Field(alias="for")] = timedelta(0)
    keep_firing_for: Span = timedelta(0)
    severity: AnyCaseSeverity = Severity.WARNING
    labels: dict[Field_, str] = Field(default_factory=dict)
    annotations: dict[Field_, Template] = Field(default_factory=dict)
    actions: tuple[Literal["notification", "emergency_stop", "shutdown"] | ActionSettings, ...] = ("notification",)

    @model_validator(mode="after")
    def _one_condition(self) -> RuleSettings:
        given = [kind for kind in _KINDS if getattr(self, kind) is not None]
        if len(given) != 1:
            raise ValueError(f"needs exactly one condition of {', '.join(_KINDS)}")
        return self

    @property
    def kind(self) -> str:
        """The kind of its condition."""
        return next(kind for kind in _KINDS if getattr(self, kind) is not None)

    @property
    def members(self) -> tuple[str, ...]:
        """The member rules of a composite."""
        return (*self.composite.all, *self.composite.any) if self.composite else ()

    def rule(self, name: str, others: Mapping[str, RuleSettings]) -> Rule:
        """Return the rule; ``others`` are all rules, for the members of a composite."""
        settings = getattr(self, self.kind)
        condition: Condition = settings.condition()
        where = tuple(map(parse_matcher, self.where))
        expected = (group if isinstance(group, tuple) else (group,) for group in getattr(settings, "expect", ()))
        members = [others[member] for member in self.members if member in others]
        return Rule(
            name=name,
            condition=condition,
            intake=settings.intake(where, settings.besides() if isinstance(settings, _Seen) else ()),
            by=self.by if self.by is not None else _BY.get(self.kind, ("device",)),
            severity=self.severity,
            hold=self.for_,
            keep=self.keep_firing_for,
            live=any(rule.offline is not None for rule in (self, *members)),
            expects=tuple(expected),
            labels=self.labels,
            annotations=self.annotations,
            actions=tuple(a.action() if isinstance(a, ActionSettings) else Action(Do(a)) for a in self.actions),
        )
