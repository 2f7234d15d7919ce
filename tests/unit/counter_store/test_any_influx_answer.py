"""Any bytes as InfluxDB's answer: rows, or an error that delivery and restore know. Nothing else comes out."""

from __future__ import annotations

import json

from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.counter_store.adapters.influx.http_answers import ERROR_HEADER, OF_3_CORE, check_answer, read_retry_after
from services.counter_store.core.influx.points import point_to_event
from services.counter_store.core.influx.ports import Refused, Unavailable
from services.counter_store.core.influx.query_answers import QueryAnswerError, read_query_answer
from shared.messages import Event
from tests.support.payloads import ANYTHING, NUMBERS, TEXTS

DEEP = b"[" * 100_000
ROWS = st.lists(st.lists(ANYTHING, max_size=3) | ANYTHING, max_size=3)
SERIES = st.fixed_dictionaries({}, optional={"values": ROWS | ANYTHING, "columns": ANYTHING, "partial": ANYTHING})
RESULTS = st.fixed_dictionaries(
    {}, optional={"series": st.lists(SERIES | ANYTHING, max_size=2) | ANYTHING, "error": ANYTHING}
)
ANSWERS = st.fixed_dictionaries(
    {}, optional={"results": st.lists(RESULTS | ANYTHING, max_size=2) | ANYTHING, "error": ANYTHING}
)
BODIES = (ANSWERS | ANYTHING).map(lambda found: json.dumps(found).encode()) | st.binary(max_size=60)
HEADERS = st.dictionaries(
    st.sampled_from(["Retry-After", "Date", ERROR_HEADER, OF_3_CORE]),
    st.text(max_size=12)
    | st.sampled_from(
        ["9" * 400, "1, 2", "-1", "²", "Fri, 31 Dec 9999 23:59:59 -2359", "Mon, 01 Jan 0001 00:00:00 +2359", "Sun, 99",
         "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"]
    ),
)  # fmt: skip


@given(BODIES)
@settings(max_examples=300)
@example(DEEP)
@example(b'{"results": ' + DEEP)
@example(b'{"results": [{"series": [{"values": [[' + b"9" * 10_000 + b", 1]]}]}]}")
def test_any_answer_to_a_query_is_rows_or_no_answer(body: bytes) -> None:
    """Each row as wide as was asked for, with a time that can be one."""
    try:
        answer = read_query_answer(body, 2)
    except QueryAnswerError:
        return
    assert all(len(row) == 2 and -(2**63) <= row[0] < 2**63 for row in answer.rows)


@given(st.integers(100, 600), BODIES | st.text(max_size=20) | st.none(), HEADERS)
@settings(max_examples=200)
@example(400, DEEP, {})
def test_any_answer_to_a_write_is_taken_refused_or_away(
    status: int, body: bytes | str | None, headers: dict[str, str]
) -> None:
    """And the time to wait is a number of seconds, if any."""
    reason = ""
    try:
        check_answer(status, body, headers, "http://influx")
    except (Refused, Unavailable) as error:
        reason = str(error)
    assert len(reason) < 1000
    assert (reason == "") is (200 <= status < 300)
    wait_s = read_retry_after(headers)
    assert wait_s is None or wait_s >= 0


FIELDS = st.fixed_dictionaries(
    {"data": ANYTHING.map(json.dumps) | ANYTHING},
    optional={
        "metadata": ANYTHING.map(json.dumps) | ANYTHING,
        "moved_us": NUMBERS | ANYTHING,
        "seq": NUMBERS,
        **dict.fromkeys(("id", "producer", "epoch", "site", "type", "category", "severity", "device", "zone"), TEXTS),
    },
)


@given(FIELDS, st.integers(-(2**63), 2**63 - 1))
@settings(max_examples=200)
@example({"data": DEEP.decode()}, 0)
@example({"data": "{}", "moved_us": float("nan")}, 0)
@example({"data": "{}", "moved_us": float("inf")}, 0)
def test_any_point_is_an_event_or_none(fields: dict[str, object], time_ns: int) -> None:
    """A foreign point in the bucket holds up no restore."""
    found = point_to_event(fields, time_ns)

    assert found is None or found == Event.model_validate_json(found.model_dump_json())
