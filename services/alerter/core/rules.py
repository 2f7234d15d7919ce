"""A rule: which samples it takes, how it groups them, its condition, and its actions when it fires."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from fnmatch import fnmatchcase
from functools import cached_property
from types import MappingProxyType
from typing import Literal

from services.alerter.core.actions import NOTIFY, Action, Do
from services.alerter.core.keys import key_of
from services.alerter.core.kinds.composite import Composite
from services.alerter.core.kinds.condition import Condition
from services.alerter.core.kinds.counts import Count
from services.alerter.core.matchers import Matcher
from services.alerter.core.samples import Sample, Source
from services.alerter.core.wording import in_words, short
from shared.instants import span_to_us
from shared.messages import Severity

NOTHING: Mapping[str, str] = MappingProxyType({})
ZERO = timedelta(0)


@dataclass(frozen=True, slots=True)
class Intake:
    """Which samples a rule takes: their source, patterns of their names (``*``, ``?``), tests of their fields."""

    source: Source
    names: tuple[str, ...]
    where: tuple[Matcher, ...] = ()
    besides: tuple[str, ...] = ()  # names taken whatever their fields: those that clear

    def listens(self, source: Source, name: str) -> bool:
        """Whether samples of that name can be taken at all."""
        return source == self.source and any(fnmatchcase(name, pattern) for pattern in (*self.names, *self.besides))

    def takes(self, sample: Sample) -> bool:
        """Whether a sample whose name fits passes the tests of its fields."""
        if not self.where or sample.name in self.besides:
            return True
        return all(matcher.holds(sample.field(matcher.name)) for matcher in self.where)


@dataclass(frozen=True)
class Rule:
    """``name`` is the alert's name; rules of one name differ in ``only``, the event type that begins their keys.

    ``hold``: how long the condition must hold before it fires (Prometheus: ``for``). ``keep``: how long it must be over
    before it resolves (``keep_firing_for``). ``live``: judged by the alerter's clock, not by event time.
    """

    name: str
    condition: Condition
    intake: Intake
    by: tuple[str, ...] = ("device",)
    only: str | None = None
    severity: Severity = Severity.WARNING
    hold: timedelta = ZERO
    keep: timedelta = ZERO
    live: bool = False
    expects: tuple[tuple[str, ...], ...] = ()  # groups to wait for even if they never had a sample
    labels: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    annotations: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    actions: tuple[Action, ...] = (NOTIFY,)

    @cached_property
    def hold_us(self) -> int:
        """``hold`` in microseconds."""
        return span_to_us(self.hold)

    @cached_property
    def keep_us(self) -> int:
        """``keep`` in microseconds."""
        return span_to_us(self.keep)

    @cached_property
    def window_us(self) -> int:
        """The span of time its condition judges, in microseconds."""
        return round(self.condition.window_s * 1e6)

    @property
    def basis(self) -> Literal["events", "live"]:
        """Whether its alerts follow from events and state samples, or from the alerter's clock and service statuses."""
        return "live" if self.live or self.intake.source == "service" else "events"

    @property
    def wants(self) -> str:
        """What makes it fire and for how long, in words."""
        return f"{self.condition.wants}, for {in_words(self.hold)}" if self.hold else self.condition.wants

    @cached_property
    def composite(self) -> Composite | None:
        """The condition, if it is made of other rules."""
        return self.condition if isinstance(self.condition, Composite) else None

    @property
    def notifies(self) -> bool:
        """Whether people are notified when it fires."""
        return any(action.do is Do.NOTIFICATION for action in self.actions)

    @cached_property
    def acts(self) -> bool:
        """Whether the rule orders something, besides notifying."""
        return any(action.do is not Do.NOTIFICATION for action in self.actions)

    def group(self, sample: Sample) -> tuple[str, list[object]] | None:
        """Return the key of a sample's group, and the values that it is made of; None where it has no group.

        A rule that orders something ignores a sample without one of the labels it groups by: events that do not name
        their devices are no evidence against any device. A rule that only notifies puts them under the key ``none``,
        so that nothing is lost from sight.
        """
        values = [sample.field(name) for name in self.by]
        if self.acts and any(value in (None, "") for value in values):
            return None
        return key_of(values), values

    def owns(self, key: str) -> bool:
        """Whether this rule judges the alert of its name with this key."""
        return self.only is None or key == self.only or key.startswith(f"{self.only}.")

    def labelled(self, values: list[object], sample: Sample) -> dict[str, str]:
        """Return the labels of a sample's group, with the device's zone if there is one."""
        zone = sample.field("zone") if "device" in self.by or "sensor" in self.by else None
        named = {name: short(value) for name, value in zip(self.by, values, strict=True) if value not in (None, "")}
        return ({} if zone in (None, "") else {"zone": short(zone)}) | named


def known_labels(rules: Iterable[Rule]) -> list[dict[str, str]]:
    """Return, for each rule that notifies, the labels that its alerts are known to have before they fire."""
    return [
        {
            **rule.labels,
            **({"type": rule.only} if rule.only else {}),
            "rule": rule.name,
            "severity": rule.severity.value,
        }
        for rule in rules
        if rule.notifies
    ]


def rate_rule(
    name: str,
    event_type: str,
    window: timedelta,
    threshold: int,
    severity: Severity = Severity.WARNING,
    per: Literal["site", "device", "incident"] = "site",
) -> Rule:
    """Return the rule for more than ``threshold`` events of a type within a window.

    ``per``: count all events of the site together, those of each device apart, or each incident once.
    """
    intake = Intake("event", (event_type,))
    condition = Count(window, threshold, once_per="incident" if per == "incident" else None)
    by = ("type", "device") if per == "device" else ("type",)
    return Rule(name, condition, intake, by=by, only=event_type, severity=severity)
