"""A house on a real Mosquitto: agents started by the test, and a UPS that says what the test wants."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.suite import SuiteSettings
from tests.support.agent_tree import Agent, Ups
from tests.support.brokers import Broker


@pytest.fixture
def broker(start_broker: Callable[..., Broker]) -> Broker:
    """A running Mosquitto."""
    return start_broker()


@pytest.fixture
def ups(broker: Broker) -> Iterator[Ups]:
    """A UPS on the broker, silent at first; somebody who makes events is said to be there."""
    with Ups(SuiteSettings(broker=broker.settings)) as talking:
        maker = {"service": "event_processor", "state": "online", "streams": {"event": {"floor": 1, "head": 0}}}
        talking.publish("status/event_processor", maker)
        yield talking


@pytest.fixture
def agent(broker: Broker, tmp_path: Path) -> Iterator[Callable[..., Agent]]:
    """Return a function that starts an agent; all are ended afterwards."""
    agents: list[Agent] = []

    def make(name: str = "host", **settings: Any) -> Agent:
        agents.append(Agent(tmp_path, broker, name, **settings))
        return agents[-1].start()

    yield make
    for each in agents:
        each.end()
