"""Servers of a test's own: these tests kill them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Require
from tests.influx.influxd import FRONT, Front, InfluxServer
from tests.influx.influxd2 import InfluxServer2


@pytest.fixture
def influxd(require: Require, tmp_path: Path) -> Iterator[InfluxServer]:
    """A running InfluxDB 1.x."""
    server = InfluxServer(require.program("influxd"), tmp_path / "influxd")
    server.start()
    yield server
    server.kill()


@pytest.fixture
def v2_front(influxd: InfluxServer, require: Require) -> Iterator[Front]:
    """The v2 write API before that server."""
    require.that(FRONT.exists(), "the v2 front is not beside this checkout (../shared/tools)")
    front = Front(influxd)
    front.start()
    yield front
    front.kill()


@pytest.fixture
def influxd2(require: Require, tmp_path: Path) -> Iterator[InfluxServer2]:
    """A running InfluxDB 2.x."""
    server = InfluxServer2(require.program("influxd2"), tmp_path / "influxd2")
    server.start()
    yield server
    server.kill()


@pytest.fixture(params=["influxd", "influxd2"])
def influxdb(request: pytest.FixtureRequest) -> InfluxServer:
    """Each version in turn."""
    running: InfluxServer = request.getfixturevalue(request.param)
    return running
