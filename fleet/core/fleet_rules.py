"""Rules over many sites, judged by the alerter's own core: its conditions, its states and its words.

Rules:
1. A share is judged anew from a time at which nothing fired, so its spells follow from the events alone: one that comes
   late puts the spell where it belongs.
2. A count of now (silent sites, short runtimes) is judged as it is seen, and remembered between two looks.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from fleet.core.shares import Step
from services.alerter.core.alert_record import AlertRecord
from services.alerter.core.kinds.levels import Compare, Watched
from services.alerter.core.rules import Intake, Rule
from services.alerter.core.samples import Sample
from services.alerter.core.transitions import begin, observe
from shared.messages import Alert, AlertState, Severity


@dataclass(frozen=True, slots=True)
class Spell:
    """One alert from its firing on; ``time`` is of its last change."""

    rule: str
    key: str
    since: datetime
    state: AlertState
    severity: Severity
    time: datetime
    value: float
    threshold: float
    message: str


def above(name: str, what: str, limit: float, severity: Severity, summary: str, by: str = "region") -> Rule:
    """Return the alerter's rule for a figure above a limit; ``what`` names the figure for people."""
    annotations = {"summary": summary} if summary else {}
    condition = Compare(Watched(what), "above", limit)
    return Rule(name, condition, Intake("state", ("*",)), (by,), severity=severity, annotations=annotations)


def spells_of(rule: Rule, key: str, steps: Iterable[Step], from_us: int, to_us: int) -> list[Spell]:
    """Return the spells of a course from a quiet time on, as they stand at ``to_us``."""
    record, found = begin(rule, {rule.by[0]: key}), list[Spell]()
    for time_us, value in steps:
        if from_us <= time_us <= to_us:
            record, found = _seen(rule, key, record, found, time_us, value)
    return found


def _seen(
    rule: Rule, key: str, record: AlertRecord, found: list[Spell], time_us: int, value: float
) -> tuple[AlertRecord, list[Spell]]:
    record, alerts = judged(rule, key, record, time_us, value)
    for alert in alerts:
        spell = spell_of(alert)
        found = [*found[:-1], spell] if found and found[-1].since == spell.since else [*found, spell]
    return record, found


def judged(
    rule: Rule, key: str, record: AlertRecord, now_us: int, value: float
) -> tuple[AlertRecord, tuple[Alert, ...]]:
    """Judge a figure as it is now; returns the memory and what changed."""
    if not isinstance(rule.condition, Compare):
        raise TypeError(f"{rule.name} is no rule of a figure")
    return observe(rule, key, record, Sample("state", key, now_us, {rule.condition.watched.field: value}))


def spell_of(alert: Alert) -> Spell:
    """Return what is kept of a transition."""
    summary = alert.annotations.get("summary", "")
    message = f"{summary}: {alert.message}" if summary else alert.message
    return Spell(
        rule=alert.rule,
        key=alert.key,
        since=alert.since,
        state=alert.state,
        severity=alert.severity,
        time=alert.time,
        value=alert.value,
        threshold=alert.threshold,
        message=message,
    )
