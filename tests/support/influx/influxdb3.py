"""A real InfluxDB 3 Core for tests, with an administrator's token of its own, on loopback, telling nobody.

The program is named by ``UPSKEEP_INFLUXDB3``, else it is ``influxdb3`` on the path. It cannot be had from a package
registry, so these tests are not demanded where skipping is forbidden.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
import urllib3

from services.counter_store.settings import InfluxSettings
from tests.conftest import Require
from tests.support.brokers import free_port
from tests.support.influx.influxd import HOST, InfluxServer

PATIENT = urllib3.Retry(total=1200, connect=1200, read=0, backoff_factor=0.1, backoff_max=0.1)  # two minutes
ENVIRON = {
    "INFLUXDB3_TELEMETRY_DISABLE_UPLOAD": "true",
    "INFLUXDB3_WAL_FLUSH_INTERVAL": "10ms",  # every write waits for it; 1 s by default
    "RUST_MIN_STACK": str(16 << 20),  # a build without optimisation needs more than 2 MiB to plan a query
}


@dataclass
class Influx3(InfluxServer):
    """One server with its data under ``folder``; ``words`` are added to its command line at its next start."""

    token: str = ""
    words: tuple[str, ...] = ()

    @classmethod
    def find(cls, require: Require) -> str:  # noqa: ARG003 - never demanded
        found = os.environ.get("UPSKEEP_INFLUXDB3") or shutil.which("influxdb3")
        return found or pytest.skip("influxdb3 is neither named by UPSKEEP_INFLUXDB3 nor installed; no registry has it")

    @property
    def credentials(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    def start(self) -> None:
        """Start it, wait until it answers, and at first have the token made."""
        self.port = self.port or free_port()
        self.folder.mkdir(parents=True, exist_ok=True)
        given = {"--node-id": "n", "--object-store": "file", "--data-dir": str(self.folder / "data")}
        given["--http-bind"] = f"{HOST}:{self.port}"
        command = [self.program, "serve", *(word for pair in given.items() for word in pair), *self.words]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, env=os.environ | ENVIRON, stdout=log, stderr=log)
        self.request("GET", "/ping")  # without a token a 401, which is an answer
        if not self.token:
            made = self.request("POST", "/api/v3/configure/token/admin")
            self.token = json.loads(made.data)["token"]

    def settings(self, place: str = "upskeep", **more: object) -> InfluxSettings:
        """For its v2 API, and with ``api`` for the older one, whose password is the token too: both are in a file."""
        file = self.folder / "token"
        file.write_text(self.token)
        given = {"enabled": True, "url": self.url, "org": "home", "bucket": place, "token_file": file}
        given |= {"database": place, "username": "anybody", "password_file": file}
        return InfluxSettings.model_validate(given | more)

    def reader(self) -> Mapping[str, str]:
        """The headers of a Grafana: any user, and the token for a password. Core has no token that may only read."""
        return urllib3.make_headers(basic_auth=f"grafana:{self.token}")

    def query(self, database: str, text: str, credentials: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
        """Return the series that InfluxQL finds, with the token or the given headers."""
        answer = self.request("GET", "/query", credentials, db=database, q=text, epoch="ns")
        assert answer.status == 200, answer.data
        (result,) = json.loads(answer.data)["results"]
        assert "error" not in result, result
        series: list[dict[str, Any]] = result.get("series", [])
        return series

    def forget(self, *databases: str) -> None:
        """Delete what a test has made: 3 Core holds five databases and no more."""
        for name in databases:
            self.request("DELETE", "/api/v3/configure/database", db=name)

    def quarrel(self, field: str) -> str:
        return f"parse failed: invalid column type for column '{field}'"

    def request(
        self, method: str, path: str, credentials: Mapping[str, str] | None = None, **query: str
    ) -> urllib3.BaseHTTPResponse:
        """Return the answer, whatever its status, waiting for the server to come up."""
        headers = credentials or self.credentials
        with urllib3.PoolManager(retries=PATIENT) as pool:
            return pool.request(method, f"{self.url}{path}", fields=query or None, headers=headers)
