"""Questions and commands over real brokers, asked by the suite's own client and by a stranger's."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from shared.client.client import Client, ClientError
from shared.clock import SYSTEM_CLOCK
from shared.delivery.endpoint import Endpoint
from shared.ledger import Ledger
from shared.requests import Command
from shared.suite import SuiteSettings
from tests.support.brokers import MOSQUITTO, Broker
from tests.support.fakes.clerk import ROUTE, Clerk
from tests.support.running_service import at_work

DEADLINE_S = 90.0


@contextmanager
def clerk_at_work(folder: Path, broker: Broker) -> Iterator[tuple[SuiteSettings, Clerk]]:
    """The clerk's service on a thread of its own, connected."""
    suite, clerk = SuiteSettings(data=folder, broker=broker.settings), Clerk()

    def make() -> Endpoint:
        endpoint = Endpoint(ROUTE, suite, Ledger(folder / "ledger.sqlite"), SYSTEM_CLOCK)
        endpoint.attach(clerk)
        return endpoint

    with at_work(make):
        yield suite, clerk


def test_the_client_gets_the_answer_to_its_question(any_broker: Broker, tmp_path: Path) -> None:
    with clerk_at_work(tmp_path, any_broker) as (suite, _), Client(suite) as client:
        assert 42 == client.ask("clerk", "double", {"n": 21}, DEADLINE_S)["n"]


def test_a_client_that_asks_again_keeps_no_connection_of_before(any_broker: Broker, tmp_path: Path) -> None:
    """A watching command asks for as long as it runs."""
    with clerk_at_work(tmp_path, any_broker) as (suite, _), Client(suite) as client:
        for n in range(3):
            client.ask("clerk", "double", {"n": n}, DEADLINE_S)
            assert not [t for t in threading.enumerate() if t.name.startswith("mqtt-upskeep-cli-")]


def test_the_client_says_the_services_own_words_when_it_refuses(any_broker: Broker, tmp_path: Path) -> None:
    with (
        clerk_at_work(tmp_path, any_broker) as (suite, _),
        Client(suite) as client,
        pytest.raises(ClientError, match="clerk: no question is called 'halve'"),
    ):
        client.ask("clerk", "halve", {}, DEADLINE_S)


def test_a_service_that_is_not_there_is_reported_as_such(any_broker: Broker, tmp_path: Path) -> None:
    with (
        Client(SuiteSettings(data=tmp_path, broker=any_broker.settings)) as client,
        pytest.raises(ClientError, match=r"clerk is not at this broker; `make run` starts the suite"),
    ):
        client.ask("clerk", "double", {"n": 1}, 0.3)


def test_a_command_sent_twice_is_carried_out_once(any_broker: Broker, tmp_path: Path) -> None:
    with clerk_at_work(tmp_path, any_broker) as (suite, clerk):
        results = []
        for _ in range(2):
            with Client(suite) as client:
                results.append(client.command(Command(id="c1", target="lamp", name="switch"), DEADLINE_S))
        assert ["done", "done"] == [result.status for result in results]
        assert ["c1"] == clerk.switched


@pytest.mark.mosquitto
def test_a_stranger_by_mqtt_5_gets_its_answer_on_the_topic_it_names(start_broker, tmp_path: Path) -> None:
    """Mosquitto's own request-response client: response topic and correlation data are MQTT 5's."""
    broker: Broker = start_broker(MOSQUITTO)
    mine = "upskeep/v1/home/response/clerk/double/mine"
    with clerk_at_work(tmp_path, broker):
        said = subprocess.run(
            ["mosquitto_rr", "-h", "localhost", "-p", str(broker.port), "-V", "5", "-W", "90", "-q", "1",
             "-t", "upskeep/v1/home/request/clerk/double", "-e", mine, "-D", "publish", "correlation-data", "x1",
             "-m", json.dumps({"transaction": "rr", "data": {"n": 4}}), "-F", "%t %D %p"],
            capture_output=True, text=True, timeout=120, check=True,
        ).stdout  # fmt: skip
    topic, correlation, payload = said.split(" ", 2)
    assert (mine, "x1", 8) == (topic, correlation, json.loads(payload)["data"]["n"])
