"""How long to wait before another try, and what the other side asks for."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from shared.retries import retry_after_s

NOW = datetime(1994, 11, 6, 8, 49, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("120", 120.0),
        (" 120 ", 120.0),
        ("0", 0.0),
        ("120, 120", 120.0),  # given twice
        ("Sun, 06 Nov 1994 08:49:37 GMT", 30.0),  # IMF-fixdate
        ("Sunday, 06-Nov-94 08:49:37 GMT", 30.0),  # RFC 850
        ("Sun Nov  6 08:49:37 1994", 30.0),  # asctime
        ("Sun, 06 Nov 1994 08:40:00 GMT", 0.0),  # over already
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("٣", None),
        ("9" * 40, 999_999_999_999.0),
    ],
)
def test_retry_after_is_read_in_every_form_of_rfc_9110(value: str | None, expected: float | None) -> None:
    """Seconds, or a date in any of three forms; what is neither says nothing."""
    assert expected == retry_after_s(value, NOW)


def test_a_date_is_by_the_clock_of_the_other_side() -> None:
    """Its answer says what that clock showed; ours may be hours off."""
    asked = "Sun, 06 Nov 1994 10:49:37 GMT"
    assert 30.0 == retry_after_s(asked, NOW, "Sun, 06 Nov 1994 10:49:07 GMT")
