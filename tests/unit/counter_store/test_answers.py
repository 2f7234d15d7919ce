"""What an HTTP answer means."""

from __future__ import annotations

import json
from typing import Any

import pytest

from services.counter_store.adapters.influx.http_answers import check_answer
from services.counter_store.core.influx.ports import Refused, Unavailable

V3 = {"cluster-uuid": "f9b2a3d0-8f0e-4f0e-9d5a-2f3c4a5b6c7d"}


@pytest.mark.parametrize("status", [200, 204])
def test_success_is_silent(status: int) -> None:
    """Any 2xx."""
    check_answer(status, b"", {}, "http://db")


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (400, b'{"error":"unable to parse"}', "http://db answered 400: unable to parse"),
        (422, b'{"code":"unprocessable entity","message":"partial\\nwrite"}', "http://db answered 422: partial write"),
        (413, b"<html>too large</html>", "http://db answered 413: <html>too large</html>"),
    ],
)
def test_400_413_and_422_are_about_the_lines(status: int, body: bytes, said: str) -> None:
    """The server's own words, of either generation, or as they are."""
    with pytest.raises(Refused) as refusal:
        check_answer(status, body, {}, "http://db")

    assert said == str(refusal.value)


WRONG_TYPE = "invalid column type for column 'v', expected iox::column_type::field::float"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"code": "invalid", "message": f"write buffer error: line protocol parse failed: {WRONG_TYPE}"}, ""),
        (
            {
                "error": "parsing failed for write_lp endpoint",
                "data": {"error_message": WRONG_TYPE, "line_number": 2, "original_line": "m v=x 3"},
            },
            f"parsing failed for write_lp endpoint: {WRONG_TYPE}",
        ),
    ],
)
def test_3_core_says_by_its_words_that_a_line_is_bad(body: dict[str, Any], said: str) -> None:
    """On /api/v2/write and on /write, as 3.9.6 was seen to answer."""
    with pytest.raises(Refused) as refusal:
        check_answer(400, json.dumps(body).encode(), V3, "http://db")

    assert f"http://db answered 400: {said or body['message']}" == str(refusal.value)


@pytest.mark.parametrize(
    ("status", "name", "said"),
    [
        (
            400,
            "message",
            "write buffer error: catalog update error: Adding a new database would exceed limit of 5 databases",
        ),
        (422, "error", "Adding a new database would exceed limit of 5 databases"),
        (400, "message", "namespace name 'a b' contains invalid character, character number 1 is not allowed"),
        (400, "message", "write buffer error: error from wal: no space left"),
    ],
)
def test_another_400_or_422_of_3_core_is_not_about_the_lines(status: int, name: str, said: str) -> None:
    """They wait: to set them aside would empty the queue over a wrong name."""
    with pytest.raises(Unavailable) as away:
        check_answer(status, json.dumps({name: said}).encode(), V3, "http://db")

    assert f"http://db answered {status}: {said}; check bucket or database, and the server" == str(away.value)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, "http://db answered 401: no; check the token, or the username and password"),
        (403, "http://db answered 403: no; check the token: it may not write to this bucket or database"),
        (404, "http://db answered 404: no; check url, org and bucket or database"),
        (301, "http://db answered 301: no; check url: this is not where InfluxDB takes writes"),
        (429, "http://db answered 429: no; it asks to be tried again later"),
        (500, "http://db answered 500: no"),
    ],
)
def test_anything_else_is_waited_out_with_advice(status: int, said: str) -> None:
    """Nothing is lost by a wrong setting: the lines wait until it is put right."""
    with pytest.raises(Unavailable) as away:
        check_answer(status, "no", {}, "http://db")

    assert said == str(away.value)


@pytest.mark.parametrize(("header", "seconds"), [("120", 120.0), ("Wed, 21 Oct 2026 07:28:00 GMT", None), ("", None)])
def test_retry_after_counts_in_seconds(header: str, seconds: float | None) -> None:
    """A date is passed over."""
    with pytest.raises(Unavailable) as away:
        check_answer(503, b"", {"Retry-After": header}, "http://db")

    assert seconds == away.value.retry_after_s


def test_a_long_answer_is_cut() -> None:
    """A proxy's error page does not fill the log."""
    with pytest.raises(Refused) as refusal:
        check_answer(400, b"x" * 5000, {}, "db")

    assert len("db answered 400: ") + 300 == len(str(refusal.value))
