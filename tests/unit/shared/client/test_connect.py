"""Who is there: what a command says of a service that does not answer, and of what became of an offer."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

import pytest

from shared.client.client import verdict
from shared.client.connect import ClientError, Presence, connect
from shared.messages import Candidate, Status
from shared.mqtt import Arrived, MqttClient
from shared.mqtt.wire import Receipt
from shared.suite import BrokerSettings
from shared.topics import Topics
from tests.support.brokers import free_port

TOPICS = Topics("home")
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
OFFERED = Candidate(type="FOO", id="7", time=NOON)


def arrived(topic: str, payload: str) -> Arrived:
    return Arrived(topic, payload.encode(), True, Receipt(1, 1))


def of(service: str, state: str | None) -> Presence:
    found = Presence(TOPICS, service)
    if state is not None:
        status = Status(service=service, state=state)
        assert found.note(arrived(status.topic(TOPICS), status.model_dump_json()))
    return found


@pytest.mark.parametrize(
    ("service", "state", "said"),
    [
        ("counter_store", None, "counter_store is not at this broker; `make run` starts the suite, "),
        ("counter_store", "offline", "counter_store is offline; "),
        ("counter_store", "stopped", "counter_store is stopped; "),
        ("counter_store", "online", "counter_store is online but gave no answer in 8 s; ask again"),
        ("host_agent", None, "host_agent is not at this broker; it runs where config/host_agent.yaml says `enabled: "),
        ("host_agent-nas", "stopped", "host_agent-nas is stopped; it runs where config/host_agent.yaml says"),
    ],
)
def test_it_is_said_whether_anybody_is_there_and_what_to_do(service: str, state: str | None, said: str) -> None:
    """By the status that the broker retains."""
    found = of(service, state)

    assert found.silence(8.0).startswith(said)
    assert (state != "online") == found.absent


def test_what_is_of_others_is_left_to_others() -> None:
    """Only its own status is taken; one that cannot be read is as good as none."""
    found = of("counter_store", "online")

    assert not found.note(arrived(TOPICS.build("status", "alerter"), "{}"))
    assert not found.absent
    assert found.note(arrived(found.topic, ""))
    assert found.absent


def test_a_broker_that_refuses_is_given_up_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not after as long as a silent one would be."""
    monkeypatch.setattr("shared.client.connect.CONNECT_S", 3600.0)
    monkeypatch.setattr("shared.client.connect.REFUSED_S", 0.1)
    port = free_port()

    with pytest.raises(ClientError, match=f"no broker at 127.0.0.1:{port}: Connection refused; is the suite running"):
        connect(MqttClient(BrokerSettings(url=f"mqtt://127.0.0.1:{port}"), "x", [], persistent=False))


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"reason": "no such type", "payload": {"id": "7"}}, (True, "no such type")),
        ({"reason": "no such type", "payload": {"id": "8"}}, (False, "no such type")),
        ({"reason": "not an object", "payload": []}, (False, None)),
        ({"type": "FOO", "time": "2026-01-31T12:00:00Z"}, (True, None)),
        ({"type": "FOO", "time": "2026-01-31T12:00:01Z"}, (False, None)),
        ({"type": "BAR", "time": "2026-01-31T12:00:00Z"}, (False, None)),
        ([], (False, None)),
    ],
)
def test_what_became_of_an_offer_is_known_by_its_id_or_by_its_event(
    told: dict[str, object], expected: tuple[bool, str | None]
) -> None:
    """Others offer, too."""
    if "reason" in told:
        told = {**told, "payload": base64.b64encode(json.dumps(told["payload"]).encode()).decode()}

    assert expected == verdict(arrived("x", json.dumps(told)), OFFERED)
