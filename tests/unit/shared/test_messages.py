"""Messages: what is written is read back the same, and what cannot be is refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.delivery.frame_head import FrameHead
from shared.messages import Candidate, Counter, Event, Frame, Message, Sequenced, Severity, Status, event_id
from shared.topics import Topics

NAMES = st.from_regex(r"[A-Za-z0-9_\-][A-Za-z0-9_.\-]{0,19}", fullmatch=True)
TYPES = st.from_regex(r"[A-Za-z0-9_\-]{1,9}(\.[A-Za-z0-9_\-]{1,9})?", fullmatch=True)
IDS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp", "Cn"]), min_size=1, max_size=20)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
TIMES = st.datetimes(timezones=st.just(UTC))
BOUNDED = st.datetimes(datetime(1970, 1, 1), datetime(2261, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - st wants them so
INTS = st.integers(-(2**63), 2**63 - 1)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
SCALARS = st.booleans() | INTS | FLOATS | TEXTS
MEASURED = st.booleans() | INTS | st.floats(-(2.0**63), 2.0**63) | TEXTS
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3)
)
MIDNIGHT = datetime(2000, 1, 1, tzinfo=UTC)
CALENDAR = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
COUNTER = {"type": "T", "total": 1, "last_hour": 1, "last_day": 1, "as_of": "2026-01-31T12:00:00Z"}
ENVELOPE = {"producer": NAMES, "epoch": NAMES, "seq": st.integers(0, 2**63 - 2)}
FRAMES = st.builds(
    Frame, **ENVELOPE, time=BOUNDED, device=NAMES, zone=st.none() | NAMES, values=st.dictionaries(IDS, MEASURED)
)
EVENTS = st.builds(
    Event,
    **ENVELOPE,
    id=IDS,
    type=TYPES,
    category=NAMES,
    severity=st.sampled_from(Severity),
    time=TIMES,
    site=NAMES,
    device=st.none() | NAMES,
    data=st.dictionaries(TEXTS, JSON, max_size=4),
)


@given(FRAMES | EVENTS)
def test_a_message_read_back_is_the_same(message: Message) -> None:
    """Also as delivery writes it, without what is None."""
    assert message == type(message).model_validate_json(message.model_dump_json())
    assert message.model_dump_json() == type(message).model_validate_json(message.model_dump_json()).model_dump_json()


@given(FRAMES)
def test_a_frame_without_its_empty_parts_is_the_same(frame: Frame) -> None:
    """That is how delivery writes it."""
    assert frame == Frame.model_validate_json(frame.model_dump_json(exclude_none=True))


@given(st.dictionaries(IDS, MEASURED))
def test_a_value_keeps_its_kind(values: dict[str, Any]) -> None:
    """True is not 1, and 1 is not 1.0."""
    frame = Frame(time=MIDNIGHT, device="d", values=values)
    read = Frame.model_validate_json(frame.model_dump_json())

    assert values == frame.values == read.values
    kinds = [type(value) for value in values.values()]
    assert [kinds, kinds] == [[type(value) for value in each.values.values()] for each in (frame, read)]


@given(FRAMES, st.booleans())
def test_the_head_of_a_frame_says_what_the_frame_says(frame: Frame, simulated: bool) -> None:
    """Also where what follows it cannot be read."""
    frame = frame.revised(simulated=simulated)
    head = FrameHead.model_validate_json(frame.model_dump_json())
    damaged = json.dumps(json.loads(frame.model_dump_json()) | {"values": 7})

    assert head.__dict__ == {name: getattr(frame, name) for name in FrameHead.model_fields}
    assert head == FrameHead.model_validate_json(damaged)


@given(TIMES, st.integers(-14 * 60, 14 * 60))
def test_a_time_is_the_same_instant_in_utc_or_refused(time: datetime, minutes: int) -> None:
    """Offsets are taken off; an instant outside the years 1 to 9999 in UTC is refused, and not an error of ours."""
    text = time.replace(tzinfo=timezone(timedelta(minutes=minutes))).isoformat()
    instant = time - MIDNIGHT - timedelta(minutes=minutes)
    payload = json.dumps({**COUNTER, "last_time": text})
    if CALENDAR[0] - MIDNIGHT <= instant <= CALENDAR[1] - MIDNIGHT:
        assert MIDNIGHT + instant == Counter.model_validate_json(payload).last_time
    else:
        with pytest.raises(ValidationError, match="before the year 1 or after 9999"):
            Counter.model_validate_json(payload)


@given(TIMES)
def test_a_reading_is_of_the_years_that_every_store_can_hold(time: datetime) -> None:
    """From 1970, where a Pi without a clock begins, to the end of InfluxDB's nanoseconds."""
    payload = json.dumps({"time": time.isoformat(), "device": "d"})
    if 1970 <= time.year <= 2261:
        assert time == Frame.model_validate_json(payload).time
    else:
        with pytest.raises(ValidationError, match="before the year 1970 or after 2261"):
            Frame.model_validate_json(payload)


def test_times_are_written_with_microseconds_and_z() -> None:
    """Every time has the same length, so text order is time order."""
    frame = Frame(time=datetime(2026, 1, 31, 12, tzinfo=UTC), device="ups")

    assert "2026-01-31T12:00:00.000000Z" == json.loads(frame.model_dump_json())["time"]


@pytest.mark.parametrize(
    ("model", "data", "reason"),
    [
        (Frame, {"time": "2026-01-31T12:00:00", "device": "d"}, "the time has no zone"),
        (Frame, {"time": "yesterday", "device": "d"}, "valid datetime"),
        (Frame, {"time": "2026-01-31T12:00:00Z"}, "Field required"),
        (Frame, {"time": "2026-01-31T12:00:00Z", "device": "a/b"}, "match pattern"),
        (Frame, {"time": "2026-01-31T12:00:00Z", "device": "a\n"}, "match pattern"),
        (Frame, {"time": "2026-01-31T12:00:00Z", "device": "d", "values": {"x": 10**400}}, "finite number"),
        (Frame, {"time": "2026-01-31T12:00:00Z", "device": "d", "values": {"x": None}}, "valid"),
        (Sequenced, {"seq": 2**63}, "less than"),
        (Sequenced, {"seq": -1}, "greater than or equal"),
        (Candidate, {"type": "T", "severity": "dire"}, "Input should be 'info', 'warning', 'error' or 'critical'"),
        (Status, {"service": "x", "state": "asleep"}, "Input should be 'online', 'stopped' or 'offline'"),
    ],
)
def test_what_is_missing_or_ill_typed_is_refused(model: type[Message], data: dict[str, Any], reason: str) -> None:
    """By a ValidationError that says so; nothing else is ever raised."""
    with pytest.raises(ValidationError, match=reason):
        model.model_validate_json(json.dumps(data))


def test_unknown_fields_are_left_out() -> None:
    """A newer sender does not break an older reader."""
    assert Candidate(type="T") == Candidate.model_validate_json('{"type": "T", "mood": "good"}')


def test_a_severity_may_be_written_in_any_case() -> None:
    """Severities come from people, too."""
    assert Severity.CRITICAL == Candidate.model_validate_json('{"type": "T", "severity": "CRITICAL"}').severity


@given(NAMES, NAMES, NAMES, TIMES, TIMES)
def test_an_events_id_follows_from_its_cause_alone(
    site: str, kind: str, device: str, one: datetime, two: datetime
) -> None:
    """The same cause, the same id; another time, another id."""
    assert event_id(site, kind, device, one) == event_id(site, kind, device, one)
    assert (one == two) == (event_id(site, kind, device, one) == event_id(site, kind, device, two))


def test_an_events_topic_repeats_no_category() -> None:
    """And its dots become levels."""
    event = Event(
        id="1",
        type="sensor.threshold.exceeded",
        category="sensor",
        severity="info",
        time=datetime.now(UTC),
        site="home",
    )
    assert "upskeep/v1/home/event/sensor/threshold/exceeded" == event.topic(Topics())
