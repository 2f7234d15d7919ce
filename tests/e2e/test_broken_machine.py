"""A machine that is not as it should be: no bus, no space, no right password. Said clearly, and survived."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NoReturn

import pytest

from tests.support import outages, processes
from tests.support.brokers import MOSQUITTO
from tests.support.live_suite import APPLIED, CONFIG, ROOT, SERVICES, Live, backtest, data_folder, play
from tests.support.mqtt_probe import TOPICS, MqttProbe

TIGHT = {"UPSKEEP_SUITE__DELIVERY__WINDOW": "200", "UPSKEEP_SUITE__DELIVERY__BATCH": "50"}


@pytest.fixture
def small_disk(request, tmp_path, require) -> Iterator[Path]:
    """A disk of 16 MiB where a service keeps its ledger."""
    require.root()
    folder = data_folder(tmp_path) / request.param
    folder.mkdir(parents=True)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", folder], check=False)
    require.that(mounted.returncode == 0, "may not mount a file system here")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def fill(path: Path) -> None:
    """Write until there is no space left."""
    with path.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space left on device"):
        write_for_ever(file)


def write_for_ever(file: IO[bytes]) -> NoReturn:
    while True:
        file.write(bytes(4096))


@pytest.mark.parametrize("small_disk", SERVICES, indirect=True)
def test_a_full_disk_stops_one_service_until_there_is_space_and_costs_nothing(tmp_path, small_disk, start_broker):
    """Exit 74 with the file's name, tried again and again; the others run on; afterwards every count is exact."""
    service = small_disk.name
    broker = start_broker("embedded")
    recording = outages.write(tmp_path / "outages.csv")
    run = play(tmp_path, [recording], f"mqtt://127.0.0.1:{broker.port}", environ=TIGHT)
    try:
        run.until(lambda: run.figure("counter_store", APPLIED) >= 300, "the store is at its work")
        others = {name: pid for name, pid in run.service_pids().items() if name != service}

        fill(small_disk / "filler")
        run.until(lambda: run.log(service).count("CRITICAL") >= 2, "it has ended, and failed again")
        with MqttProbe(broker.port) as probe:
            probe.publish(TOPICS.build("ingest", "test"), json.dumps({"type": "device.error", "id": "1"}).encode())
            if service != "event_processor":
                probe.until(lambda: probe.all("event", "device", "error"), "the others run on")
        assert others == {name: run.service_pids()[name] for name in others}
        said = [line for line in run.log(service).splitlines() if "CRITICAL" in line]
        assert all(str(small_disk / "ledger.sqlite") in line for line in said)
        assert "database or disk is full: free some space on that disk" in said[0]
        assert "Traceback" not in run.log(service)

        (small_disk / "filler").unlink()
        told = run.outcome()
    finally:
        run.stop()
    assert {**outages.EXPECTED, "device.error": 1} == told["events"]
    assert json.loads(backtest(recording))["alerts"] == told["alerts"]


def test_a_bus_that_is_missing_is_an_event_and_the_rest_runs(tmp_path, start_broker, require):
    """Each poll says what it found; the processor's own temperature, on no bus, is still read."""
    require.that(not list(Path("/dev").glob("i2c-*")), "needs a machine without an I2C bus")
    broker = start_broker("embedded")
    run = Live(tmp_path, "--source", "i2c", broker=f"mqtt://127.0.0.1:{broker.port}")
    try:
        with MqttProbe(broker.port) as probe:
            probe.until(lambda: probe.last("counter", "I2C_ERROR").get("total", 0) >= 2, "failed polls are counted")
            frame = probe.until(lambda: probe.last("raw", "ups"), "a poll is seen")
            probe.until(
                lambda: all(probe.last("status", name).get("state") == "online" for name in SERVICES), "all are online"
            )
    finally:
        code = run.stop()

    assert "bad" == frame["quality"]
    assert "/dev/i2c-1" in frame["errors"][0]["detail"]
    assert "/dev/i2c-1" in run.log("sensor_reader")
    assert 0 == code


@pytest.mark.mosquitto
def test_a_wrong_password_is_said_and_a_corrected_one_taken_up(tmp_path, start_broker, require):
    """The log names user and file, the service keeps trying, and `--healthy` tells the two apart."""
    passwords, mine, log = tmp_path / "passwd", tmp_path / "mine", tmp_path / "alerter.log"
    program = require.program("mosquitto_passwd")
    subprocess.run([program, "-b", "-c", passwords, "alerter", "right"], check=True)
    passwords.chmod(0o644)
    mine.write_text("wrong\n")
    broker = start_broker(MOSQUITTO, f"password_file {passwords}")
    environ = {
        **os.environ,
        "TMPDIR": str(tmp_path),  # where it leaves its sign of health
        "UPSKEEP_CONFIG": str(CONFIG),
        "UPSKEEP_SUITE__DATA": str(tmp_path),
        "UPSKEEP_SUITE__BROKER__URL": f"mqtt://127.0.0.1:{broker.port}",
        "UPSKEEP_SUITE__BROKER__USERNAME": "alerter",
        "UPSKEEP_SUITE__BROKER__PASSWORD_FILE": str(mine),
    }
    command = [sys.executable, "-m", "services.alerter"]

    def healthy() -> bool:
        done = processes.run([*command, "--healthy"], env=environ, cwd=ROOT, capture_output=True, check=False)
        return done.returncode == 0

    with log.open("wb") as out, processes.Popen(command, env=environ, stderr=out, cwd=ROOT) as service:
        try:
            _until(service, lambda: "refuses alerter" in log.read_text())
            assert f"check the password in {mine}" in log.read_text()
            assert not healthy()

            mine.write_text("right\n")

            _until(service, lambda: "connected to mqtt://" in log.read_text())
            _until(service, healthy)
        finally:
            service.terminate()
    assert 0 == service.returncode


def _until(process: subprocess.Popen[bytes], holds: object) -> None:
    for _ in range(900):
        if holds():  # type: ignore[operator]
            return
        try:
            process.wait(0.1)
        except subprocess.TimeoutExpired:
            continue
        raise AssertionError("the service ended")
    raise AssertionError("not within 90 s")
