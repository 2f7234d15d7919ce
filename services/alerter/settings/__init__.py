"""The alerter's settings: ``config/alerts.yaml`` and the limits of ``config/event_counters.yaml``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Annotated

from pydantic import Field, model_validator

from services.alerter.core.actions import STOP
from services.alerter.core.kinds.absence import Absence
from services.alerter.core.notify.channels import Channel, Wording
from services.alerter.core.notify.dispatch import NotificationPlan
from services.alerter.core.rules import Rule
from services.alerter.settings.durations import LongSpan
from services.alerter.settings.limits import rate_rules
from services.alerter.settings.notify import (
    DEFAULT_ROUTE,
    FlappingSettings,
    InhibitSettings,
    NamedIntervals,
    RouteSettings,
)
from services.alerter.settings.receivers import MOST, ReceiverSettings, TemplateSettings
from services.alerter.settings.rules import RuleSettings
from shared.event_counters import EventCountersSettings
from shared.event_text.texts import EventTexts
from shared.messages import Name
from shared.placed_error import Placed, PlacedError
from shared.settings import Settings

FILE = "alerts"
RESERVED = {"hourly_rate", "daily_rate", STOP}  # rules of their own


class AlertsSettings(Settings):
    """``config/alerts.yaml``."""

    rules: dict[Name, RuleSettings] = Field(default_factory=dict)
    route: RouteSettings = RouteSettings()
    receivers: Annotated[tuple[ReceiverSettings, ...], Field(max_length=MOST)] = (ReceiverSettings(name="default"),)
    templates: TemplateSettings = TemplateSettings()
    external_url: str = ""
    inhibit_rules: tuple[InhibitSettings, ...] = ()
    time_intervals: tuple[NamedIntervals, ...] = ()
    flapping: FlappingSettings = FlappingSettings()
    emergency_stop_targets: tuple[Name, ...] = ("climate_supervisor",)
    resolved_for: LongSpan = timedelta(days=1)
    idle_grace: Annotated[LongSpan, Field(ge=timedelta(seconds=5))] = timedelta(seconds=30)

    @model_validator(mode="after")
    def _hangs_together(self) -> AlertsSettings:
        faults = [*self._odd_rules(), *self._odd_routes()]
        if faults:
            raise PlacedError(*faults)
        return self

    def _odd_rules(self) -> Iterator[Placed]:
        for name, rule in self.rules.items():
            if name in RESERVED:
                yield ("rules", name), "the name is taken; choose another"
            for member in rule.members:
                if member not in self.rules and member not in RESERVED:
                    yield ("rules", name, "composite"), f"there is no rule {member!r}"
                elif member in self.rules and self.rules[member].composite is not None:
                    yield ("rules", name, "composite"), f"{member!r} is a composite itself"

    def _odd_routes(self) -> Iterator[Placed]:
        receivers = Counter(receiver.name for receiver in self.receivers)
        intervals = {interval.name for interval in self.time_intervals}
        for name, number in receivers.items():
            if number > 1:
                yield ("receivers",), f"{name!r} is given {number} times"
        for where, route in self.route.all():
            wanted = route.receiver or ("default" if where == ("route",) else None)
            if wanted is not None and wanted not in receivers:
                yield (*where, "receiver"), f"there is no receiver {wanted!r} among receivers"
            for key in ("mute_time_intervals", "active_time_intervals"):
                for name in sorted({*getattr(route, key)} - intervals):
                    yield (*where, key), f"there is no interval {name!r} among time_intervals"
        if self.route.matchers or self.route.mute_time_intervals or self.route.active_time_intervals:
            yield ("route",), "the root takes everything always; put matchers and intervals into routes below it"

    def made_rules(self) -> tuple[Rule, ...]:
        """Return the enabled rules, in the order of the file."""
        return tuple(rule.rule(name, self.rules) for name, rule in self.rules.items() if rule.enabled)

    def channels(self) -> tuple[Channel, ...]:
        """Return every channel of every receiver besides MQTT."""
        return tuple(channel for settings in self.receivers for channel in settings.channels(self.external_url))

    def wordings(self) -> Mapping[str, Wording]:
        """Return every receiver's templates."""
        return {settings.name: settings.wording(self.templates) for settings in self.receivers}

    def plan(self) -> NotificationPlan:
        """Return the routes, receivers, inhibition and intervals."""
        return NotificationPlan(
            route=self.route.route(DEFAULT_ROUTE),
            receivers={settings.name: settings.receiver() for settings in self.receivers},
            inhibit=tuple(settings.rule() for settings in self.inhibit_rules),
            intervals={i.name: tuple(part.interval() for part in i.time_intervals) for i in self.time_intervals},
            flapping=self.flapping.flapping(),
        )


@dataclass(frozen=True, slots=True)
class AlerterSettings:
    """Both files, the reader's intervals, and the event types in words."""

    alerts: AlertsSettings
    counters: EventCountersSettings
    intervals: Mapping[str, timedelta] = field(default_factory=dict)  # how often the reader reads each device
    texts: EventTexts = field(default_factory=dict)

    def rules(self) -> tuple[Rule, ...]:
        """Return every rule: those of the limits per hour and day, then those of ``alerts.yaml``."""
        made = (_with_intervals(rule, self.intervals) for rule in self.alerts.made_rules())
        return (*rate_rules(self.counters), *made)


def _with_intervals(rule: Rule, intervals: Mapping[str, timedelta]) -> Rule:
    if not isinstance(rule.condition, Absence):
        return rule
    return replace(rule, condition=replace(rule.condition, intervals=intervals))


def unknown_types(settings: AlerterSettings, catalogue: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return (place, type) of each type that rules name and the catalogue lacks: a user's own, or a typing error."""
    limits = [("event_counters.yaml: alert_thresholds", name) for name in settings.counters.alert_thresholds]
    named = [
        (f"alerts.yaml: rules.{rule.name}", name)
        for rule in settings.alerts.made_rules()
        if rule.intake.source == "event"
        for name in (*rule.intake.names, *rule.intake.besides)
        if not set(name) & set("*?")
    ]
    return sorted({(place, name) for place, name in (*limits, *named) if name not in catalogue})
