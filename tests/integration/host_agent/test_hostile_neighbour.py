"""A neighbour at the broker, with the rights of the least user, who wants a host down, or up while its battery dies.

A real Mosquitto with the repo's ACL: what decides over a shutdown is read from topics that only their owners may write.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.suite import BrokerSettings, SuiteSettings
from tests.conftest import Require
from tests.support.agent_tree import Agent, Ups
from tests.support.brokers import MOSQUITTO, Broker
from tests.support.containers.broker import Plain, client, mosquitto

pytestmark = pytest.mark.mosquitto
SITE = "upskeep/v1/home"


class House:
    """A broker with rights, an agent in earnest, a UPS that event_processor speaks of, and the neighbour."""

    def __init__(self, port: int, folder: Path, stack: ExitStack) -> None:
        self.port, self.folder, self.stack = port, folder, stack
        self.broker = Broker(MOSQUITTO, port, folder)
        suite = SuiteSettings(broker=self.settings("event_processor"))
        self.ups = stack.enter_context(Ups(suite))
        self.neighbour: Plain = stack.enter_context(client(port, "node_red"))

    def settings(self, user: str) -> BrokerSettings:
        secret = self.folder / f"{user}.password"
        secret.write_text(f"{user}-pw")
        secret.chmod(0o600)
        return BrokerSettings(url=self.broker.settings.url, username=user, password_file=secret)

    def agent(self, **settings: Any) -> Agent:
        """Start the agent."""
        own = self.settings("host_agent")
        agent = Agent(self.folder / "agents", self.broker, **settings)
        agent.environ = {
            "UPSKEEP_SUITE__BROKER__USERNAME": "host_agent",
            "UPSKEEP_SUITE__BROKER__PASSWORD_FILE": str(own.password_file),
        }
        self.stack.callback(agent.end)
        return agent.start()

    def forge(self, topic: str, content: dict[str, Any]) -> None:
        """Publish as the neighbour, retained; the broker answers, whatever it does with it."""
        sent = self.neighbour.client.publish(f"{SITE}/{topic}", json.dumps(content), qos=1, retain=True)
        self.neighbour.spin(sent.is_published, f"an answer to {topic}")

    def forge_everything(self) -> None:
        """Say all that might decide over a shutdown, either way."""
        now = datetime.now(UTC)
        time, ends = now.isoformat(), (now + timedelta(minutes=5)).isoformat()
        for simulated, power, battery in ((True, "battery", "critical"), (False, "mains", "ok")):
            state = {"device": "ups", "time": time, "quality": "good", "power": power, "battery": battery}
            self.forge(
                "state/ups", {**state, "simulated": simulated, "values": {"forced_shutdown": power == "battery"}}
            )
        source = {"state": "online", "figures": {"source": "sim:outage"}}
        for service in ("sensor_reader", "event_processor", "node_red", "host_agent-nas"):
            self.forge(f"status/{service}", {"service": "sensor_reader", **source})
        self.forge("alert/fire/room", {"rule": "fire", "key": "room", "state": "firing", "severity": "critical",
                                       "since": time, "message": "fire", "value": 1})  # fmt: skip
        for name in ("shutdown", "cancel"):
            self.forge(f"command/host/{name}", {"id": f"evil-{name}", "target": "host", "name": name, "time": time,
                                                "expires": ends, "by": "ann", "data": {"reason": "evil"}})  # fmt: skip


@pytest.fixture
def house(tmp_path: Path, require: Require) -> Iterator[House]:
    require.program("mosquitto_passwd")
    with ExitStack() as stack:
        users = ("event_processor", "host_agent", "node_red")
        port = stack.enter_context(mosquitto(require.program("mosquitto"), tmp_path, users))
        yield House(port, tmp_path, stack)


def test_nothing_that_a_neighbour_says_shuts_a_host_down(house: House) -> None:
    """Neither a state, nor an alert that would, nor a command; the agent hears none of it."""
    agent = house.agent(delay_s=0.2, dead_time_s=120.0, stale_after_s=60.0, policies={"alerts": ["fire"]})
    house.ups.says("mains")
    house.forge_everything()
    house.ups.says("battery")
    agent.logs("watching → warned")
    house.forge_everything()
    house.ups.says("mains")
    agent.logs("warned → watching")

    assert [] == agent.offs
    assert "evil" not in agent.log
    assert "fire" not in agent.log


def test_nothing_that_a_neighbour_says_keeps_a_host_up(house: House) -> None:
    """Mains, a simulation, a cancel: the real outage ends in the real command."""
    agent = house.agent(delay_s=1.5)
    house.forge_everything()
    house.ups.says("battery", "critical")
    agent.logs("→ counting_down")
    house.forge_everything()
    agent.goes_off()

    assert "dry run" not in agent.log
