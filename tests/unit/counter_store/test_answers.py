"""What an HTTP answer means."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.counter_store.adapters.influx.http_answers import check_answer, read_retry_after
from services.counter_store.core.influx.points import point_to_event
from services.counter_store.core.influx.ports import Refused, Unavailable
from services.counter_store.core.influx.query_answers import QueryAnswerError, read_query_answer
from shared.messages import Event

KEYS = ("results", "series", "values", "columns", "error", "partial", "statement_id")
EVENT_FIELDS = tuple(Event.model_fields)
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(["{}", "[1]"])
)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner), max_leaves=12
)
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
    """A date says nothing without the time it was sent."""
    with pytest.raises(Unavailable) as away:
        check_answer(503, b"", {"Retry-After": header}, "http://db")

    assert seconds == away.value.retry_after_s


@pytest.mark.parametrize(
    "date", ["Wed, 21 Oct 2026 07:28:30 GMT", "Wednesday, 21-Oct-26 07:28:30 GMT", "Wed Oct 21 07:28:30 2026"]
)
@pytest.mark.parametrize("now", ["Wed, 21 Oct 2026 07:28:00 GMT", "Wed Oct 21 07:28:00 2026"])
def test_retry_after_may_be_a_date_in_any_form_of_rfc_9110(date: str, now: str) -> None:
    """Counted from the answer's own Date: the server's clock, not ours."""
    with pytest.raises(Unavailable) as away:
        check_answer(503, b"", {"Retry-After": date, "Date": now}, "http://db")

    assert 30.0 == away.value.retry_after_s


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("Wed, 21 Oct 2026 07:27:00 GMT", 0.0),
        ("120, 60", 120.0),
        (" 7 ", 7.0),
        ("-5", None),
        ("1.5", None),
        ("²", None),
        ("soon", None),
        ("9" * 400, None),
        ("Wed, 99 Oct 2026 99:28:00 GMT", None),
    ],
)
def test_a_retry_after_that_is_over_or_odd_delays_nothing(header: str, seconds: float | None) -> None:
    """A date that is past asks for no wait; what is no form of the header counts as none."""
    assert seconds == read_retry_after({"Retry-After": header, "Date": "Wed, 21 Oct 2026 07:28:00 GMT"})


def test_the_reason_may_stand_in_a_header() -> None:
    """InfluxDB 1.x says it in X-Influxdb-Error too, where a proxy has taken the body."""
    with pytest.raises(Unavailable, match="answered 401: authorization failed"):
        check_answer(401, b"", {"X-Influxdb-Error": "authorization failed"}, "http://db")


@given(
    st.integers(100, 599),
    st.binary(max_size=200) | st.none() | st.builds(json.dumps, JSON),
    st.dictionaries(st.sampled_from(["Retry-After", "Date", "cluster-uuid", "X-Influxdb-Error"]), st.text(max_size=40)),
)
def test_any_answer_is_success_refusal_or_absence(status: int, body: Any, headers: dict[str, str]) -> None:
    """Nothing else is ever raised, whatever a server or a proxy says."""
    expected = contextlib.nullcontext() if 200 <= status < 300 else pytest.raises((Refused, Unavailable))
    with expected as raised:
        check_answer(status, body, headers, "http://db")
    error = getattr(raised, "value", None)

    assert (getattr(error, "retry_after_s", None) or 0) >= 0
    assert status in (400, 413, 422) or not isinstance(error, Refused)


ROW = [1767225600000000000, "id-1", "p", "e", 1, "{}", "{}", None, "home", "X", "power", "info", "ups", ""]


@given(JSON | st.recursive(st.just([ROW]), lambda inner: st.dictionaries(st.sampled_from(KEYS), inner | JSON)))
def test_any_answer_to_a_query_is_rows_an_error_or_no_influxdb(answer: Any) -> None:
    """A row that is returned has the columns asked for and a time; anything else is said to be no InfluxDB."""
    try:
        found = read_query_answer(json.dumps(answer).encode(), len(ROW))
    except QueryAnswerError:
        return
    assert all(len(row) == len(ROW) and isinstance(row[0], int) for row in found.rows)
    assert isinstance(found.error, str)


@given(st.binary(max_size=100))
def test_bytes_that_are_no_json_are_no_influxdb(body: bytes) -> None:
    """Neither are numbers and texts alone."""
    with pytest.raises(QueryAnswerError):
        read_query_answer(body, 2)


def test_an_answer_that_the_server_cut_is_not_the_end() -> None:
    """``partial``: 1.x cuts at max-row-limit. Rows, a wrong width and an error in their places."""
    series = {"columns": ["time", "id"], "values": [[1, "a"]], "partial": True}
    answer = read_query_answer(json.dumps({"results": [{"series": [series]}]}).encode(), 2)

    assert (((1, "a"),), True) == (answer.rows, answer.partial)
    assert "timeout" == read_query_answer(b'{"results": [{"error": "timeout"}]}', 2).error
    for wrong in (
        b'{"results": [{"series": [{"values": [[1]]}]}]}',
        b'{"results": [{"series": 3}]}',
        b"{}",
        b"[" * 10**5,
    ):
        with pytest.raises(QueryAnswerError):
            read_query_answer(wrong, 2)


@given(
    st.dictionaries(st.sampled_from([*EVENT_FIELDS, "moved_us", "other"]), SCALARS), st.integers(-(2**63), 2**63 - 1)
)
def test_any_point_is_an_event_or_none(fields: dict[str, Any], time_ns: int) -> None:
    """A point that something else wrote into the measurement stops no restore."""
    found = point_to_event(fields, time_ns)

    assert found is None or isinstance(found, Event)


def test_a_long_answer_is_cut() -> None:
    """A proxy's error page does not fill the log."""
    with pytest.raises(Refused) as refusal:
        check_answer(400, b"x" * 5000, {}, "db")

    assert len("db answered 400: ") + 300 == len(str(refusal.value))
