"""Servers of a test's own: these tests kill them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Require
from tests.support.influx.influxd import Front, InfluxServer
from tests.support.influx.influxd2 import InfluxServer2
from tests.support.influx.influxdb3 import Influx3
from tests.support.influx.versions import VERSIONS


@pytest.fixture
def influxd(require: Require, tmp_path: Path) -> Iterator[InfluxServer]:
    """A running InfluxDB 1.x."""
    with InfluxServer.running(require, tmp_path / "influxd") as server:
        yield server


@pytest.fixture
def v2_front(influxd: InfluxServer, require: Require) -> Iterator[Front]:
    """The v2 write API before that server."""
    with Front.before(influxd, require) as front:
        yield front


@pytest.fixture
def influxd2(require: Require, tmp_path: Path) -> Iterator[InfluxServer2]:
    """A running InfluxDB 2.x."""
    with InfluxServer2.running(require, tmp_path / "influxd2") as server:
        yield server


@pytest.fixture
def influxdb3(require: Require, tmp_path: Path) -> Iterator[Influx3]:
    """A running InfluxDB 3 Core, where one is named."""
    with Influx3.running(require, tmp_path / "influxdb3") as server:
        yield server


@pytest.fixture(params=VERSIONS)
def influxdb(request: pytest.FixtureRequest) -> InfluxServer:
    """Each version in turn."""
    running: InfluxServer = request.getfixturevalue(request.param)
    return running
