"""The door and the point store against the very images that compose runs, each in a throw-away container."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import urllib3
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import LogMessageWaitStrategy

from services.counter_store.adapters.influx.point_stores import open_point_store
from services.counter_store.settings import InfluxSettings
from shared.mqtt import Arrived, Confirmed, Connected, MqttClient, Publication
from shared.suite import BrokerSettings

pytestmark = pytest.mark.containers

MOSQUITTO = "eclipse-mosquitto:2.0.21"
INFLUXDB = "influxdb-1-with-v2-write:1.6.7"
TOKEN = "token-of-a-test"
DEADLINE_S = 90.0


@pytest.fixture(autouse=True)
def no_reaper(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each container ends with its test; the library's reaper is an image of its own, not to be had everywhere."""
    monkeypatch.setattr(testcontainers_config, "ryuk_disabled", True)


@pytest.fixture
def mosquitto(engine: None) -> Iterator[BrokerSettings]:
    """A broker that lets everybody in."""
    container = (
        DockerContainer(MOSQUITTO)
        .with_command("mosquitto -c /mosquitto-no-auth.conf")
        .with_exposed_ports(1883)
        .waiting_for(LogMessageWaitStrategy("running"))
    )
    with container:
        yield BrokerSettings(url=f"mqtt://127.0.0.1:{container.get_exposed_port(1883)}")


@pytest.fixture
def influxdb(engine: None) -> Iterator[str]:
    """The 1.x engine behind the v2 write API; its address."""
    container = DockerContainer(INFLUXDB).with_env("INFLUXDB_TOKEN", TOKEN).with_exposed_ports(8086)
    with container:
        url = f"http://127.0.0.1:{container.get_exposed_port(8086)}"
        patient = urllib3.Retry(total=200, connect=200, read=200, backoff_factor=0.05, backoff_max=0.1)
        with urllib3.PoolManager(retries=patient) as pool:
            pool.request("GET", f"{url}/ping")
        yield url


def test_the_door_opens_to_the_image_of_the_broker(mosquitto: BrokerSettings) -> None:
    """Publish, confirm, arrive, by MQTT 5."""
    client = MqttClient(mosquitto, "visitor", ["t/#"])
    client.open()
    seen: list[object] = []
    deadline = time.monotonic() + DEADLINE_S
    while not any(isinstance(item, Arrived) for item in seen):
        assert time.monotonic() < deadline, seen
        if any(isinstance(item, Connected) for item in seen) and client.room == client.inflight:
            client.publish(Publication("t/1", b"hello"), "mine")
        seen += client.poll(10, 0.1)
    client.close()

    assert ["5"] == [item.protocol for item in seen if isinstance(item, Connected)]
    assert b"hello" in [item.payload for item in seen if isinstance(item, Arrived)]
    assert all(item.refusal is None for item in seen if isinstance(item, Confirmed))


def test_points_reach_the_image_of_a_real_1x_engine_by_the_v2_write_api(influxdb: str, tmp_path: Path) -> None:
    """Written through influxdb-client, read back by InfluxQL."""
    token = tmp_path / "token"
    token.write_text(TOKEN)
    settings = InfluxSettings(enabled=True, api="v2", url=influxdb, org="o", bucket="b", token_file=token)
    with urllib3.PoolManager() as pool:
        authorised = {"Authorization": f"Token {TOKEN}"}
        pool.request("POST", f"{influxdb}/query?q=CREATE+DATABASE+b", headers=authorised)
        with closing(open_point_store(settings)) as store:
            store.write(["m v=1.5 1000"])
        answer = pool.request("GET", f"{influxdb}/query?db=b&epoch=ns&q=SELECT+v+FROM+m", headers=authorised).json()

    assert [[1000, 1.5]] == answer["results"][0]["series"][0]["values"]
