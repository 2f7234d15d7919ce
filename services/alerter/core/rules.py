"""A rule: which samples it looks at, how it groups them, its condition, and what comes of it when it fires."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Literal

from services.alerter.core.actions import NOTIFY, Action
from services.alerter.core.keys import key_of
from services.alerter.core.kinds.composite import Composite
from services.alerter.core.kinds.condition import Condition
from services.alerter.core.kinds.counts import Count
from services.alerter.core.matchers import Matcher
from services.alerter.core.samples import Sample, Source
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
    """``name`` is the alert's; rules of one name must differ in ``only``, the one key they are for.

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
    of_live: bool = False  # a composite with members whose basis is live
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
        """Whether its alerts follow from events alone, or from what was to be seen when somebody looked."""
        looks = self.live or self.of_live or self.intake.source in ("state", "service")
        return "live" if looks else "events"

    @property
    def composite(self) -> Composite | None:
        """The condition, if it is made of other rules."""
        return self.condition if isinstance(self.condition, Composite) else None

    def group(self, sample: Sample) -> tuple[str, dict[str, str]]:
        """Return the key and the labels of the group a sample belongs to."""
        values = [sample.field(name) for name in self.by]
        return key_of(values), self.labelled(values, sample.field("zone") if "device" in self.by else None)

    def labelled(self, values: list[object], zone: object = None) -> dict[str, str]:
        """Return the labels of a group; a device brings its zone along."""
        named = {name: str(value) for name, value in zip(self.by, values, strict=True) if value not in (None, "")}
        return ({} if zone in (None, "") else {"zone": str(zone)}) | named


def rate_rule(
    name: str, event_type: str, window: timedelta, threshold: int, severity: Severity = Severity.WARNING
) -> Rule:
    """Return the rule for more than ``threshold`` events of a type within a window, whatever device they are of."""
    intake = Intake("event", (event_type,))
    return Rule(name, Count(window, threshold), intake, by=("type",), only=event_type, severity=severity)
