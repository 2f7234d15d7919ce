"""``upskeep why shutdown`` at a real agent."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result

from tests.support.agent_tree import Agent, Ups
from tests.support.brokers import Broker
from tests.support.service_process import ROOT
from upskeep.cli import cli

pytestmark = pytest.mark.mosquitto


def test_it_says_what_a_dry_run_decided_and_what_holds_it_up(
    agent: Callable[..., Agent], ups: Ups, broker: Broker
) -> None:
    """Of an agent that decided it and ran nothing; and of another host that is not there."""

    def why(host: str) -> Result:
        place = ["--broker", broker.settings.url, "--config", str(ROOT / "config")]
        return CliRunner().invoke(cli, ["why", "shutdown", "--host", host, *place], env={"COLUMNS": "200"})

    host = agent(dry_run=True, delay_s=0.5)
    ups.says("battery", "critical")
    host.logs("acting → done")
    said = why("host")

    assert (0, []) == (said.exit_code, host.offs)
    assert "the host agent is done: ups: the battery is critical" in said.output
    assert "held up by dry_run is on: everything is only said, nothing is done" in said.output
    assert (1, True) == (why("nas").exit_code, "host_agent-nas is not at this broker" in why("nas").output)
