"""What alerts say."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.alerter.core.kinds.condition import Reading
from services.alerter.core.rendering import message_for
from services.alerter.core.rules import rate_rule
from services.alerter.core.states import Reason
from services.alerter.core.wording import figure, in_words

DAILY = rate_rule("daily_rate", "AC_POWER_LOSS", timedelta(days=1), 3)
WORDS = "AC_POWER_LOSS: 4 in 24 hours"


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        (Reason.OVER_LIMIT, "more than the limit of 3"),
        (Reason.HELD, "more than the limit of 3"),
        (Reason.WITHIN_LIMIT, "back within the limit of 3"),
        (Reason.PASSED, "back within the limit of 3; it did not last long enough to fire"),
        (Reason.LIMIT_LOWERED, "more than the limit of 3, which was lowered"),
        (Reason.LIMIT_RAISED, "within the limit of 3, which was raised"),
    ],
)
def test_an_alert_says_what_how_many_in_what_time_and_the_limit(reason: Reason, expected: str) -> None:
    """Every reason has its words."""
    assert f"{WORDS}, {expected}" == message_for(DAILY, reason, Reading(4, 3, WORDS))


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(3600, "1 hour"), (86400, "24 hours"), (1800, "0.5 hours"), (600, "10 min"), (90, "90 s"), (0.5, "0.5 s")],
)
def test_spans_are_said_as_people_say_them(seconds: float, expected: str) -> None:
    """One hour is not "1 hours"."""
    assert expected == in_words(timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("number", "expected"), [(3.0, "3"), (0.123456, "0.1235"), (123456.7, "123457"), (-2.5, "-2.5")]
)
def test_numbers_have_the_digits_that_are_read(number: float, expected: str) -> None:
    """Four of them."""
    assert expected == figure(number)
