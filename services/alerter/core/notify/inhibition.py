"""Inhibition: while one alert fires, others do not notify. The rules are Alertmanager's.

A rule mutes a target while a source fires that has the same values of the ``equal`` labels. A missing label is the same
as an empty one, so demand it where it matters (``device!=""``). An alert that is both source and target of a rule mutes
nothing by that rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from services.alerter.core.keys import AlertId
from services.alerter.core.matchers import Matcher, all_hold

Labels = Mapping[str, str]
Values = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InhibitRule:
    """Sources mute targets."""

    sources: tuple[Matcher, ...]
    targets: tuple[Matcher, ...]
    equal: tuple[str, ...] = ()

    def values(self, labels: Labels) -> tuple[str, ...]:
        """Return the values of the ``equal`` labels; empty for a missing label."""
        return tuple(labels.get(name, "") for name in self.equal)


class Inhibition:
    """What the firing alerts mute, indexed as alerts begin and cease to fire, so that ``over`` stays cheap."""

    def __init__(self, rules: Iterable[InhibitRule]) -> None:
        self._rules = tuple(rules)
        self._sources: list[dict[Values, dict[AlertId, None]]] = [{} for _ in self._rules]
        self._of: dict[AlertId, list[tuple[int, Values]]] = {}  # where each firing alert is a source

    def fires(self, alert_id: AlertId, labels: Labels) -> None:
        """Add a firing alert as a source of each rule that it matches as source and not as target."""
        self.ends(alert_id)
        for number, rule in enumerate(self._rules):
            if all_hold(rule.sources, labels) and not all_hold(rule.targets, labels):
                values = rule.values(labels)
                self._sources[number].setdefault(values, {})[alert_id] = None
                self._of.setdefault(alert_id, []).append((number, values))

    def ends(self, alert_id: AlertId) -> None:
        """Remove an alert that fires no more."""
        for number, values in self._of.pop(alert_id, ()):
            sources = self._sources[number][values]
            del sources[alert_id]
            if not sources:
                del self._sources[number][values]

    def over(self, labels: Labels) -> str | None:
        """Return ``rule/key`` of an alert that mutes one with these labels, None if there is none."""
        for rule, known in zip(self._rules, self._sources, strict=True):
            sources = known.get(rule.values(labels))
            if sources is not None and all_hold(rule.targets, labels):
                return "/".join(next(reversed(sources)))
        return None
