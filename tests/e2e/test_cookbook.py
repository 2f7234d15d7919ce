"""Each command of docs/mosquitto-sub.md against one running suite; the paths for Telegraf; the flows for Node-RED."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3

from tests.conftest import Require
from tests.support.brokers import MOSQUITTO, free_port
from tests.support.live_suite import ROOT, Live
from tests.support.mqtt_probe import MqttProbe
from tests.support.node_tools import node_tools

PAGE = (ROOT / "docs" / "mosquitto-sub.md").read_text(encoding="utf-8")
COMMANDS = [line[2:] for block in re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]
PROGRAMS = ("mosquitto_sub", "mosquitto_pub", "mosquitto_rr")
DEADLINE_S = 90
SAYS = {  # a part of the command: what a line of its output looks like; the others print nothing
    "home/#'": r"upskeep/v1/home/(?!wire)\S+ \{.*",
    r"\(.time) \(.severity)": r"\S+Z (info|warning|error|critical) \S+ \S+",
    'select(.severity != "info")': r'\{"time":"\S+Z","type":.*',
    "state/ups": r'\{"power":.*"battery_voltage":.*',
    "alert/#": r"\w+ \w+ \S+: .*",
    "[.type, .total": r"\S+\t\d+\t\S+Z",
    "status/+": r"\w+ online \S+",
    "@csv": r'"\S+Z",[\d.]+,[\d.]*',
    "low_battery_alert": r"save your work: \d\.\d+ V",
    "counter/TEMPERATURE_HIGH": r"\d+",
    "deadletter": r".+",
    "counter_store/health": r'\{"status":"ok","score":\d+.*\}',
}


@pytest.fixture(scope="module")
def suite(require: Require, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A suite whose mains fail every five seconds."""
    for name in ("mosquitto", *PROGRAMS, "jq"):
        require.program(name)
    folder = tmp_path_factory.mktemp("suite")
    run = Live(folder, "--source", "sim:outage", "--speed", "30", broker=MOSQUITTO)
    with MqttProbe(run.port) as probe:
        run.until(lambda: run.pid("services.alerter"), "the suite starts")
        probe.until(lambda: probe.last("alert", "on_battery", "ups"), "the first alert")
        yield run
    run.stop()


@pytest.fixture(scope="module")
def path(suite: Live, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A PATH on which the clients go to the suite's port by themselves."""
    folder = tmp_path_factory.mktemp("bin")
    for name in PROGRAMS:
        script = folder / name
        script.write_text(f'#!/bin/sh\nexec {shutil.which(name)} -p {suite.port} "$@"\n')
        script.chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


@pytest.mark.mosquitto
def test_each_command_of_the_page_does_what_it_says(path: str) -> None:
    """In the order of the page, for some read what others sent. Each ends by itself and prints what it should."""
    for command in COMMANDS:
        done = subprocess.run(
            ["bash", "-c", command],
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            check=False,
        )

        expected = next((shape for part, shape in SAYS.items() if part in command), None)
        assert (0, "") == (done.returncode, done.stderr.replace("Timed out\n", "")), command  # what -W says at its end
        assert (expected is not None) == bool(done.stdout), (command, done.stdout)
        assert [] == [line for line in done.stdout.splitlines() if not re.fullmatch(expected or "", line)], command


def test_every_expectation_is_of_a_command() -> None:
    """Or it would expect nothing."""
    assert [] == [part for part in SAYS if not any(part in command for command in COMMANDS)]
    assert 1 == max(sum(part in command for command in COMMANDS) for part in SAYS)


@pytest.mark.mosquitto
def test_the_zigbee_sensors_event_arrives(suite: Live, path: str) -> None:
    """The last lines of the page once more, with somebody who listens."""
    told, offered = (command for command in COMMANDS if "zigbee2mqtt/cellar" in command)
    with MqttProbe(suite.port) as probe:
        for command in (told, offered):
            subprocess.run(["bash", "-c", command], env={**os.environ, "PATH": path}, timeout=DEADLINE_S, check=True)
        event = probe.until(lambda: probe.last("event", "device", "error"), "the event")

    assert ("cellar", {"message": "water"}) == (event["device"], event["data"])


@pytest.mark.mosquitto
def test_telegrafs_paths_are_there(suite: Live) -> None:
    """Each tag, field, object and time of the example, in a message of its topic."""
    blocks = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    inputs = tomllib.loads(blocks[0])["inputs"]["mqtt_consumer"]
    with MqttProbe(suite.port) as probe:
        for each in inputs:
            prefix = each["topics"][0].rstrip("+#")
            message: dict[str, Any] = probe.until(lambda p=prefix: first(probe, p), f"a message of {prefix}")
            for parser in each["json_v2"]:
                tables = (parser.get(kind, ()) for kind in ("tag", "field", "object"))
                paths = {item["path"] for table in tables for item in table} | {parser["timestamp_path"]}
                assert set() == paths - message.keys(), each["topics"]


def first(probe: MqttProbe, prefix: str) -> Any:
    """Return a message below a topic, None while there is none."""
    return next((json.loads(seen[0]) for topic, seen in probe.seen.items() if topic.startswith(prefix)), None)


@pytest.fixture(scope="module")
def node_red(require: Require, suite: Live, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A headless Node-RED with the flows of docs/node-red, at the suite's broker; its address."""
    folder, port = tmp_path_factory.mktemp("node-red"), free_port()
    program = node_tools(require) / "node-red" / "red.js"
    flows = json.loads((ROOT / "docs" / "node-red" / "upskeep.json").read_text(encoding="utf-8"))
    for node in flows:
        if node["type"] == "mqtt-broker":
            node["port"] = str(suite.port)
    (folder / "flows.json").write_text(json.dumps(flows))
    (folder / "settings.js").write_text(
        f'module.exports = {{flowFile: "flows.json", uiHost: "127.0.0.1", uiPort: {port}, credentialSecret: false,'
        " telemetry: {enabled: false}}"
    )
    log = folder / "log"
    with log.open("wb") as out:
        call = ["node", program, "--userDir", folder, "--settings", folder / "settings.js"]
        process = subprocess.Popen(call, stdout=out, stderr=out)
    try:
        suite.until(lambda: process.poll() is not None or "Connected to broker" in log.read_text(), "Node-RED connects")
        assert process.poll() is None, log.read_text()
        assert "missing" not in log.read_text(), log.read_text()
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(DEADLINE_S)


@pytest.mark.mosquitto
def test_node_reds_flows_hear_and_act(suite: Live, node_red: str, tmp_path: Path) -> None:
    """An alert in words, a trigger, mains and battery, each on a topic of the house."""
    heard = tmp_path / "heard"
    wanted = [
        "house/say warning: ups: power is battery",
        "house/lamps/set OFF",
        "house/power battery",
        "house/power mains",
    ]

    def missing() -> list[str]:
        return [each for each in wanted if each not in heard.read_text(errors="replace")]

    with heard.open("wb") as out:
        ears = subprocess.Popen(["mosquitto_sub", "-p", str(suite.port), "-v", "-t", "house/#"], stdout=out)
    try:
        suite.until(lambda: not missing(), "every flow")
    finally:
        ears.terminate()
        ears.wait(DEADLINE_S)


@pytest.mark.mosquitto
def test_node_reds_button_offers_an_event(suite: Live, node_red: str) -> None:
    """It is taken: an event comes of it."""
    with MqttProbe(suite.port) as probe:
        pressed = urllib3.request("POST", f"{node_red}/inject/offer-button", json={})
        event = probe.until(lambda: probe.last("event", "system", "TEMPERATURE_HIGH"), "the event")

    assert (200, "rack", 71) == (pressed.status, event["device"], event["data"]["value"])
