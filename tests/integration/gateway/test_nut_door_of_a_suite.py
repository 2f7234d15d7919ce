"""`upskeep run --nut-port`: the whole suite behind the door, through an outage, with services killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Require
from tests.support.brokers import free_port
from tests.support.live_suite import Live
from tests.support.nut.upsmon import upsc

pytestmark = pytest.mark.mosquitto


@pytest.fixture
def port() -> int:
    """The door's port."""
    return free_port()


@pytest.fixture
def suite(tmp_path: Path, port: int, require: Require) -> Iterator[Live]:
    """A suite that plays an outage of 75 s, at five times the speed."""
    require.program("upsc")
    environ = {"UPSKEEP_GATEWAY__ENABLED": "true", "UPSKEEP_GATEWAY__HTTP__PORT": "0"}
    environ |= {"UPSKEEP_GATEWAY__NUT__MAX_AGE_S": "4"}
    options = ("--source", "sim:outage", "--speed", "5", "--nut-port", port)
    live = Live(tmp_path, *options, broker="mosquitto", environ=environ)
    yield live
    live.stop()


def test_an_outage_shows_and_dead_services_make_data_stale(suite: Live, port: int) -> None:
    """On line, on battery; a processor that hangs, a gateway that is killed; on line again."""
    where = f"ups@127.0.0.1:{port}"

    def status() -> str:
        return upsc(where, "ups.status")

    suite.until(lambda: status().startswith("OL"), "the UPS is on line")
    assert "(simulated)" in upsc("-L", f"127.0.0.1:{port}")
    suite.until(lambda: status().startswith("OB"), "the mains have gone")
    suite.until(lambda: upsc(where, "battery.charge").replace(".", "", 1).isdecimal(), "its charge is there")

    hanging = suite.pid("services.event_processor")
    assert hanging is not None
    os.kill(hanging, signal.SIGSTOP)
    suite.until(lambda: status() == "Error: Data stale", "nothing is told while event_processor hangs")
    os.kill(hanging, signal.SIGCONT)
    suite.until(lambda: status().startswith("O"), "it goes on")

    suite.kill("services.gateway")
    suite.until(lambda: status().startswith("O"), "the door is open again")
    suite.kill("services.sensor_reader")
    suite.until(lambda: status().startswith("OL"), "the mains are back")
