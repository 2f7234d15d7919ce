"""The whole suite in containers. InfluxDB 2's image is not to be had everywhere: a real 1.x engine stands in for it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.conftest import Require
from tests.support.containers.broker import Plain, client
from tests.support.containers.stack import ROOT, SERVICES, Stack, run, stack
from tests.support.waiting import until
from upskeep.outcome import OF_THE_SUITE
from upskeep.playback.backtest import backtest

pytestmark = [pytest.mark.containers, pytest.mark.recordings]

HOME = "upskeep/v1/home"
UPS, ROOM = "ups_hat_discharge_2021.csv", "room_climate_2015.csv"
ROOM_S = 240  # how long the room's recording would play; its reader is killed last, and plays the rest at once
ROOM_SPAN_S = 492_480


@pytest.fixture(scope="module")
def house(engine: None) -> Iterator[Stack]:
    """All containers, healthy, over the recording of a discharge."""
    with stack("house") as project:
        project.environ |= {"UPSKEEP_SOURCE": f"recording:/recordings/{UPS}", "UPSKEEP_SPEED": "max"}
        project.compose("build", "--quiet")
        project.up()
        yield project


@contextmanager
def watching(house: Stack) -> Iterator[Plain]:
    """An operator who sees what is retained and all that follows."""
    with client(house.mqtt_port, "operator", house.operator_password()) as watcher:
        watcher.subscribe(f"{HOME}/status/+", f"{HOME}/counter/#")
        yield watcher


def status(watcher: Plain, service: str) -> dict[str, Any]:
    """Return what a service last said of itself."""
    found: dict[str, Any] = json.loads(watcher.latest.get(f"{HOME}/status/{service}", b"{}"))
    return found


def totals(watcher: Plain) -> dict[str, int]:
    """Return every counter's total, but of what the suite tells of itself."""
    counters = [json.loads(payload) for topic, payload in watcher.latest.items() if f"{HOME}/counter/" in topic]
    return {counter["type"]: counter["total"] for counter in counters if counter["type"] not in OF_THE_SUITE}


def is_settled(watcher: Plain, source: str) -> bool:
    """Whether ``source`` has been played, and everybody has applied all of it and InfluxDB has got it."""
    reader, processor, store, alerter = (status(watcher, service) for service in SERVICES)
    if any(each.get("state") != "online" for each in (reader, processor, store, alerter)):
        return False
    if not reader["figures"].get("done") or source not in reader["figures"]["source"]:
        return False
    raw, event = reader["streams"]["raw"]["head"], processor["streams"]["event"]["head"]
    return bool(
        raw == _applied(processor, "sensor_reader", "raw") == _applied(store, "sensor_reader", "raw")
        and event == _applied(store, "event_processor", "event") == _applied(alerter, "event_processor", "event")
        and store["figures"]["influx_pending"] == 0
    )


def _applied(said: dict[str, Any], producer: str, stream: str) -> int:
    return int(said["applied"].get(producer, {}).get(stream, {}).get("seq", 0))


def settle(house: Stack, source: str) -> dict[str, int]:
    """Wait until ``source`` has gone all the way; return the totals."""
    with watching(house) as watcher:
        watcher.spin(lambda: is_settled(watcher, source), f"{source} counted", within_s=300)
        end = f"{HOME}/command/test/end"
        watcher.subscribe(end, f"{HOME}/counter/#")  # the retained counters come again, and then the end
        watcher.publishable([end])
        watcher.spin(lambda: end in watcher.received, "the last message")
        return totals(watcher)


def influx(house: Stack, query: str) -> list[list[Any]]:
    """Return the rows of an InfluxQL query, asked from outside."""
    token = house.exec("counter_store", "cat", "/run/secrets/influx_token")
    url = f"http://127.0.0.1:{house.influx_port}/query?{urlencode({'db': 'upskeep', 'q': query})}"
    with urllib.request.urlopen(urllib.request.Request(url, headers={"Authorization": f"Token {token}"})) as answer:
        (result,) = json.load(answer)["results"]
    return [row for series in result.get("series", []) for row in series["values"]]


@pytest.fixture(scope="module")
def ups(house: Stack, recording: Callable[[str], Path]) -> dict[str, int]:
    """The totals after the recording of a discharge has been played."""
    recording(UPS)
    return settle(house, UPS)


@pytest.fixture(scope="module")
def room(house: Stack, ups: dict[str, int], recording: Callable[[str], Path]) -> dict[str, int]:
    """What the room's recording added to the totals while every container was killed once."""
    recording(ROOM)
    with watching(house) as watcher:
        watcher.spin(lambda: "BATTERY_LOW" in totals(watcher), "the counters")
        before = totals(watcher)
    house.environ |= {"UPSKEEP_SOURCE": f"recording:/recordings/{ROOM}", "UPSKEEP_SPEED": str(ROOM_SPAN_S / ROOM_S)}
    house.up("sensor_reader")
    for service in ("event_processor", "mosquitto", "counter_store", "alerter"):
        _kill(house, service)
        house.up(service)
    with watching(house) as watcher:
        watcher.spin(lambda: ROOM in str(status(watcher, "sensor_reader")), "the reader's status")
        assert not status(watcher, "sensor_reader")["figures"]["done"], "killed too late to prove anything"
    _kill(house, "sensor_reader")
    house.environ["UPSKEEP_SPEED"] = "max"
    house.up("sensor_reader")
    after = settle(house, ROOM)
    return {kind: total - before.get(kind, 0) for kind, total in after.items() if total != before.get(kind, 0)}


def _kill(house: Stack, service: str) -> None:
    house.compose("kill", "-s", "KILL", service)
    assert house.inspect(service)["State"]["ExitCode"] == 137


def test_everything_is_healthy(house: Stack) -> None:
    """Each container passes a health check of its own; the one that makes passwords has ended well."""
    names = (*SERVICES, "mosquitto", "influxdb")
    until(lambda: {house.health(name) for name in names} == {"healthy"}, "all healthy")
    assert house.inspect("passwords")["State"]["ExitCode"] == 0


def test_a_recording_is_counted_as_in_a_backtest(ups: dict[str, int]) -> None:
    """The discharge crosses 3.6 V 27 times and is one BATTERY_LOW."""
    assert ups == {"BATTERY_LOW": 1}


def test_counts_are_exact_though_every_container_was_killed_while_the_recording_played(
    room: dict[str, int], recording: Callable[[str], Path]
) -> None:
    """SIGKILL of each service and of the broker, in turn, loses nothing and counts nothing twice."""
    assert room["sensor.temperature"] == 8143
    assert room == backtest([recording(ROOM)], ROOT / "config", {}, None).as_dict()["events"]


def test_influxdb_1_behind_the_v2_write_api_has_every_event_once(
    house: Stack, ups: dict[str, int], room: dict[str, int]
) -> None:
    """One point an event, read back by InfluxQL over the published port."""
    assert [row[1] for row in influx(house, "SELECT count(id) FROM event WHERE type = 'BATTERY_LOW'")] == [1]
    expected = {kind: [total] for kind, total in room.items()}
    assert expected == {
        kind: [row[1] for row in influx(house, f"SELECT count(id) FROM event WHERE type = '{kind}'")]  # noqa: S608
        for kind in room
    }


def test_events_of_the_simulator_are_seen_with_mosquitto_sub_from_outside(
    house: Stack, room: dict[str, int], require: Require, tmp_path: Path
) -> None:
    """Without /dev/i2c-1 in the container ``auto`` is the simulator, says so, and the power soon goes out."""
    topic = f"{HOME}/event/power/AC_POWER_LOSS"
    (tmp_path / "mosquitto_sub").write_text(f"-u operator\n-P {house.operator_password()}\n")  # as docs/compose.md says
    command = (require.program("mosquitto_sub"), "-p", str(house.mqtt_port), "-t", topic, "-C", "1", "-W", "300")
    house.environ |= {"UPSKEEP_SOURCE": "auto", "UPSKEEP_SPEED": "1"}
    environ = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path)}
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as outside:
        house.up("sensor_reader")
        said, _ = outside.communicate(timeout=320)
    assert json.loads(said)["type"] == "AC_POWER_LOSS"
    assert "simulat" in house.logs("sensor_reader")


def test_a_service_without_its_broker_stops_being_healthy(house: Stack) -> None:
    """The sign of health is given only while connected: made old, it is renewed with a broker and not without."""

    def codes() -> list[int]:
        return [house.code(service, "python", "-m", f"services.{service}", "--healthy") for service in SERVICES]

    def make_old() -> None:
        for service in SERVICES:
            house.exec(service, "sh", "-c", "touch -d '1 hour ago' /tmp/*.alive")

    make_old()
    until(lambda: codes() == [0, 0, 0, 0], "all healthy with a broker")
    house.compose("stop", "mosquitto")
    try:
        make_old()
        assert codes() == [1, 1, 1, 1]
    finally:  # no --wait: it gives up on whoever has been found unhealthy meanwhile
        house.compose("start", "mosquitto")
        until(
            lambda: {house.health(service) for service in SERVICES} == {"healthy"}, "all healthy again", deadline_s=180
        )


@pytest.mark.parametrize("service", SERVICES)
def test_an_image_holds_its_own_service_and_no_package_of_another(house: Stack, service: str) -> None:
    """The store alone speaks to InfluxDB, the reader alone to I2C, and pip stays out."""
    here = house.exec(service, "ls", "/app/services").split()
    assert {"__init__.py", "__pycache__", service} == set(here)
    modules = {"influxdb_client": "counter_store", "smbus2": "sensor_reader", "pip": None, "pytest": None}
    found = [name for name in modules if house.code(service, "python", "-c", f"import {name}") == 0]
    assert found == [name for name, owner in modules.items() if owner == service]


@pytest.mark.parametrize("service", [*SERVICES, "mosquitto"])
def test_no_process_is_root_or_has_a_capability(house: Stack, service: str) -> None:
    """Seen from the host: user ids and effective capabilities of everything in the container."""
    container = house.inspect(service)["Id"]
    pids = run("docker", "top", container, "-eo", "pid").split()[1:]
    facts = [dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines()) for pid in pids]
    own = "1883" if service == "mosquitto" else "10001"
    assert {(own, 0, "1")} == {
        (each["Uid"].split()[0], int(each["CapEff"], 16), each["NoNewPrivs"].strip()) for each in facts
    }


@pytest.mark.parametrize("service", SERVICES)
def test_a_container_writes_to_its_data_alone(house: Stack, service: str) -> None:
    """The root file system, the code and the configuration are read-only."""
    for place in ("/", "/app", "/config", "/run/secrets"):
        assert house.code(service, "touch", f"{place}/x") != 0
    assert house.code(service, "touch", "/data/x") == 0


@pytest.mark.parametrize("service", SERVICES)
def test_a_container_sees_its_own_password_alone(house: Stack, service: str) -> None:
    """And InfluxDB's token is with the store only."""
    extra = {"influx_token"} if service == "counter_store" else set()
    assert {"mqtt"} | extra == set(house.exec(service, "ls", "/run/secrets").split())
    assert house.exec(service, "stat", "-c", "%a %u:%g", "/run/secrets/mqtt").strip() == "440 0:10001"


def test_a_service_that_dies_is_started_again(house: Stack, require: Require) -> None:
    """The engine does it, within moments."""
    require.root()
    before = house.inspect("alerter")
    os.kill(before["State"]["Pid"], signal.SIGKILL)
    until(lambda: house.inspect("alerter")["RestartCount"] == before["RestartCount"] + 1, "a restart")
    house.up("alerter")


def test_the_override_passes_the_bus_in(engine: None) -> None:
    """With the group that may use it; the rest of the reader stays as it is."""
    files = ("-f", "docker-compose.yml", "-f", "compose.i2c.yml")
    said = run("docker", "compose", *files, "config", "--format", "json", environ={"I2C_GID": "998"})
    reader = json.loads(said)["services"]["sensor_reader"]
    assert [(each["source"], each["target"]) for each in reader["devices"]] == [("/dev/i2c-1", "/dev/i2c-1")]
    assert (reader["group_add"], reader["cap_drop"], reader["read_only"]) == (["998"], ["ALL"], True)


def test_ports_are_open_to_this_machine_alone(house: Stack) -> None:
    """The broker's and InfluxDB's, on 127.0.0.1; nobody else has any."""
    services = (*SERVICES, "mosquitto", "influxdb")
    ports = {service: house.inspect(service)["NetworkSettings"]["Ports"] for service in services}
    bound = {(service, each["HostIp"]) for service in ports for ends in ports[service].values() for each in ends or ()}
    assert bound == {("mosquitto", "127.0.0.1"), ("influxdb", "127.0.0.1")}
