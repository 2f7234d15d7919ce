"""Inhibition: while one alert fires, others say nothing. As Alertmanager has it.

A rule's target is silent while there is a firing source with the same values of the ``equal`` labels; a label that is
not there is the same as an empty one, so demand it where it matters (``device!=""``). What is both source and target
of a rule mutes nothing by it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from services.alerter.core.matchers import Matcher, all_hold

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class InhibitRule:
    """Sources mute targets."""

    sources: tuple[Matcher, ...]
    targets: tuple[Matcher, ...]
    equal: tuple[str, ...] = ()

    def values(self, labels: Labels) -> tuple[str, ...]:
        """Return what has to be equal."""
        return tuple(labels.get(name, "") for name in self.equal)


class Inhibition:
    """What the firing alerts mute. ``firing`` are (fingerprint, labels)."""

    def __init__(self, rules: Iterable[InhibitRule], firing: Iterable[tuple[str, Labels]]) -> None:
        alerts = list(firing)
        self._rules = [(rule, _sources(rule, alerts)) for rule in rules]

    def over(self, labels: Labels) -> str | None:
        """Return the fingerprint of an alert that mutes one with these labels, None if there is none."""
        for rule, sources in self._rules:
            source = sources.get(rule.values(labels))
            if source is not None and all_hold(rule.targets, labels):
                return source
        return None


def _sources(rule: InhibitRule, alerts: Iterable[tuple[str, Labels]]) -> dict[tuple[str, ...], str]:
    """Return one source for each set of equal values; it is no target itself, so never the alert in question."""
    return {
        rule.values(labels): fingerprint
        for fingerprint, labels in alerts
        if all_hold(rule.sources, labels) and not all_hold(rule.targets, labels)
    }
