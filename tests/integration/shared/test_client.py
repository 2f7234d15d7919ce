"""A service that asks, commands and follows over real brokers, as the gateway will."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.client.async_client import AsyncServiceClient
from shared.client.connect import ClientError
from shared.client.service_client import ServiceClient
from shared.health import Health
from shared.kinds import KINDS, model_of
from shared.messages import Message, Status
from shared.suite import SuiteSettings
from tests.integration.counter_store.test_questions import store_at_work
from tests.support.brokers import Broker
from tests.support.mqtt_probe import MqttProbe

DEADLINE_S = 90.0
FOLLOWED = ("counter", "health", "incident", "notice", "report")
NOON = "2026-01-31T12:00:00.000000Z"
SAID = {
    "counter/AC_POWER_LOSS": {
        "type": "AC_POWER_LOSS",
        "total": 7,
        "last_hour": 1,
        "last_day": 2,
        "last_time": NOON,
        "as_of": NOON,
    },
    "health": {"site": "home", "score": 94, "grade": "EXCELLENT", "factors": [], "as_of": NOON},
    "incident/mains/ups": {
        "id": "1",
        "pattern": "mains",
        "key": "ups",
        "severity": "warning",
        "start": NOON,
        "last": NOON,
        "count": 1,
        "events": ["1"],
    },
    "notice/ops": {
        "id": "1",
        "receiver": "ops",
        "group_key": "g",
        "number": 1,
        "time": NOON,
        "status": "firing",
        "reason": "test",
        "group_labels": {},
        "common_labels": {},
        "common_annotations": {},
        "firing": 0,
        "resolved": 0,
        "alerts": [],
    },
    "report/daily": {
        "kind": "daily",
        "period": "2026-01-31",
        "site": "home",
        "period_days": 1,
        "since": NOON,
        "until": NOON,
        "total_events": 1,
        "all_time_events": 7,
        "event_categories": {},
    },
}


def retain_all(broker: Broker) -> None:
    """Have one message of each kind retained where the kind is, said where it is not."""
    with MqttProbe(broker.port) as probe:
        for path, payload in SAID.items():
            kind = path.partition("/")[0]
            topic = probe.topics.everything().removesuffix("#") + path
            probe.publish(topic, json.dumps(payload).encode(), retain=KINDS[kind].retained)


def until(client: ServiceClient, holds: Callable[[], bool]) -> None:
    """Move the client on until a condition holds."""
    deadline = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < deadline, "not within the deadline"
        client.poll(0.05)


def expected(path: str) -> Message:
    """Return what is said on a topic, as its model."""
    return model_of(path.partition("/")[0]).model_validate(SAID[path])


def test_a_service_follows_every_retained_kind_it_names_and_hears_the_others_as_they_come(any_broker: Broker) -> None:
    retain_all(any_broker)
    suite = SuiteSettings(broker=any_broker.settings)

    with ServiceClient(suite, "gateway-test", follows=FOLLOWED) as client:
        until(client, lambda: all(client.values(kind) for kind in FOLLOWED if KINDS[kind].retained))
        retain_all(any_broker)
        heard: list[Message] = []
        until(client, lambda: bool(heard.extend(client.updates())) or any(type(m).__name__ == "Notice" for m in heard))
        latest = {path: client.values(path.partition("/")[0]) for path in SAID}

    for path in SAID:
        if path != "notice/ops":
            assert [expected(path)] == latest[path]
    assert expected("notice/ops") in heard


def test_what_is_no_longer_retained_is_no_longer_there(any_broker: Broker) -> None:
    """An empty payload ends it; what cannot be read is counted and changes nothing."""
    retain_all(any_broker)
    with ServiceClient(SuiteSettings(broker=any_broker.settings), "gateway-test", follows=["incident"]) as client:
        until(client, lambda: bool(client.values("incident")))
        with MqttProbe(any_broker.port) as probe:
            topic = probe.topics.build("incident", "mains", "ups")
            probe.publish(topic, b"{}", retain=True)
            until(client, lambda: client.latest.unreadable == 1)
            assert [expected("incident/mains/ups")] == client.values("incident")
            probe.publish(topic, b"", retain=True)
            until(client, lambda: not client.values("incident"))


def test_a_service_asks_the_store_and_commands_it_with_blocking_calls(any_broker: Broker, tmp_path: Path) -> None:
    """Over one connection; a refusal is an answer, too."""
    with (
        store_at_work(tmp_path / "store", any_broker) as suite,
        ServiceClient(suite, "gateway-test", ["counter_store"], ["counter"], by="gateway") as client,
    ):
        page = client.ask("counter_store", "history", {"limit": 10}, DEADLINE_S)
        result = client.command("counter_store", "no_such_thing", {}, DEADLINE_S)
        until(client, lambda: bool(client.values("counter")))
        with pytest.raises(ClientError, match="counter_store knows no question 'reports'"):
            client.ask("counter_store", "reports", {}, DEADLINE_S)

    assert 10 == len(page["events"])
    assert result.status == "refused"


def test_a_service_asks_from_a_loop_of_its_own(any_broker: Broker, tmp_path: Path) -> None:
    """Two questions under way at once, and the loop goes on meanwhile."""
    with (
        store_at_work(tmp_path / "store", any_broker) as suite,
        ServiceClient(suite, "gateway-test", ["counter_store"]) as client,
    ):
        asked = [client.begin_question("counter_store", "history", {"limit": n}, DEADLINE_S) for n in (1, 2)]
        until(client, lambda: all(each.outcome for each in asked))

    assert [1, 2] == [len(each.outcome.data["events"]) for each in asked]  # type: ignore[union-attr]


def test_a_service_asks_and_follows_from_asyncio(any_broker: Broker, tmp_path: Path) -> None:
    """Ten questions at once on one connection; the loop goes on while each is under way."""

    async def main(suite: SuiteSettings) -> tuple[list[tuple[int, bool]], Message]:
        beats = 0

        async def heartbeat() -> None:
            nonlocal beats
            while True:
                beats += 1
                await asyncio.sleep(0)

        beat = asyncio.create_task(heartbeat())
        async with AsyncServiceClient(suite, "gateway-test", ["counter_store"], ["counter"]) as client:

            async def ask(n: int) -> tuple[int, bool]:
                before = beats
                page = await client.ask("counter_store", "history", {"limit": n}, DEADLINE_S)
                return len(page["events"]), beats > before

            asked = await asyncio.gather(*(ask(n) for n in range(1, 11)))
            update = await asyncio.wait_for(anext(client.updates()), DEADLINE_S)
            with pytest.raises(ClientError, match="alerter is not at this broker"):
                await client.ask("alerter", "silences")
        beat.cancel()
        return asked, update

    with store_at_work(tmp_path / "store", any_broker) as suite:
        asked, update = asyncio.run(main(suite))

    assert [(n, True) for n in range(1, 11)] == asked
    assert "AC_POWER_LOSS" == update.type  # type: ignore[attr-defined]


def test_of_a_kind_that_repeats_the_newest_alone_is_taken(any_broker: Broker) -> None:
    """What waits and has been replaced already is left out; what does not repeat is taken whole."""
    suite = SuiteSettings(broker=any_broker.settings)
    follows = ("status", "health")
    health = SAID["health"]
    with (
        ServiceClient(suite, "repeats", (), follows, repeating=["status"]) as client,
        MqttProbe(any_broker.port) as probe,
    ):
        for lost in range(3):
            status = {"service": "alerter", "state": "online", "figures": {"lost": lost}}
            probe.publish(client.topics.build("status", "alerter"), json.dumps(status).encode())
            probe.publish(client.topics.build("health"), json.dumps({**health, "score": lost}).encode())
        probe.until(lambda: client.mqtt.waiting >= 6, "all of it waits")
        client.poll()
        taken = [change.message for change in client.changes()]

    assert [2] == [each.figures["lost"] for each in taken if isinstance(each, Status)]
    assert [0, 1, 2] == [each.score for each in taken if isinstance(each, Health)]
