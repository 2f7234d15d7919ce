"""A real InfluxDB 2.x for tests, as its own API and through the 1.x compatibility that InfluxQL comes by."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import urllib3

from services.counter_store.settings import InfluxSettings
from tests.conftest import Require
from tests.support.brokers import free_port
from tests.support.influx.influxd import HOST, TOKEN, InfluxServer, get

ORG = "home"


@dataclass
class InfluxServer2(InfluxServer):
    """One influxd 2 with its data under ``folder``; its first start makes an organization and an administrator."""

    @classmethod
    def find(cls, require: Require) -> str:
        return require.program("influxd2")

    @property
    def credentials(self) -> Mapping[str, str]:
        return {"Authorization": f"Token {TOKEN}"}

    def settings(self, place: str = "upskeep", **more: object) -> InfluxSettings:
        """As for 1.x; the administrator's token is in a file."""
        file = self.folder / "token"
        file.write_text(TOKEN + "\n")
        given = {"enabled": True, "api": "v2", "url": self.url, "org": ORG, "bucket": place, "timeout_s": 5}
        return InfluxSettings.model_validate(given | {"token_file": file} | more)

    def start(self) -> None:
        first = not self.folder.exists()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = self.port or free_port()
        places = {"bolt-path": "meta", "sqlite-path": "notes", "engine-path": "engine"}
        command = [self.program, "--http-bind-address", f"{HOST}:{self.port}", "--reporting-disabled"]
        for option, name in places.items():
            command += [f"--{option}", str(self.folder / name)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        get(f"{self.url}/health")
        if first:
            self.post("setup", username="admin", password=TOKEN, org=ORG, bucket="first", token=TOKEN)

    def post(self, resource: str, **body: object) -> dict[str, Any]:
        """Make something by its own API."""
        made: dict[str, Any] = self._ask("POST", f"/api/v2/{resource}", body)
        return made

    def bucket(self, name: str) -> dict[str, Any]:
        """Return a bucket as its own API tells it."""
        found: dict[str, Any] = get(f"{self.url}/api/v2/buckets", self.credentials, name=name)["buckets"][0]
        return found

    def keeps_s(self, place: str) -> int:
        return sum(rule["everySeconds"] for rule in self.bucket(place)["retentionRules"])

    def remove_bucket(self, name: str) -> None:
        """Take it away, with all that it holds."""
        self._ask("DELETE", f"/api/v2/buckets/{self.bucket(name)['id']}")

    def writer(self, name: str) -> str:
        """Return a token that may write to one bucket and do nothing else."""
        bucket = self.bucket(name)
        right = {"action": "write", "resource": {"type": "buckets", "id": bucket["id"], "orgID": bucket["orgID"]}}
        return str(self.post("authorizations", orgID=bucket["orgID"], permissions=[right])["token"])

    def reader(self) -> Mapping[str, str]:
        """A user of the 1.x compatibility with a password, as ``grafana/reader.sh`` makes it by ``influx v1 auth``."""
        buckets = [self.bucket(name) for name in ("upskeep", "upskeep_readings")]
        rights = [
            {"action": "read", "resource": {"type": "buckets", "id": each["id"], "orgID": each["orgID"]}}
            for each in buckets
        ]
        body = {"orgID": buckets[0]["orgID"], "token": "grafana", "permissions": rights}
        made = self._ask("POST", "/private/legacy/authorizations", body)
        self._ask("POST", f"/private/legacy/authorizations/{made['id']}/password", {"password": "only-reads"})
        return urllib3.make_headers(basic_auth="grafana:only-reads")

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        headers = {**self.credentials, "Content-Type": "application/json"}
        with urllib3.PoolManager(retries=False) as pool:
            answer = pool.request(method, f"{self.url}{path}", body=json.dumps(body), headers=headers)
        assert 200 <= answer.status < 300, answer.data
        return json.loads(answer.data) if answer.data else None
