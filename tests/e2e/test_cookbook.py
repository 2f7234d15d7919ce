"""Each command of docs/mosquitto-sub.md, as it stands there, against one running suite; and the paths for Telegraf."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import Require
from tests.support.brokers import MOSQUITTO
from tests.support.live_suite import ROOT, Live
from tests.support.mqtt_probe import Onlooker

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
    with Onlooker(run.port) as onlooker:
        run.until(lambda: run.pid("services.alerter"), "the suite starts")
        onlooker.until(lambda: onlooker.last("alert", "on_battery", "ups"), "the first alert")
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
@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_page_does_what_it_says(command: str, path: str) -> None:
    """It ends by itself, and prints what is expected of it."""
    done = subprocess.run(
        ["bash", "-c", command],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )

    expected = next((shape for part, shape in SAYS.items() if part in command), None)
    assert (0, "") == (done.returncode, done.stderr.replace("Timed out\n", ""))  # what -W says at its end
    assert (expected is not None) == bool(done.stdout), done.stdout
    assert [] == [line for line in done.stdout.splitlines() if not re.fullmatch(expected or "", line)]


def test_every_expectation_is_of_a_command() -> None:
    """Or it would expect nothing."""
    assert [] == [part for part in SAYS if not any(part in command for command in COMMANDS)]
    assert 1 == max(sum(part in command for command in COMMANDS) for part in SAYS)


@pytest.mark.mosquitto
def test_the_zigbee_sensors_event_arrives(suite: Live, path: str) -> None:
    """The last lines of the page once more, with somebody who listens."""
    told, offered = (command for command in COMMANDS if "zigbee2mqtt/cellar" in command)
    with Onlooker(suite.port) as onlooker:
        for command in (told, offered):
            subprocess.run(["bash", "-c", command], env={**os.environ, "PATH": path}, timeout=DEADLINE_S, check=True)
        event = onlooker.until(lambda: onlooker.last("event", "device", "error"), "the event")

    assert ("cellar", {"message": "water"}) == (event["device"], event["data"])


@pytest.mark.mosquitto
def test_telegrafs_paths_are_there(suite: Live) -> None:
    """Each tag, field, object and time of the example, in a message of its topic."""
    blocks = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    inputs = tomllib.loads(blocks[0])["inputs"]["mqtt_consumer"]
    with Onlooker(suite.port) as onlooker:
        for each in inputs:
            prefix = each["topics"][0].rstrip("+#")
            message: dict[str, Any] = onlooker.until(lambda p=prefix: first(onlooker, p), f"a message of {prefix}")
            for parser in each["json_v2"]:
                tables = (parser.get(kind, ()) for kind in ("tag", "field", "object"))
                paths = {item["path"] for table in tables for item in table} | {parser["timestamp_path"]}
                assert set() == paths - message.keys(), each["topics"]


def first(onlooker: Onlooker, prefix: str) -> Any:
    """Return a message below a topic, None while there is none."""
    return next((json.loads(seen[0]) for topic, seen in onlooker.seen.items() if topic.startswith(prefix)), None)
