"""What the client of the log may write into our own: each kind of line once a minute."""

from __future__ import annotations

import logging

from fleet.worker.log_client import FORM, OnceAMinute


def _line(at_s: float, message: str, *words: str) -> logging.LogRecord:
    made = logging.LogRecord("n", logging.WARNING, "p", 1, message, words, None)
    made.created = at_s
    return made


def test_a_log_that_is_away_is_one_line_a_minute_of_each_kind() -> None:
    """Twenty a second come; the next one that passes says how many did not."""
    once = OnceAMinute()
    fails = [_line(at / 20, FORM, "FAIL", "client", f"connect failed after {at} ms") for at in range(61 * 20)]
    passed = [each.getMessage() for each in fails if once.filter(each)]

    assert [
        "FAIL [client] connect failed after 0 ms",
        "FAIL [client] connect failed after 1200 ms (1199 more of its kind since the last)",
    ] == passed
    assert once.filter(_line(61, FORM, "BRKMAIN", "client", "bad"))
    assert once.filter(_line(61, "the log: %s", "a"))
    assert not once.filter(_line(61, "the log: %s", "b"))
