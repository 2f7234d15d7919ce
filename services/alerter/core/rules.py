"""A rule: which samples it looks at, how it groups them, its condition, and what comes of it when it fires."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from fnmatch import fnmatchcase
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
    """Which samples a rule looks at: their source, patterns of their names (``*``, ``?``), tests of their fields."""

    source: Source
    names: tuple[str, ...]
    where: tuple[Matcher, ...] = ()
    besides: tuple[str, ...] = ()  # names that are let through too, whatever their fields: those that clear

    def listens(self, source: Source, name: str) -> bool:
        """Whether samples of that name are looked at at all."""
        return source == self.source and any(fnmatchcase(name, pattern) for pattern in (*self.names, *self.besides))

    def takes(self, sample: Sample) -> bool:
        """Whether a sample whose name fits passes the tests."""
        return sample.name in self.besides or all(m.holds(sample.field(m.name)) for m in self.where)


@dataclass(frozen=True, slots=True)
class Rule:
    """``name`` is the alert's; rules of one name differ in ``only``, the event type that begins their keys.

    ``hold``: the condition must hold so long before it fires (Prometheus: ``for``). ``keep``: it must be over for so
    long before it resolves (``keep_firing_for``). ``live``: judged by the clock of who looks, not by event time.
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
    expects: tuple[tuple[str, ...], ...] = ()  # groups that must show up, seen or not
    labels: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    annotations: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    actions: tuple[Action, ...] = (NOTIFY,)

    @property
    def hold_us(self) -> int:
        """How long the condition has to hold, in microseconds."""
        return span_to_us(self.hold)

    @property
    def keep_us(self) -> int:
        """How long it has to be over, in microseconds."""
        return span_to_us(self.keep)

    @property
    def basis(self) -> Literal["events", "live"]:
        """Whether its alerts follow from events and state samples, or from the clock of who looked at life signs."""
        return "live" if self.live or self.intake.source == "service" else "events"

    @property
    def wants(self) -> str:
        """What has to be for it to fire, in words, with for how long."""
        return f"{self.condition.wants}, for {in_words(self.hold)}" if self.hold else self.condition.wants

    @property
    def composite(self) -> Composite | None:
        """The condition, if it is made of other rules."""
        return self.condition if isinstance(self.condition, Composite) else None

    @property
    def notifies(self) -> bool:
        """Whether people are notified when it fires."""
        return any(action.do is Do.NOTIFICATION for action in self.actions)

    @property
    def acts(self) -> bool:
        """Whether the rule orders something, besides notifying."""
        return any(action.do is not Do.NOTIFICATION for action in self.actions)

    def group(self, sample: Sample) -> tuple[str, dict[str, str]] | None:
        """Return the key and the labels of the group a sample belongs to; None: it belongs to none.

        A rule that orders something groups nothing that lacks a label it groups by: events of several devices
        whose names are missing are no evidence against any of them. A rule that only notifies puts them under
        the key ``none``, so that nothing is lost from sight.
        """
        values = [sample.field(name) for name in self.by]
        if self.acts and any(value in (None, "") for value in values):
            return None
        located = "device" in self.by or "sensor" in self.by
        return key_of(values), self.labelled(values, sample.field("zone") if located else None)

    def owns(self, key: str) -> bool:
        """Whether an alert of this name and key is judged by this rule."""
        return self.only is None or key == self.only or key.startswith(f"{self.only}.")

    def labelled(self, values: list[object], zone: object = None) -> dict[str, str]:
        """Return the labels of a group; a device brings its zone along."""
        named = {name: short(value) for name, value in zip(self.by, values, strict=True) if value not in (None, "")}
        return ({} if zone in (None, "") else {"zone": short(zone)}) | named


def known_labels(rules: Iterable[Rule]) -> list[dict[str, str]]:
    """Return what is known of the labels of each notifying rule's alerts before they fire."""
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

    ``per``: all events of the site count together, or those of each device for themselves, or each incident once.
    """
    intake = Intake("event", (event_type,))
    condition = Count(window, threshold, once_per="incident" if per == "incident" else None)
    by = ("type", "device") if per == "device" else ("type",)
    return Rule(name, condition, intake, by=by, only=event_type, severity=severity)
