"""The whole suite, live, against the same recordings run through the same code without a broker."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from tests.support import outages
from tests.support.brokers import free_port
from tests.support.live_suite import APPLIED, CONFIG, DEADLINE_S, Live, backtest, command, own_config, play, upskeep

HEADER = "time,battery_voltage,ac_present\n"


def test_the_live_run_of_a_recording_says_what_backtest_says(tmp_path, live, broker_kind):
    """Bit for bit, and it is what the recording was made to hold."""
    recording = outages.write(tmp_path / "outages.csv")

    run = live(play, [recording], broker_kind)
    told = run.result()

    assert backtest(recording) == told
    assert outages.ROWS == run.figure("counter_store", APPLIED), "the ledgers are not in the folder that was named"
    assert outages.EXPECTED == json.loads(told)["events"]
    assert outages.ROWS == json.loads(told)["frames"]


@pytest.mark.recordings
def test_the_live_run_of_a_real_discharge_is_one_low_battery(recording, live, broker_kind):
    """27 crossings of 3.6 V per cell in the recording, one event."""
    discharge = recording("ups_hat_discharge_2021.csv")

    told = live(play, [discharge], broker_kind).result()

    assert backtest(discharge) == told
    assert {"BATTERY_LOW": 1} == json.loads(told)["events"]


def test_a_second_run_over_the_same_data_adds_nothing(tmp_path):
    """The recording is played to its end, and stays so; the counters are told again from the ledger."""
    recording = outages.write(tmp_path / "outages.csv", outages=3)
    first = play(tmp_path, [recording], "embedded").result()
    again = play(tmp_path, [recording], "embedded")

    assert first == again.result()
    assert 2 == len((again.data / "broker" / "broker.log").read_text().splitlines()), "it logs what passes"


def test_a_row_that_is_not_right_is_set_aside_and_the_rest_counts(tmp_path, live):
    """The dead letter names file, line and what was found."""
    recording = outages.write(tmp_path / "outages.csv", outages=2)
    lines = recording.read_text().splitlines()
    lines[20] = "yesterday,4.10,true"
    recording.write_text("\n".join(lines) + "\n")

    run = live(play, [recording], "embedded")

    played = upskeep("backtest", "--config", CONFIG, recording)
    refused = f"{recording}:21: time: not a time (got 'yesterday')"
    assert played.stdout == run.result()
    assert refused in run.log("sensor_reader")
    assert 3 == played.returncode
    told, reason = played.stderr.splitlines()
    assert f"{len(lines) - 2} rows played, 1 refused" == told
    assert reason.startswith(f"  {refused}")


def test_two_backtests_give_the_same_bytes(tmp_path):
    """What is printed, and what is written with --out."""
    recording = outages.write(tmp_path / "outages.csv")
    first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"

    assert backtest(recording, out=first) == backtest(recording, out=second)

    assert first.read_bytes() == second.read_bytes()
    assert outages.EVENTS == len(first.read_text().splitlines())


def test_a_simulated_outage_ends_after_its_cycle_with_the_events_it_is_made_of(live, broker_kind):
    """One loss and one return of the mains, one drained battery; the UPS's own start is told as well."""
    run = live(_simulate, broker_kind)

    events = run.outcome()["events"]

    assert {"AC_POWER_LOSS": 1, "AC_POWER_RESTORED": 1, "SYSTEM_STARTUP": 1} == {
        name: events.get(name) for name in ("AC_POWER_LOSS", "AC_POWER_RESTORED", "SYSTEM_STARTUP")
    }


def test_a_busy_port_is_said_in_one_sentence(tmp_path, start_broker):
    """No traceback: which port, and what to do."""
    taken = start_broker("embedded")

    run = Live(tmp_path, "--source", "sim", broker="embedded", port=taken.port)

    assert 1 == run.runner.wait(DEADLINE_S)
    expected = f"upskeep: port {taken.port} is taken: if a broker runs there, use it with --broker mqtt://localhost:"
    assert expected in run.output()


def test_a_broker_that_is_none_is_said(tmp_path):
    """A slip of the pen must not start another kind in silence."""
    run = Live(tmp_path, broker="mosquitoo")

    assert 1 == run.runner.wait(DEADLINE_S)
    assert "upskeep: no broker 'mosquitoo': must be auto, mosquitto, embedded or a URL like mqtt://" in run.output()


def test_wrong_settings_are_all_said_before_anything_starts(tmp_path):
    """`check` and `run` print every fault of every file with its line, and exit 2."""
    config = own_config(tmp_path)
    suite = config / "suite.yaml"
    suite.write_text(suite.read_text().replace("site: home", "sight: home"))
    counters = config / "event_counters.yaml"
    broken = counters.read_text().replace("hourly: 5\n", "hourly: five\n")
    counters.write_text(broken)
    line = broken.partition("hourly: five")[0].count("\n") + 1
    expected = (
        "the configuration cannot be used:\n"
        f"{suite}:3: sight: unknown key; did you mean 'site'?\n"
        f"{counters}:{line}: alert_thresholds.I2C_ERROR.hourly: Input should be a valid integer (got 'five')\n"
    )

    checked = upskeep("check", "--config", config)
    run = upskeep("run", "--config", config, "--data", tmp_path / "data")

    assert (2, "", expected) == (checked.returncode, checked.stdout, checked.stderr)
    assert (2, "", expected) == (run.returncode, run.stdout, run.stderr)
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("--speed", "fast", "speed: must be a number above 0, or max (got 'fast')"),
        (
            "--source",
            "sim:outrage",
            "sensor_reader: source: source 'sim:outrage': no such scenario; did you mean 'outage'?",
        ),
        ("--source", "recording:no.csv", "sensor_reader: source: no.csv: cannot be read: No such file or directory"),
        (
            "--source",
            "i2d",
            "sensor_reader: source: source 'i2d': must be auto, i2c, sim:SCENARIO or recording:FILE[,FILE…]",
        ),
    ],
)
def test_a_wrong_option_is_said_and_ends_the_run(tmp_path, option, value, expected):
    """Exit 2, the fault in words, no traceback."""
    run = Live(tmp_path, option, value, broker="embedded")

    assert 2 == run.runner.wait(DEADLINE_S), run.output()
    assert "the configuration cannot be used:\n" in run.output()
    assert expected in run.output().partition("--- sensor_reader")[0]
    assert "Traceback" not in run.output()
    assert "broker:" not in run.output()  # it is refused before anything starts


@pytest.mark.mosquitto
def test_a_second_run_at_one_broker_prints_its_own_result(tmp_path, start_broker):
    """With a data folder of its own: what the broker retains of the first run is not of the second."""
    broker = start_broker("mosquitto")
    url = f"mqtt://127.0.0.1:{broker.port}"
    results = []
    for name, count in (("first", 3), ("second", 1)):
        folder = tmp_path / name
        folder.mkdir()
        recording = outages.write(folder / "outages.csv", outages=count)
        results.append((play(folder, [recording], url).result(), backtest(recording)))

    assert results[0][0] != results[1][0]
    assert all(played == told for played, told in results)


def test_the_broker_of_suite_yaml_is_used_and_named(tmp_path, start_broker):
    """By the run and by the commands; $UPSKEEP_BROKER and --broker come first."""
    broker, config = start_broker("embedded"), own_config(tmp_path)
    suite = config / "suite.yaml"
    suite.write_text(suite.read_text().replace("mqtt://localhost:1883", f"mqtt://127.0.0.1:{broker.port}"))
    place = ("--config", config, "--source", "sim:outage", "--speed", "max", "--exit-when-done")
    environ = {"UPSKEEP_SENSOR_READER__SIMULATION__CYCLES": "1"}

    run = upskeep("run", *place, "--data", tmp_path / "data", environ=environ)
    counters = upskeep("counters", "--config", config, "--json")

    assert (0, True) == (run.returncode, f"broker: mqtt://127.0.0.1:{broker.port}" in run.stdout), run.stderr
    assert {"AC_POWER_LOSS"} <= {each["type"] for each in json.loads(counters.stdout)}


def _simulate(folder: Path, broker: str) -> Live:
    options = ("--source", "sim:outage", "--speed", "max", "--exit-when-done", "--json")
    return Live(folder, *options, broker=broker, environ={"UPSKEEP_SENSOR_READER__SIMULATION__CYCLES": "1"})


def test_a_closed_terminal_stops_the_suite(tmp_path):
    """An SSH session that ends used to leave every service and the broker behind, and the port taken."""
    port, master, slave = free_port(), *os.openpty()
    line = command("run", "--config", CONFIG, "--source", "sim:outage", "--data", tmp_path / "data", "--port", port)
    environ = os.environ | {"UPSKEEP_GATEWAY__ENABLED": "false"}
    line = [
        "env",
        "--default-signal=HUP",
        *line,
        "--broker",
        "embedded",
    ]  # who runs the tests may be deaf to it (nohup)
    run = subprocess.Popen(line, stdout=slave, stderr=slave, cwd=tmp_path, env=environ)
    os.close(slave)
    with os.fdopen(master, "rb", buffering=0) as terminal:
        seen = b""
        while b"SYSTEM_STARTUP" not in seen:
            seen += terminal.read(4096)
    run.send_signal(signal.SIGHUP)

    assert 0 == run.wait(DEADLINE_S)
    assert [] == [path.name for path in (tmp_path / "data").glob("*/ledger.sqlite.running")]
    with socket.socket() as probe, pytest.raises(ConnectionRefusedError):
        probe.connect(("127.0.0.1", port))
