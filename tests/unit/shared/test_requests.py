"""What a service makes of questions and commands: answers tied to them, commands once, nothing published astray."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.clock import Clock
from shared.delivery.endpoint import Endpoint
from shared.delivery.requests import handle_request
from shared.ledger import Ledger
from shared.messages import DeadLetter, Message
from shared.mqtt import Arrived, Publication, Receipt
from shared.requests import Response, Result
from shared.suite import SuiteSettings
from shared.topics import Topics
from tests.support.fakes.broker import FakeBroker, FakeClient, opener
from tests.support.fakes.clerk import ROUTE, Clerk

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
REQUEST = "upskeep/v1/home/request/clerk/double"
COMMAND = "upskeep/v1/home/command/lamp/switch"
DEEP = [[[[[[[[[[[[[[[[[[[[[["red"]]]]]]]]]]]]]]]]]]]]]]  # a command may have it, and no result below one level more


class House:
    """The clerk's service on a fake broker, a listener, and what it heard."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.broker, self.folder, self.stack = FakeBroker(), folder, stack
        self.listener = FakeClient(self.broker, "listener", ("upskeep/v1/home/#",))
        self.listener.open()
        self.endpoint, self.clerk = self.begin()

    def begin(self) -> tuple[Endpoint, Clerk]:
        ledger = self.stack.enter_context(closing(Ledger(self.folder / "ledger.sqlite")))
        clock = Clock(wall=lambda: NOW, monotonic=lambda: 0.0)
        endpoint = Endpoint(ROUTE, SuiteSettings(), ledger, clock, opener(self.broker))
        clerk = Clerk()
        endpoint.attach(clerk)
        endpoint.open()
        endpoint.turn(0)
        return endpoint, clerk

    def say(self, topic: str, content: object, *, retain: bool = False) -> None:
        payload = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.broker.route(Publication(topic, payload, retain=retain))
        self.endpoint.turn(0)
        self.endpoint.turn(0)

    def heard(self, model: type[Message], kind: str) -> list[Any]:
        arrived = [item for item in self.listener.inbox if isinstance(item, Arrived)]
        return [model.model_validate_json(a.payload) for a in arrived if f"/{kind}/" in a.topic]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with ExitStack() as stack:
        yield House(tmp_path, stack)


def asked(transaction: str, **data: object) -> dict[str, object]:
    return {"transaction": transaction, "data": data}


def test_an_answer_carries_the_transaction_of_its_question(house: House) -> None:
    house.say(REQUEST, asked("t1", n=21))
    (answer,) = house.heard(Response, "response")
    assert ("t1", "ok", 42) == (answer.transaction, answer.status, answer.data["n"])


@pytest.mark.parametrize(
    ("topic", "content", "words"),
    [
        ("upskeep/v1/home/request/clerk/halve", asked("t"), "no question is called 'halve'"),
        (REQUEST, asked("t", n=-1), "a fault in clerk, see its log"),
        (REQUEST, asked("t", n=1, size=1_000_000), "ask for less"),
        (REQUEST, asked("t", n=1) | {"time": (NOW - timedelta(seconds=61)).isoformat()}, "is 61 s old"),
    ],
    ids=["unknown", "a bug", "too long", "too old"],
)
def test_a_question_that_cannot_be_met_is_answered_with_why(
    house: House, topic: str, content: object, words: str
) -> None:
    house.say(topic, content)
    (answer,) = house.heard(Response, "response")
    assert "error" == answer.status
    assert words in answer.error


def test_a_question_of_a_minute_ago_is_still_answered(house: House) -> None:
    house.say(REQUEST, asked("t", n=1) | {"time": (NOW - timedelta(seconds=60)).isoformat()})
    assert ["ok"] == [answer.status for answer in house.heard(Response, "response")]


@pytest.mark.parametrize("payload", [b"", b"\xff", b"[1]", b"{}", b'{"transaction": "a b"}', b"[" * 200_000])
def test_noise_is_set_aside_and_the_service_goes_on(house: House, payload: bytes) -> None:
    house.say(REQUEST, payload)
    house.say(COMMAND, payload)
    assert [REQUEST, COMMAND] == [letter.received_on for letter in house.heard(DeadLetter, "deadletter")]
    house.say(REQUEST, asked("t", n=1))
    assert 1 == len(house.heard(Response, "response"))


@pytest.mark.parametrize(
    ("wanted", "topic"),
    [
        ("upskeep/v1/home/response/clerk/double/mine", "upskeep/v1/home/response/clerk/double/mine"),
        ("upskeep/v1/home/command/host/shutdown", "upskeep/v1/home/response/clerk/double"),
        ("upskeep/v1/home/response/clerk/+", "upskeep/v1/home/response/clerk/double"),
        (None, "upskeep/v1/home/response/clerk/double"),
    ],
)
def test_an_answer_goes_where_mqtt_5_says_but_nowhere_outside_the_services_responses(
    wanted: str | None, topic: str
) -> None:
    payload = json.dumps(asked("t", n=1)).encode()
    arrived = Arrived(REQUEST, payload, False, Receipt(1, 1), wanted, b"\x01")
    answer = handle_request(arrived, ("clerk", "double"), Clerk(), Topics(), NOW)
    assert (topic, b"\x01") == (answer.topic, answer.correlation)


def test_a_command_is_carried_out_once_and_its_repeats_get_the_same_result(house: House) -> None:
    for _ in range(3):
        house.say(COMMAND, {"id": "c1", "data": {"colour": "red"}})
    assert ["c1"] == house.clerk.switched
    assert [("done", "red")] * 3 == [(r.status, r.data["colour"]) for r in house.heard(Result, "result")]


def test_a_result_that_nobody_could_read_again_says_so(house: House) -> None:
    """It is kept and read at every repeat: one that no model admits would end the service then."""
    for _ in range(2):
        house.say(COMMAND, {"id": "c1", "data": {"colour": DEEP}})
    (first, second) = house.heard(Result, "result")
    assert first.reason == second.reason
    assert ("done", {}) == (first.status, first.data)
    assert "is nested deeper" in first.reason


def test_a_command_is_carried_out_once_also_over_a_restart(house: House) -> None:
    house.say(COMMAND, {"id": "c1"})
    house.endpoint.close()
    house.endpoint, clerk = house.begin()
    house.say(COMMAND, {"id": "c1"})
    assert [] == clerk.switched


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"id": "c", "data": {"colour": "pink"}}, "no lamp is pink"),
        ({"id": "c", "expires": (NOW - timedelta(seconds=1)).isoformat()}, "it expired at 2026-11-22T11:59:59+00:00"),
    ],
)
def test_a_command_that_cannot_be_met_is_refused_with_why(house: House, content: object, reason: str) -> None:
    house.say(COMMAND, content)
    assert [("refused", reason)] == [(r.status, r.reason) for r in house.heard(Result, "result")]
    assert [] == house.clerk.switched


def test_a_retained_command_is_never_carried_out(house: House) -> None:
    house.broker.retained[COMMAND] = Publication(COMMAND, b'{"id": "old"}', retain=True)
    house.endpoint.close()
    house.endpoint, clerk = house.begin()
    house.endpoint.turn(0)
    assert [] == clerk.switched
    (letter,) = house.heard(DeadLetter, "deadletter")
    assert "is retained" in letter.reason


def test_results_of_commands_stay_in_the_outbox_until_the_broker_has_them(house: House) -> None:
    house.endpoint.client.publish = lambda *_: False  # type: ignore[method-assign,union-attr]
    house.say(COMMAND, {"id": "c1"})
    rows = house.endpoint.records.db.execute("SELECT count(*) FROM outbox WHERE stream = 'result'").fetchone()
    assert (1,) == rows


def test_a_question_that_was_under_way_when_the_service_ended_is_not_asked_again(house: House) -> None:
    """It may be why the service ended: an expression that hung the alerter came again at every start."""
    for repeated in (True, False):
        arrived = Arrived(REQUEST, json.dumps(asked("t1", n=21)).encode(), False, Receipt(1, 99), repeated=repeated)
        house.endpoint.client.inbox.append(arrived)  # type: ignore[attr-defined]
        house.endpoint.turn(0)
        house.endpoint.turn(0)
        assert (0 if repeated else 1) == len(house.heard(Response, "response"))
