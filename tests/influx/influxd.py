"""A real InfluxDB 1.x for tests, and the v2 write API in front of it: started, killed and started again at will."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3

from services.counter_store.settings import InfluxSettings
from tests.brokers import free_port
from tests.fakes.point_store import Series, Value

HOST = "127.0.0.1"
FRONT = Path(__file__).resolve().parents[3] / "shared" / "tools" / "influxdb_v2_front.py"
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
