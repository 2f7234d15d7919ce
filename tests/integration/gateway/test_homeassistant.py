"""Discovery at a real broker: what Home Assistant would find there, and what its buttons do."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from shared.messages import Message
from shared.topics import Topics
from tests.support.brokers import Broker
from tests.support.homeassistant.fields import faults_of
from tests.support.homeassistant.templates import render
from tests.support.live_suite import Live
from tests.support.mqtt_probe import TOPICS, MqttProbe
from tests.support.running_gateway import RunningGateway, gateway_at
from tests.unit.gateway.test_homeassistant_configs import SUITE, UPS, alert, counter, payload, state

pytestmark = pytest.mark.mosquitto

ON = {"UPSKEEP_GATEWAY__HOME_ASSISTANT__DISCOVERY": "true", "UPSKEEP_GATEWAY__HOME_ASSISTANT__SETTLE_S": "0.5"}
OFF = {"UPSKEEP_GATEWAY__HOME_ASSISTANT__SETTLE_S": "0.5"}
DISCOVERED = Topics("homeassistant", "device")  # its `everything` is homeassistant/device/#


@pytest.fixture
def broker(start_broker: Callable[..., Broker]) -> Broker:
    """A running broker."""
    return start_broker()


@pytest.fixture
def suite(broker: Broker) -> Iterator[MqttProbe]:
    """Who speaks for the suite."""
    with MqttProbe(broker.port) as probe:
        yield probe


@pytest.fixture
def home(broker: Broker) -> Iterator[MqttProbe]:
    """Home Assistant's place at the broker."""
    with MqttProbe(broker.port, DISCOVERED) as probe:
        yield probe


def publish(probe: MqttProbe, *messages: Message) -> None:
    for message in messages:
        probe.publish(TOPICS.of(message), payload(message), retain=True)


def newest(home: MqttProbe, topic: str) -> Any:
    """Return the newest configuration on a topic: None where it is emptied, {} where there never was one."""
    seen = home.seen.get(topic)
    return {} if not seen else json.loads(seen[-1]) if seen[-1] else None


def components(home: MqttProbe, topic: str = UPS) -> set[str]:
    """Return the keys of a device's entities that are there."""
    config = newest(home, topic) or {"components": {}}
    return {key for key, one in config.get("components", {}).items() if len(one) > 1}


def test_what_is_retained_is_discovered(suite: MqttProbe, home: MqttProbe, broker: Broker, tmp_path: Path) -> None:
    """Devices, counters and alerts, before and after the start; valid, and with values in the topics they name."""
    first = state(power="mains", zone="attic", values={"battery_voltage": 12.5})
    publish(suite, first, counter("AC_POWER_LOSS"))
    with gateway_at(suite, tmp_path, broker.port, ON):
        home.until(lambda: {"battery_voltage", "on_battery", "problem"} == components(home), "the UPS")
        home.until(lambda: "counter_AC_POWER_LOSS" in components(home, SUITE), "the counter")

        publish(suite, alert(), state("room", values={"co2": 700}))
        home.until(lambda: "alert_on_battery_ups_ack" in components(home), "the alert")
        room = "homeassistant/device/upskeep_home_room/config"
        home.until(lambda: "co2" in components(home, room), "the room")
        assert [[], [], []] == [faults_of(newest(home, topic)) for topic in (UPS, SUITE, room)]
        voltage = newest(home, UPS)["components"]["battery_voltage"]
        assert "12.5" == render(voltage["value_template"], payload(first))
        assert TOPICS.of(first) == newest(home, UPS)["state_topic"]


def test_what_goes_is_removed(suite: MqttProbe, home: MqttProbe, broker: Broker, tmp_path: Path) -> None:
    """An alert that is over, a device that has gone."""
    publish(suite, state(), alert())
    with gateway_at(suite, tmp_path, broker.port, ON):
        home.until(lambda: "alert_on_battery_ups" in components(home), "the alert")

        suite.publish(TOPICS.of(alert()), b"", retain=True)
        home.until(lambda: {"problem"} == components(home), "the alert goes")
        suite.publish(TOPICS.of(state()), b"", retain=True)
        home.until(lambda: newest(home, UPS) is None, "the device goes")


def test_home_assistants_start_publishes_everything_again(
    suite: MqttProbe, home: MqttProbe, broker: Broker, tmp_path: Path
) -> None:
    """It says ``online`` on its birth topic."""
    publish(suite, state())
    with gateway_at(suite, tmp_path, broker.port, ON):
        home.until(lambda: newest(home, UPS), "the device")
        before = len(home.seen[UPS])

        home.publish("homeassistant/status", b"online")
        home.until(lambda: len(home.seen[UPS]) > before, "it comes again")


def test_a_gateway_removes_what_one_before_it_has_left(
    suite: MqttProbe, home: MqttProbe, broker: Broker, tmp_path: Path
) -> None:
    """A device that went while it was away; switched off, all the rest. What is not its own stays."""
    foreign = b'{"origin": {"name": "Zigbee2MQTT"}}'
    home.publish("homeassistant/device/lamp/config", foreign, retain=True)
    publish(suite, state(), state("room"))
    room = "homeassistant/device/upskeep_home_room/config"
    folders = [tmp_path / name for name in "123"]
    for folder in folders:
        folder.mkdir()
    with gateway_at(suite, folders[0], broker.port, ON):
        home.until(lambda: newest(home, room) and newest(home, UPS), "both devices")

    suite.publish(TOPICS.of(state("room")), b"", retain=True)
    with gateway_at(suite, folders[1], broker.port, ON):
        home.until(lambda: newest(home, room) is None, "the room is removed")
        assert newest(home, UPS)

    with gateway_at(suite, folders[2], broker.port, OFF):
        home.until(lambda: newest(home, UPS) is None, "the UPS is removed")
    assert [foreign] == home.seen["homeassistant/device/lamp/config"]


def test_switched_off_nothing_is_published(suite: MqttProbe, home: MqttProbe, broker: Broker, tmp_path: Path) -> None:
    """As shipped: its connection for Home Assistant ends by itself."""
    publish(suite, state())
    with gateway_at(suite, tmp_path, broker.port, OFF) as gateway:
        gateway.until(lambda: "nothing of ours is left for Home Assistant" in gateway.log(), "it is done")

        assert {} == home.seen
        assert isinstance(gateway, RunningGateway)


def test_a_button_acknowledges_in_a_real_suite(tmp_path: Path) -> None:
    """The command that a press publishes is carried out by the alerter."""
    environ = ON | {"UPSKEEP_GATEWAY__ENABLED": "true", "UPSKEEP_GATEWAY__HTTP__PORT": "0"}
    environ |= {"UPSKEEP_EVENT_COUNTERS__ALERT_THRESHOLDS__AC_POWER_LOSS__HOURLY": "0"}
    live = Live(tmp_path, "--source", "sim:outage", "--speed", "10", broker="mosquitto", environ=environ)
    key, place = "alert_hourly_rate_AC_POWER_LOSS_ack", ("alert", "hourly_rate", "AC_POWER_LOSS")
    try:
        live.until(lambda: live.pid("services.gateway"), "the gateway runs")
        with MqttProbe(live.port) as suite, MqttProbe(live.port, DISCOVERED) as home:
            home.until(lambda: key in components(home, SUITE) | components(home), "the button", 90)
            button = next(
                newest(home, topic)["components"][key] for topic in (SUITE, UPS) if key in components(home, topic)
            )

            suite.publish(button["command_topic"], render(button["command_template"], now=datetime.now(UTC)).encode())
            suite.until(lambda: suite.last(*place).get("state") == "acknowledged", "the alert is acknowledged")
            assert "Home Assistant" == suite.last(*place)["by"]
    finally:
        live.stop()
