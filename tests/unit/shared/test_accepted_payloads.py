"""What one side accepts it can say again: no payload that passes its model makes a service die later on."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.instants import time_to_us
from shared.kinds import KINDS, Kind
from shared.messages import Checkpoint, Event, Frame, Mark, Message, Sequenced, Status
from shared.topics import Topics
from tests.support.payloads import payloads

TOPICS = Topics()
NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
MODELS = {name: kind.model for name, kind in KINDS.items() if kind.model is not None}


def accepted(model: type[Message], payload: Any) -> Message | None:
    """Return the message, or None where it becomes a dead letter: every refusal is a ValidationError."""
    try:
        return model.model_validate_json(json.dumps(payload, ensure_ascii=False).encode())
    except ValidationError:
        return None


def say_topic(kind: Kind, message: Message) -> None:
    """It has a topic, which leads back to its kind; an offer's is named by the topic that it came on."""
    if kind.name != "ingest":
        found, parts = TOPICS.parse(message.topic(TOPICS))
        assert (kind.name, len(kind.levels)) == (found, len(parts))


def say_again(message: Message) -> None:
    """It reads the same when it has been written as delivery writes it."""
    text = message.model_dump_json(exclude_none=True, by_alias=True)
    again = type(message).model_validate_json(text)
    assert text == again.model_dump_json(exclude_none=True, by_alias=True)
    assert len(message.model_dump_json().encode()) < 8_000_000


def say_attributes(message: Message) -> None:
    """MQTT 5 user properties are UTF-8 of at most 65,535 bytes without control characters."""
    for name, value in message.attributes().items():
        assert len(value.encode()) <= 65_535, name
        assert not set(value) & {*map(chr, range(32)), "\x7f", "\ufffe", "\uffff"}, name


def say_places(message: Message) -> None:
    """What a service tells of a stream that it has applied: its marks, its checkpoint, its question for more."""
    if isinstance(message, Sequenced) and message.producer and message.epoch:
        mark = Mark(epoch=message.epoch, seq=message.seq, ask=True)
        say_again(Checkpoint(consumer="me", producer=message.producer, streams={"raw": mark}))
        say_topic(KINDS["checkpoint"], Checkpoint(consumer="me", producer=message.producer, streams={"raw": mark}))
        say_again(Status(service="me", state="online", applied={message.producer: {"raw": mark}}))


def say_times(value: object) -> None:
    """Every time fits into the microseconds of the ledgers."""
    if isinstance(value, datetime):
        assert abs(time_to_us(value)) < 2**63
    elif isinstance(value, Message):
        for name in type(value).model_fields:
            say_times(getattr(value, name))


@pytest.mark.parametrize("name", MODELS)
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=150)
@given(data=st.data())
def test_what_is_accepted_can_be_said_again(name: str, data: st.DataObject) -> None:
    """Each kind, each field, with everything its type admits and more."""
    message = accepted(MODELS[name], data.draw(payloads(MODELS[name])))
    if message is not None:
        say_topic(KINDS[name], message)
        say_again(message)
        say_attributes(message)
        say_places(message)
        say_times(message)


@pytest.mark.parametrize("name", MODELS)
def test_the_payloads_of_these_tests_are_not_all_refused(name: str) -> None:
    """Else the test above would say nothing."""
    quick = settings(
        max_examples=2000, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate]
    )  # the first one will do, it need not be the smallest
    assert find(payloads(MODELS[name]), lambda payload: accepted(MODELS[name], payload) is not None, settings=quick)


@pytest.mark.parametrize(
    ("model", "payload"),
    [
        (Event, {"id": "a\0b"}),
        (Event, {"id": "x" * 70_000}),
        (Event, {"type": "a..b"}),
        (Event, {"type": "power."}),
        (Frame, {"time": "9000-01-01T00:00:00Z"}),
        (Frame, {"time": "1969-12-31T23:59:59Z"}),
        (Frame, {"values": {"battery_current": 1e300}}),
        (Frame, {"uncalibrated": {"battery_current": -1e300}}),
        (Event, {"device": ".."}),
        (Event, {"producer": "my reader"}),
        (Event, {"data": {"n": 10**400}}),
        (Event, {"data": {"text": "x" * 300_000}}),
        (Event, {"data": {"many": list(range(20_000))}}),
        (Checkpoint, {"producer": "a/b"}),
        (Checkpoint, {"streams": {"a b": {"epoch": "e", "seq": 1}}}),
        (Status, {"applied": {"my reader": {}}}),
        (Status, {"event_time": "9000-01-01T00:00:00Z"}),
    ],
)
def test_a_hostile_field_makes_a_payload_a_dead_letter(model: type[Message], payload: dict[str, Any]) -> None:
    """Each has brought a service down, or moved it, once."""
    good = {
        Event: {
            "id": "1",
            "type": "T",
            "category": "c",
            "severity": "info",
            "time": "2026-01-31T12:00:00Z",
            "site": "s",
        },
        Frame: {"device": "ups", "time": "2026-01-31T12:00Z"},
        Checkpoint: {"consumer": "a", "producer": "b", "streams": {}},
        Status: {"service": "a", "state": "online"},
    }[model]
    assert accepted(model, good) is not None
    assert accepted(model, {**good, **payload}) is None


def test_a_number_that_is_none_is_refused_in_free_data() -> None:
    """JSON has no NaN and no infinity, though Python reads them."""
    good = '{"type": "T", "data": {"value": %s}}'
    model = MODELS["ingest"]
    assert model.model_validate_json(good % "1.5")
    for number in ("NaN", "Infinity", "1e999"):
        with pytest.raises(ValidationError):
            model.model_validate_json(good % number)
