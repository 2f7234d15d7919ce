"""A broker, somebody who hears and says everything on it, and the gateway there."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Require
from tests.support.brokers import MOSQUITTO, Broker, free_port
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
    with gateway_at(probe, tmp_path, broker.port, secrets_in(tmp_path)) as running:
        yield running


def secrets_in(folder: Path) -> dict[str, str]:
    """Write the password and the token into files; returns the settings that name them."""
    (folder / "password").write_text("correct horse\n")
    (folder / "token").write_text("token-of-a-test\n")
    return {
        "UPSKEEP_GATEWAY__HTTP__PASSWORD_FILE": str(folder / "password"),
        "UPSKEEP_GATEWAY__HTTP__TOKEN_FILE": str(folder / "token"),
    }


@contextmanager
def gateway_of_its_own(require: Require, folder: Path, environ: Mapping[str, str]) -> Iterator[RunningGateway]:
    """Start a broker and a gateway there."""
    require.program("mosquitto")
    broker = Broker(MOSQUITTO, free_port(), folder / "broker")
    broker.start()
    try:
        with MqttProbe(broker.port) as probe, gateway_at(probe, folder, broker.port, environ) as running:
            yield running
    finally:
        broker.stop()


@pytest.fixture(scope="module")
def shared(require: Require, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """A gateway without a login for those tests of a file that change nothing of it."""
    with gateway_of_its_own(require, tmp_path_factory.mktemp("shared"), {}) as running:
        yield running


@pytest.fixture(scope="module")
def shared_locked(require: Require, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """One like ``locked``, for those that give no wrong password either."""
    folder = tmp_path_factory.mktemp("locked")
    with gateway_of_its_own(require, folder, secrets_in(folder)) as running:
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
