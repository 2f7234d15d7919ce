"""Two processes under one name at a real broker: the first one stays, the second one ends with a sentence."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shared.delivery import takeover
from shared.delivery.takeover import NameInUseError
from shared.process import EXIT_NAME_IN_USE
from shared.suite import BrokerSettings
from tests.support import processes
from tests.support.brokers import EMBEDDED, MOSQUITTO, Broker
from tests.support.delivery_nodes import Node, consumer, producer, turn_until

ROOT = Path(__file__).parents[3]
STEADY_S = 1.0
DEADLINE_S = 120.0  # of whole processes, on a machine that has much else to do
SENTENCE = "another process at this broker is called sensor_reader and was there first: stop one of the two"
KINDS = [
    pytest.param((MOSQUITTO, "auto"), marks=pytest.mark.mosquitto, id="mosquitto-5"),
    pytest.param((MOSQUITTO, "3.1.1"), marks=pytest.mark.mosquitto, id="mosquitto-3.1.1"),
    pytest.param((EMBEDDED, "auto"), id="embedded"),
]


@pytest.fixture(params=KINDS)
def settings(request: pytest.FixtureRequest, start_broker: Callable[..., Broker]) -> BrokerSettings:
    kind, protocol = request.param
    broker = start_broker(kind, "allow_anonymous true" if kind == MOSQUITTO else "")
    return broker.settings.model_copy(update={"protocol": protocol})


@pytest.fixture
def make(tmp_path: Path, settings: BrokerSettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Node]]:
    """Return a function that makes a reader or a consumer, each on a disk of its own."""
    monkeypatch.setattr(takeover, "STEADY_S", STEADY_S)
    nodes: list[Node] = []

    def build(how: Callable[..., Node], *arguments: object) -> Node:
        folder = tmp_path / str(len(nodes))
        folder.mkdir()
        nodes.append(how(folder, settings, *arguments))
        return nodes[-1]

    yield build
    for node in nodes:
        node.stop()


def steady(*nodes: Node) -> None:
    """Let nodes be connected for long enough to belong there."""
    turn_until(nodes, lambda: all(node.endpoint and node.endpoint.connected for node in nodes), "all are connected")
    until = time.monotonic() + 2 * STEADY_S
    turn_until(nodes, lambda: time.monotonic() > until, "time passes")


def test_a_second_process_under_a_name_in_use_ends_and_costs_the_first_nothing(make: Callable[..., Node]) -> None:
    """What the first one emits meanwhile and afterwards is applied once and in order."""
    first, taker = make(producer, ("event_processor",)), make(consumer, "event_processor")
    steady(first, taker)
    first.emit(50)
    second = make(producer, ("event_processor",))

    with pytest.raises(NameInUseError, match=SENTENCE):
        turn_until([second, first, taker], lambda: False, "the newcomer ends")
    second.endpoint = None  # the process has ended
    first.emit(50)
    turn_until([first, taker], lambda: len(taker.noted) >= 100, "all is applied")

    assert list(range(1, 101)) == taker.noted
    assert first.endpoint is not None
    assert first.endpoint.connected


def test_a_process_that_starts_again_after_a_kill_is_no_second_one(make: Callable[..., Node]) -> None:
    """The broker still holds the connection of the one that died, or its last status."""
    first, taker = make(producer, ("event_processor",)), make(consumer, "event_processor")
    steady(first, taker)
    for _ in range(3):
        assert first.endpoint is not None
        first.endpoint.client._closing.set()  # it dies: nothing of it connects again
        first.endpoint.ledger.close()
        first.start()
        first.emit(10)
        turn_until([first, taker], lambda: first.endpoint.lag("raw") == 0, "all is applied")

    assert list(range(1, 31)) == taker.noted


def connects(first: subprocess.Popen[bytes], command: list[str], environ: dict[str, str]) -> None:
    """Wait until a service is connected; its own ``--healthy`` says so."""
    deadline = time.monotonic() + DEADLINE_S
    while processes.run(
        [*command, "--healthy"], cwd=ROOT, env=environ, check=False, stderr=subprocess.DEVNULL, timeout=DEADLINE_S
    ).returncode:
        assert first.poll() is None, f"it ended with {first.returncode}"
        assert time.monotonic() < deadline, f"not connected within {DEADLINE_S} s"
        time.sleep(0.1)


def test_the_newcomer_ends_with_an_exit_code_of_its_own(tmp_path: Path, settings: BrokerSettings) -> None:
    """And with one sentence; the runner stops on it (``upskeep.runner.supervisor``)."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("UPSKEEP_")}
    environ = kept | {
        "TMPDIR": str(tmp_path),
        "UPSKEEP_CONFIG": str(ROOT / "config"),
        "UPSKEEP_SUITE__BROKER__URL": settings.url,
        "UPSKEEP_SUITE__BROKER__PROTOCOL": settings.protocol,
    }
    command = [sys.executable, "-m", "services.alerter"]
    there = environ | {"UPSKEEP_SUITE__DATA": str(tmp_path / "a")}
    first = processes.Popen(command, cwd=ROOT, env=there, stderr=subprocess.DEVNULL)
    try:
        connects(first, command, there)
        time.sleep(takeover.STEADY_S + 3)  # a connection that stands belongs there after STEADY_S, and tells nobody
        second = processes.run(
            command,
            cwd=ROOT,
            env=environ | {"UPSKEEP_SUITE__DATA": str(tmp_path / "b")},
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            check=False,
        )
        assert first.poll() is None
    finally:
        first.terminate()
        first.wait(DEADLINE_S)

    assert EXIT_NAME_IN_USE == second.returncode, second.stderr
    assert "CRITICAL alerter: another process at this broker is called alerter and was there first" in second.stderr
    assert "Traceback" not in second.stderr
