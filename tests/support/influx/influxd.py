"""A real InfluxDB 1.x for tests, and the v2 write API in front of it: started, killed and started again at will.

What differs in 2.x and 3 Core is in the classes beside it.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import urllib3

from services.counter_store.settings import InfluxSettings
from tests.conftest import Require
from tests.support.brokers import free_port
from tests.support.fakes.point_store import Series, Value

HOST = "127.0.0.1"
FRONT = Path(__file__).resolve().parents[4] / "shared" / "tools" / "influxdb_v2_front.py"
TOKEN = "token-of-a-test"
Points = dict[tuple[Series, int], dict[str, Value]]


def get(url: str, credentials: Mapping[str, str] | None = None, **query: str) -> Any:
    """Return the JSON that a server answers, waiting up to ten seconds for it to come up."""
    patient = urllib3.Retry(total=100, connect=100, read=0, backoff_factor=0.01, backoff_max=0.1)
    with urllib3.PoolManager(retries=patient, headers=credentials) as pool:
        answer = pool.request("GET", url, fields=query)
    assert answer.status < 300, answer.data
    return json.loads(answer.data) if answer.data else None


@dataclass
class InfluxServer:
    """One influxd with its data under ``folder``, on a port that it keeps over restarts."""

    program: str
    folder: Path
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    @classmethod
    def find(cls, require: Require) -> str:
        """Return the program, or end the test."""
        return require.program("influxd")

    @classmethod
    @contextmanager
    def running(cls, require: Require, folder: Path, **more: Any) -> Iterator[Self]:
        """Run one for the length of a ``with``."""
        server = cls(cls.find(require), folder, **more)
        try:
            server.start()
            yield server
        finally:
            if server.process is not None:
                server.kill()

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def credentials(self) -> Mapping[str, str]:
        """The headers of a request that may do everything."""
        return {}

    def reader(self) -> Mapping[str, str]:
        """The headers of Grafana, which may read both of the suite's places and do nothing else."""
        return self.credentials  # a 1.x of these tests asks nobody who they are

    def settings(self, place: str = "upskeep", **more: object) -> InfluxSettings:
        """Return how counter_store is told of this server and a place in it."""
        given = {"enabled": True, "api": "v1", "url": self.url, "database": place, "timeout_s": 5}
        return InfluxSettings.model_validate(given | more)

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.port = self.port or free_port()
        environ = {
            "INFLUXDB_HTTP_BIND_ADDRESS": f"{HOST}:{self.port}",
            "INFLUXDB_BIND_ADDRESS": f"{HOST}:{free_port()}",
            "INFLUXDB_META_DIR": str(self.folder / "meta"),
            "INFLUXDB_DATA_DIR": str(self.folder / "data"),
            "INFLUXDB_DATA_WAL_DIR": str(self.folder / "wal"),
            "INFLUXDB_REPORTING_DISABLED": "true",
            "INFLUXDB_MONITOR_STORE_ENABLED": "false",
        }
        command = [self.program, "run", "-config", os.devnull]
        self.process = subprocess.Popen(
            command, env=os.environ | environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        get(f"{self.url}/ping")

    def keeps_s(self, place: str) -> int:
        """How many seconds a place keeps what it holds; 0 is for ever."""
        (found,) = self.query(place, f'SHOW RETENTION POLICIES ON "{place}"')
        policies = [dict(zip(found["columns"], row, strict=True)) for row in found["values"]]
        (kept,) = (policy["duration"] for policy in policies if policy["default"])
        hours, minutes, seconds = re.fullmatch(r"(?:(\d+)h)?(?:(\d+)m)?(\d+)s", kept).groups("0")  # type: ignore[union-attr]
        return int(hours) * 3600 + int(minutes) * 60 + int(seconds)

    def quarrel(self, field: str) -> str:
        """What is said of a text where the field was a number before."""
        return f'field type conflict: input field "{field}"'

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def query(self, database: str, text: str, credentials: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
        """Return the series that InfluxQL finds, as somebody who may do everything, or with the given headers."""
        answer = get(f"{self.url}/query", credentials or self.credentials, db=database, q=text, epoch="ns")
        series: list[dict[str, Any]] = answer["results"][0].get("series", [])
        return series

    def points(self, database: str, measurement: str) -> Points:
        """Return all points of a measurement; a whole float comes back as an int, which is equal."""
        found: Points = {}
        for series in self.query(database, f'SELECT * FROM "{measurement}" GROUP BY *'):  # noqa: S608
            tags = tuple(sorted((key, value) for key, value in series.get("tags", {}).items() if value))
            for time_ns, *values in series["values"]:
                fields = dict(zip(series["columns"][1:], values, strict=True))
                found[(measurement, tags), time_ns] = {k: v for k, v in fields.items() if v is not None}
        return found


@dataclass
class Front:
    """The v2 write API before a real 1.x engine."""

    server: InfluxServer
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    @classmethod
    @contextmanager
    def before(cls, server: InfluxServer, require: Require) -> Iterator[Self]:
        """Run it for the length of a ``with``."""
        require.that(FRONT.exists(), "the v2 front is not beside this checkout (../shared/tools)")
        front = cls(server)
        front.start()
        try:
            yield front
        finally:
            front.kill()

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.port = free_port()
        command = [sys.executable, str(FRONT), str(self.port), str(self.server.port), TOKEN]
        self.process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        get(f"{self.url}/health")

    def kill(self) -> None:
        """End it."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()
