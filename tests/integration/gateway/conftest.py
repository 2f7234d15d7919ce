"""A broker, somebody who hears and says everything on it, and the gateway there."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Require
from tests.support.brokers import Broker
from tests.support.mqtt_probe import MqttProbe
from tests.support.running_gateway import RunningGateway, gateway_at


@pytest.fixture
def broker(start_broker: Callable[..., Broker]) -> Broker:
    """A running broker."""
    return start_broker()


@pytest.fixture
def probe(broker: Broker) -> Iterator[MqttProbe]:
    """Somebody who hears and says everything."""
    with MqttProbe(broker.port) as probe:
        yield probe


@pytest.fixture
def gateway(probe: MqttProbe, broker: Broker, tmp_path: Path) -> Iterator[RunningGateway]:
    """A gateway that is open to this machine, without a login."""
    with gateway_at(probe, tmp_path, broker.port) as running:
        # what is published from here on is heard as it comes; of what the broker has kept the age is judged
        running.until(lambda: running.get("/api/overview").json()["connected"], "it has subscribed")
        yield running


@pytest.fixture
def locked(probe: MqttProbe, broker: Broker, tmp_path: Path) -> Iterator[RunningGateway]:
    """A gateway with the password ``correct horse`` and the token ``token-of-a-test``."""
    (tmp_path / "password").write_text("correct horse\n")
    (tmp_path / "token").write_text("token-of-a-test\n")
    environ = {
        "UPSKEEP_GATEWAY__HTTP__PASSWORD_FILE": str(tmp_path / "password"),
        "UPSKEEP_GATEWAY__HTTP__TOKEN_FILE": str(tmp_path / "token"),
    }
    with gateway_at(probe, tmp_path, broker.port, environ) as running:
        yield running


@pytest.fixture(scope="module")
def browser(require: Require) -> Iterator[Any]:
    """A Chromium without a window. Each test has a context of its own in it."""
    program = require.program("chromium")
    api = require.module("playwright.sync_api")
    with api.sync_playwright() as playwright:
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        chromium = playwright.chromium.launch(executable_path=program, args=sandbox)
        yield chromium
        chromium.close()
