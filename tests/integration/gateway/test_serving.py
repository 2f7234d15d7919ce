"""The gateway at a real broker: what is published is served, and neither a lost broker nor a taken port ends it."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.support.brokers import Broker
from tests.support.mqtt_probe import TOPICS, MqttProbe
from tests.support.running_gateway import RunningGateway, gateway_at
from tests.support.scripted_services import publish
from tests.unit.gateway.heard import alert, counter, state

pytestmark = pytest.mark.mosquitto


def metric(gateway: RunningGateway, name: str) -> str | None:
    """Return the value of a series on the page, None where it is not there."""
    page = gateway.get("/metrics").data.decode()
    return next((line.rpartition(" ")[2] for line in page.splitlines() if line.startswith(f"{name} ")), None)


def test_what_is_published_is_on_the_page_and_what_is_emptied_is_not(
    probe: MqttProbe, broker: Broker, tmp_path: Path
) -> None:
    """What was retained before it came, what comes later, and what goes."""
    publish(probe, counter())
    with gateway_at(probe, tmp_path, broker.port) as gateway:
        gateway.until(lambda: metric(gateway, 'upskeep_events_total{type="AC_POWER_LOSS"}') == "7.0", "the counter")

        publish(probe, alert(), state())
        firing = 'upskeep_alerts{severity="warning",state="firing"}'
        gateway.until(lambda: metric(gateway, firing) == "1.0", "the alert")
        gateway.until(lambda: metric(gateway, 'upskeep_device_on_mains{device="ups"}') == "1.0", "the state")

        probe.publish(TOPICS.of(alert()), b"", retain=True)
        gateway.until(lambda: metric(gateway, firing) is None, "the alert has gone")


def test_a_lost_broker_is_said_and_found_again(probe: MqttProbe, broker: Broker, tmp_path: Path) -> None:
    """It goes on serving meanwhile."""
    with gateway_at(probe, tmp_path, broker.port) as gateway:
        connected = "upskeep_gateway_broker_connected"
        gateway.until(lambda: metric(gateway, connected) == "1.0", "it is connected")
        broker.kill()
        gateway.until(lambda: metric(gateway, connected) == "0.0", "it has noticed")
        broker.start()
        gateway.until(lambda: metric(gateway, connected) == "1.0", "it is connected again")


def test_a_port_that_is_taken_is_said_and_waited_for(probe: MqttProbe, broker: Broker, tmp_path: Path) -> None:
    """The service is online without it, and serves once the port is free."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        gateway = RunningGateway(tmp_path, broker.port, {"UPSKEEP_GATEWAY__HTTP__PORT": port})
        try:
            probe.until(lambda: probe.last("status", "gateway").get("state") == "online", "it is online")
            gateway.until(lambda: f"port {port} is in use by another program" in gateway.log(), "it is said")
            taken.close()
            gateway.url = probe.until(
                lambda: probe.last("status", "gateway").get("figures", {}).get("address"), "it serves"
            )
            assert gateway.get("/metrics").status == 200
        finally:
            code = gateway.stop()
    assert code == 0, gateway.log()
    assert gateway.log().count("in use by another program") == 1
