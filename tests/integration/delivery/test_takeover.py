"""Two processes under one name at a real broker: the first one stays, the second one ends with a sentence."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shared.delivery import takeover
from shared.delivery.takeover import NameInUseError
from shared.suite import BrokerSettings
from tests.support.brokers import EMBEDDED, MOSQUITTO, Broker
from tests.support.delivery_nodes import Node, consumer, producer, turn_until

STEADY_S = 1.0
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
