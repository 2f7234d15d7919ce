"""What alerts say."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.alerter.core.life import Reason
from services.alerter.core.rules import Rule
from services.alerter.core.window import Count
from services.alerter.core.wording import describe, in_words

DAILY = Rule("daily_rate", "AC_POWER_LOSS", timedelta(days=1), 3)


@pytest.mark.parametrize(
    ("reason", "counted", "expected"),
    [
        (Reason.OVER_LIMIT, Count(4), "AC_POWER_LOSS: 4 in 24 hours, more than the limit of 3"),
        (Reason.OVER_LIMIT, Count(9, exact=False), "AC_POWER_LOSS: at least 9 in 24 hours, more than the limit of 3"),
        (Reason.WITHIN_LIMIT, Count(3), "AC_POWER_LOSS: 3 in 24 hours, back within the limit of 3"),
        (Reason.LIMIT_LOWERED, Count(4), "AC_POWER_LOSS: 4 in 24 hours, more than the limit of 3, which was lowered"),
        (Reason.LIMIT_RAISED, Count(2), "AC_POWER_LOSS: 2 in 24 hours, within the limit of 3, which was raised"),
        (
            Reason.RULE_REMOVED,
            Count(4),
            "AC_POWER_LOSS: 4 in 24 hours, no longer judged: its limit of 3 was removed",
        ),
    ],
)
def test_an_alert_says_what_how_many_in_what_time_and_the_limit(reason: Reason, counted: Count, expected: str) -> None:
    """Every reason has its words."""
    assert expected == describe(DAILY, reason, counted)


@pytest.mark.parametrize(("minutes", "expected"), [(60, "1 hour"), (1440, "24 hours"), (30, "0.5 hours")])
def test_windows_are_said_in_hours(minutes: int, expected: str) -> None:
    """One hour is not "1 hours"."""
    assert expected == in_words(timedelta(minutes=minutes))
