"""No user of the broker takes the place of another: hostile clients with the least of rights, at the real ACL."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from shared.mqtt import Arrival, Arrived, Connected, Disconnected, MqttClient
from shared.mqtt.login import LoginError, client_id_of
from shared.suite import BrokerSettings
from tests.conftest import Require
from tests.support.containers.broker import client, mosquitto

pytestmark = pytest.mark.mosquitto
NAME = "upskeep-home-event_processor"
OFFERS = "upskeep/v1/home/ingest/+"
DEADLINE_S = 90.0


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory, require: Require) -> Iterator[int]:
    require.program("mosquitto_passwd")
    users = ("event_processor", "node_red", "operator")
    with mosquitto(require.program("mosquitto"), tmp_path_factory.mktemp("broker"), users) as running:
        yield running


def settings(port: int, user: str, folder: Path) -> BrokerSettings:
    password = folder / user
    password.write_text(f"{user}-pw\n")
    return BrokerSettings(url=f"mqtt://127.0.0.1:{port}", username=user, password_file=password)


def see(service: MqttClient, holds: Callable[[list[Arrival]], bool], within_s: float = DEADLINE_S) -> list[Arrival]:
    """Return what happened until ``holds``, or within that time."""
    seen: list[Arrival] = []
    deadline = time.monotonic() + within_s
    while not holds(seen) and time.monotonic() < deadline:
        seen += service.poll(100, 0.05)
    return seen


def connected(seen: list[Arrival]) -> bool:
    return any(isinstance(each, Connected) for each in seen)


def attack(port: int, user: str, client_id: str) -> None:
    """Connect as ``user`` under a chosen client id, wait for the answer, and leave."""
    intruder = Client(CallbackAPIVersion.VERSION2, client_id, protocol=MQTTProtocolVersion.MQTTv5)
    intruder.username_pw_set(user, f"{user}-pw")
    answers: list[object] = []
    intruder.on_connect = lambda *told: answers.append(told)
    intruder.connect("127.0.0.1", port, clean_start=True)
    deadline = time.monotonic() + DEADLINE_S
    while not answers and time.monotonic() < deadline:
        intruder.loop(0.05)
    assert answers
    intruder.disconnect()
    intruder.loop(0.05)


def test_another_user_cannot_throw_a_service_out_by_its_name(port: int, tmp_path: Path) -> None:
    """Twenty connections under the name of the service, and under the id another password would make."""
    service = MqttClient(settings(port, "event_processor", tmp_path), NAME, [OFFERS])
    service.open()
    try:
        assert connected(see(service, connected))
        guess = client_id_of(NAME, settings(port, "node_red", tmp_path))
        for number in range(20):
            attack(port, "node_red", NAME if number % 2 else guess)
        seen = see(service, lambda seen: any(isinstance(each, Disconnected) for each in seen), 1.0)
        assert [] == [each for each in seen if isinstance(each, Disconnected)]
    finally:
        service.close()


def test_offers_that_wait_for_a_service_cannot_be_drained_by_another_user(port: int, tmp_path: Path) -> None:
    """The session is the service's alone: what waited while it was away is there when it comes back."""
    own = settings(port, "event_processor", tmp_path)
    service = MqttClient(own, NAME, [OFFERS])
    service.open()
    assert connected(see(service, connected))
    service.close()
    with client(port, "node_red") as node_red:
        offers = ["upskeep/v1/home/ingest/node_red" for _ in range(200)]
        assert set(offers) == node_red.publishable(offers)
    attack(port, "node_red", NAME)

    again = MqttClient(own, NAME, [OFFERS])
    again.open()
    try:
        arrived = [
            each for each in see(again, lambda seen: len(seen) > 200) if isinstance(each, Arrived) and not each.retain
        ]
        assert 200 == len(arrived)
    finally:
        again.close()


def test_a_client_id_follows_from_the_name_and_the_secret_alone(tmp_path: Path) -> None:
    """The same after a restart, another with another password, the name itself without one."""
    one, two = settings(1, "event_processor", tmp_path), settings(1, "node_red", tmp_path)
    assert client_id_of(NAME, one) == client_id_of(NAME, one)
    assert client_id_of(NAME, one) != client_id_of(NAME, two)
    assert NAME == client_id_of(NAME, BrokerSettings())
    with pytest.raises(LoginError, match="password_file /nowhere cannot be read: No such file"):
        client_id_of(NAME, BrokerSettings(password_file=Path("/nowhere")))
