"""The sentence an alert says to a person: what, how often, within what time, and the limit."""

from __future__ import annotations

from datetime import timedelta

from services.alerter.core.life import Reason
from services.alerter.core.rules import Rule
from services.alerter.core.window import Count

_VERDICTS = {
    Reason.OVER_LIMIT: "more than the limit of {}",
    Reason.WITHIN_LIMIT: "back within the limit of {}",
    Reason.LIMIT_LOWERED: "more than the limit of {}, which was lowered",
    Reason.LIMIT_RAISED: "within the limit of {}, which was raised",
    Reason.RULE_REMOVED: "no longer judged: its limit of {} was removed",
}


def describe(rule: Rule, reason: Reason, counted: Count) -> str:
    """Return e.g. ``I2C_ERROR: 6 in 1 hour, more than the limit of 5``."""
    number = f"{'' if counted.exact else 'at least '}{counted.number}"
    return f"{rule.key}: {number} in {in_words(rule.window)}, {_VERDICTS[reason].format(rule.threshold)}"


def in_words(window: timedelta) -> str:
    """Return a window in hours: ``1 hour``, ``24 hours``, ``0.5 hours``."""
    hours = window / timedelta(hours=1)
    return "1 hour" if hours == 1 else f"{hours:g} hours"
