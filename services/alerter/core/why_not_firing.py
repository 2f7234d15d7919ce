"""The state of one alert and what it lacks to fire: the answer to "why did it not fire?".

1. It is a pure function of a rule, a record and the time reached.
2. A record without evidence is dropped (``Condition.pruned``). So for an alert without a record the report only says
   what its rule looks at; ``upskeep why not --recording`` plays the frames again and says more.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from services.alerter.core.alert_record import AlertRecord
from services.alerter.core.alert_set import AlertSet
from services.alerter.core.kinds.condition import Reading
from services.alerter.core.kinds.levels import Compare
from services.alerter.core.rules import Rule
from services.alerter.core.wording import figure, in_words
from shared.messages import AlertState

MOST_NAMES = 6
_SOURCES = {"event": "events of type", "state": "the state of", "service": "the life signs of", "alert": "the rules"}


@dataclass(frozen=True, slots=True)
class FiringReport:
    """``lacks`` is empty for a firing alert. ``reads`` is what its condition found; empty without a record."""

    looks_at: str
    wants: str
    state: AlertState
    since_us: int | None = None
    reads: str = ""
    lacks: str = ""


def rule_for(alert_sets: Iterable[AlertSet], name: str, key: str) -> tuple[AlertSet, Rule] | None:
    """Return the rule of a name that judges a key, with its alert set; None if there is none."""
    return next(((each, rule) for each in alert_sets if (rule := each.rule_for((name, key))) is not None), None)


def firing_report(rule: Rule, key: str, record: AlertRecord | None, now_us: int) -> FiringReport:
    """Return the state of the alert and what it lacks at ``now_us``."""
    looks, wanted = looks_at(rule), rule.wants
    if record is None:
        lacks = f"nothing of {key} is remembered: what the rule looks at has not come, or was as it should be"
        return FiringReport(looks, wanted, AlertState.RESOLVED, lacks=lacks)
    reading = rule.condition.reading(record.evidence, now_us, key)
    if record.is_firing:
        return FiringReport(looks, wanted, record.state, record.since_us, reading.words)
    if record.state is AlertState.PENDING:
        held = timedelta(microseconds=max(0, now_us - record.since_us))
        return FiringReport(looks, wanted, record.state, record.since_us, reading.words, not_long_enough(rule, held))
    return FiringReport(looks, wanted, record.state, None, reading.words, not_enough(rule, reading))


def not_long_enough(rule: Rule, held: timedelta) -> str:
    """Return, in words, what a pending alert lacks whose condition has held for ``held``."""
    held = timedelta(seconds=round(held.total_seconds(), 1))
    return f"it has held for {in_words(held)}; {in_words(rule.hold)} are needed"


def not_enough(rule: Rule, reading: Reading) -> str:
    """Return, in words, what a reading lacks to fire."""
    if isinstance(rule.condition, Compare):
        return f"{rule.condition.wants} would fire"
    return f"{reading.verdict or rule.condition.limit.format(figure(reading.threshold))} would fire"


def looks_at(rule: Rule) -> str:
    """Return what a rule looks at, in words."""
    if rule.composite is not None:
        return f"the rules {', '.join(rule.composite.rules)}"
    intake, names = rule.intake, [*rule.intake.names]
    named = "every device" if intake.source == "state" and names == ["*"] else ", ".join(names[:MOST_NAMES])
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    where = f" where {' and '.join(map(str, intake.where))}" if intake.where else ""
    return f"{_SOURCES[intake.source]} {named}{more}{where}"
