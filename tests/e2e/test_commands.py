"""The commands that look at a running suite, against a broker that holds what a test has put there."""

from __future__ import annotations

import json
import select
import signal
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import IO

import pytest

from shared.messages import Alert, Counter, Message, Status
from tests.support.live_suite import DEADLINE_S, Live, backtest, command, upskeep
from tests.support.mqtt_probe import TOPICS, MqttProbe
from tests.support.waiting import until

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
COUNTERS = [
    Counter(type=name, total=total, last_hour=0, last_day=1, last_time=NOON, as_of=NOON)
    for name, total in (("AC_POWER_LOSS", 3), ("sensor.threshold.exceeded", 7))
]
ALERT = Alert(
    rule="hourly_rate",
    key="I2C_ERROR",
    state="firing",
    severity="warning",
    since=NOON,
    time=NOON,
    value=6,
    threshold=5,
    window_s=3600,
    reason="over_limit",
    message="too many",
)


@pytest.fixture
def probe(any_broker):
    """A visitor to a broker that retains two counters and an alert."""
    with MqttProbe(any_broker.port) as probe:
        for message in (*COUNTERS, ALERT):
            probe.publish(message.topic(TOPICS), message.model_dump_json().encode(), retain=True)
        yield probe


def plain(*messages: Message) -> list[object]:
    return [message.model_dump(mode="json") for message in messages]


def test_counters_and_alerts_print_what_is_retained(probe, any_broker):
    """As JSON, whole and in order of their topics; as a table without."""
    where = ("--broker", f"mqtt://127.0.0.1:{any_broker.port}")

    counters, alerts = upskeep("counters", "--json", *where), upskeep("alerts", "--json", *where)
    table = upskeep("counters", *where)

    assert (0, plain(*COUNTERS)) == (counters.returncode, json.loads(counters.stdout))
    assert (0, plain(ALERT)) == (alerts.returncode, json.loads(alerts.stdout))
    assert ["event", "sensor.threshold.exceeded", "AC_POWER_LOSS"] == [
        row.split()[0] for row in table.stdout.splitlines()
    ]


@pytest.mark.parametrize(("name", "service"), [("counters", "counter_store"), ("alerts", "alerter")])
def test_where_nothing_is_retained_it_is_said_whether_anybody_is_there(any_broker, name, service):
    """A broker without a suite is not one where nothing has happened; a program reads the same as ever."""
    where = ("--broker", f"mqtt://127.0.0.1:{any_broker.port}")
    absent = f"{service} is not online at this broker; `make run` starts the suite\n"
    there = Status(service=service, state="online", version="0", epoch="e", time=NOON)

    alone, program = upskeep(name, *where), upskeep(name, "--json", *where)
    with MqttProbe(any_broker.port) as probe:
        probe.publish(there.topic(TOPICS), there.model_dump_json().encode(), retain=True)
        idle = upskeep(name, *where)

    assert (0, f"no {name} yet\n", absent) == (alone.returncode, alone.stdout, alone.stderr)
    assert (0, "[]\n", absent) == (program.returncode, program.stdout, program.stderr)
    assert (0, f"no {name} yet\n", "") == (idle.returncode, idle.stdout, idle.stderr)


def test_a_recording_of_a_running_suite_plays_back_to_the_same_counts(live, any_broker, tmp_path):
    """Every frame of an outage is in it, once and in order; a second recording does not write over the first."""
    where = ("--broker", f"mqtt://127.0.0.1:{any_broker.port}")
    file = tmp_path / "outage.jsonl"
    recorder = subprocess.Popen(
        command("record", file, "--json", *where),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=hears_ctrl_c,  # noqa: PLW1509
    )  # fmt: skip
    assert f"recording to {file}; Ctrl-C ends it\n" == line_of(recorder.stderr)

    run = live(Live, "--source", "sim:outage", "--speed", "max", "--exit-when-done", "--json", broker=where[1])
    outcome = run.outcome()
    until(lambda: len(file.read_bytes().splitlines()) >= outcome["frames"], "the recorder has seen the last frame")
    recorder.send_signal(signal.SIGINT)
    said, complaints = recorder.communicate(timeout=DEADLINE_S)
    again = upskeep("record", file, *where)

    summary = json.loads(said)
    assert (0, "", 0, 0) == (recorder.returncode, complaints, summary["missing"], summary["unreadable"])
    assert summary["frames"] == len(file.read_text(encoding="utf-8").splitlines()) > 150
    played = json.loads(backtest(file))["counters"]
    assert 1 == played.pop("SYSTEM_SHUTDOWN")["total"]  # the run counted up before it stopped
    assert outcome["counters"] == played
    assert (2, True) == (again.returncode, f"{file} is there already" in again.stderr)


def test_a_counter_that_is_none_is_named(probe, any_broker):
    """Which topic holds something else."""
    probe.publish(TOPICS.build("counter", "broken"), b"{}", retain=True)

    shown = upskeep("counters", "--broker", f"mqtt://127.0.0.1:{any_broker.port}")

    assert 1 == shown.returncode
    assert shown.stderr.startswith("upskeep: upskeep/v1/home/counter/broken holds something else than Counter: ")


def hears_ctrl_c() -> None:
    """A test run in the background ignores SIGINT, and what it starts would too."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def line_of(stream: IO[str], again: Callable[[], object] = lambda: None) -> str:
    """Return the next line a process prints; ``again`` is done every second until there is one."""
    deadline = time.monotonic() + DEADLINE_S
    while not select.select([stream], [], [], 1.0)[0]:
        assert time.monotonic() < deadline, "nothing was printed"
        again()
    return stream.readline()


def test_tail_prints_each_message_as_it_comes(probe, any_broker):
    """With --json the topic below the site and the payload; bytes that are no text do not stop it; Ctrl-C does."""
    call = command("tail", "--json", "--broker", f"mqtt://127.0.0.1:{any_broker.port}", "event/#")
    with subprocess.Popen(
        call, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1, preexec_fn=hears_ctrl_c  # noqa: PLW1509
    ) as tail:  # fmt: skip
        first = line_of(tail.stdout, lambda: probe.publish(TOPICS.build("event", "power", "X"), b"said"))
        second = line_of(tail.stdout, lambda: probe.publish(TOPICS.build("event", "power", "Y"), b"\xff then"))
        while second == first:  # it was said again before it was heard
            second = line_of(tail.stdout, lambda: probe.publish(TOPICS.build("event", "power", "Y"), b"\xff then"))
        tail.send_signal(signal.SIGINT)
        _, complaints = tail.communicate(timeout=DEADLINE_S)

    assert ["event/power/X said\n", "event/power/Y \ufffd then\n"] == [first, second]
    assert (0, "") == (tail.returncode, complaints.strip())


def test_emit_offers_a_candidate_with_an_id_and_a_time(probe, any_broker):
    """On ingest/cli, as anybody may."""
    where = ("--broker", f"mqtt://127.0.0.1:{any_broker.port}")

    done = upskeep("emit", "BATTERY_LOW", "--device", "ups", "--data", '{"volts": 3.5}', *where)

    probe.until(lambda: probe.all("ingest", "cli"), "the offer is seen")
    offer = probe.last("ingest", "cli")
    assert f"offered BATTERY_LOW as {offer['id']}\n" == done.stdout
    assert ("BATTERY_LOW", "ups", {"volts": 3.5}) == (offer["type"], offer["device"], offer["data"])
    assert offer["time"].endswith("Z")
