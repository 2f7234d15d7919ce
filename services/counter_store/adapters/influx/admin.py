"""Finding and making databases and buckets in InfluxDB: 1.x by InfluxQL, 2.x by /api/v2, 3 Core by /api/v3.

Sources: InfluxDB 1.8 "Manage your database", OSS v2 API reference (buckets, orgs, dbrps), InfluxDB 3 Core 3.9.6,
influxdb3_server/src/http.rs and influxdb3_types/src/http.rs (configure). Run against real ones: 1.6.7, 2.7.12, 3 Core.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from services.counter_store.adapters.influx.http import InfluxHttp
from services.counter_store.adapters.influx.http_answers import ADVICE, explain_body
from services.counter_store.core.influx.places import Place, PlaceStep, influxql, quoted, split_policy
from services.counter_store.settings import InfluxSettings
from shared.bounded_http import HttpAnswer

_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(\d+)s")
PLACES_OF_3 = "/api/v3/configure/database"


class SetupError(Exception):
    """The server answered, but did not do it. ``status`` 401 and 403: the credentials do not allow it."""

    def __init__(self, detail: str, status: int = 0) -> None:
        super().__init__(detail)
        self.status = status


class AdminClient:
    """Requests with the settings' credentials; raises Unavailable without an answer."""

    def __init__(self, settings: InfluxSettings) -> None:
        self.settings = settings
        self._http = InfluxHttp(settings)

    def version(self) -> str:
        """Return the server's version, such as ``1.6.7``; raises SetupError if it does not report one."""
        answer = self.ask("GET", "/ping")
        if answer.status in (401, 403):  # 3 Core, which asks for a token here too
            fault = f"{answer.status}: {explain_body(answer.data)}; {ADVICE[answer.status]}"
            raise SetupError(f"{self.settings.url}/ping answered {fault}", answer.status)
        found: str = answer.headers.get("X-Influxdb-Version", "").removeprefix("v")
        if re.match(r"[123]\.", found) is None:
            shown = f"version {found}" if found else f"status {answer.status} and no version"
            raise SetupError(f"{self.settings.url}/ping answers {shown}; check url: InfluxDB 1, 2 or 3 is known here")
        return found

    def ask(self, method: str, path: str, query: Mapping[str, str] | None = None, body: Any = None) -> HttpAnswer:
        """Return the answer, whatever its status."""
        if body is None:
            return self._http.request(method, path, query)
        return self._http.request(method, path, query, json.dumps(body).encode(), "application/json")

    def json(self, method: str, path: str, query: Mapping[str, str] | None = None, body: Any = None) -> Any:
        """Return the JSON of a successful answer, None for a 404; raises SetupError for any other."""
        answer = self.ask(method, path, query, body)
        if answer.status == 404:
            return None
        if not 200 <= answer.status < 300:
            raise SetupError(f"{path} answered {answer.status}: {explain_body(answer.data)}", answer.status)
        try:
            return json.loads(answer.data) if answer.data.strip().startswith((b"{", b"[")) else {}
        except (ValueError, RecursionError) as error:
            raise SetupError(f"{path} does not answer as InfluxDB does; check url") from error

    def close(self) -> None:
        """Let go of connections."""
        self._http.close()


class Admin1:
    """Databases and their retention policies; a place ``database/policy`` is one policy of it."""

    def __init__(self, wire: AdminClient) -> None:
        self._wire = wire

    def find(self, name: str) -> Place | None:
        """Return the database's default policy, or the one that is named."""
        database, policy = split_policy(name)
        rows = self._query(f"SHOW RETENTION POLICIES ON {quoted(database)}")
        for row in rows:
            if row["name"] == policy or (policy is None and row["default"]):
                return Place(name, _seconds(row["duration"]))
        return None

    def do(self, step: PlaceStep) -> None:
        """Run the one statement."""
        database, policy = split_policy(step.place.name)
        if step.do == "create" and policy is not None:
            self._query(f"CREATE DATABASE {quoted(database)}")
        self._query(influxql(step))

    def _query(self, text: str) -> list[dict[str, Any]]:
        return _rows(self._wire.json("POST", "/query", {"q": text}), text)


class Admin2:
    """Buckets, and the mapping by which InfluxQL finds them."""

    def __init__(self, wire: AdminClient) -> None:
        self._wire = wire
        self._org = wire.settings.org or ""

    def find(self, name: str) -> Place | None:
        """Return the bucket; one without an expiry is kept for ever."""
        bucket = self._bucket(name)
        if bucket is None:
            return None
        rules = [rule for rule in bucket.get("retentionRules", ()) if rule.get("type", "expire") == "expire"]
        return Place(name, int(rules[0].get("everySeconds", 0)) if rules else 0)

    def do(self, step: PlaceStep) -> None:
        """Make the bucket or change it, and see that InfluxQL finds it by its name."""
        name, keep_s = step.place.name, step.place.keep_s
        rules = [{"type": "expire", "everySeconds": keep_s}] if keep_s else []
        if step.do == "change":
            bucket = self._bucket(name) or {}
            self._send("PATCH", f"/api/v2/buckets/{bucket.get('id')}", {"retentionRules": rules})
            return
        body = {"orgID": self._org_id(), "name": name, "retentionRules": rules}
        self._map(name, self._send("POST", "/api/v2/buckets", body))

    def _map(self, name: str, bucket: Mapping[str, Any]) -> None:
        """Map the database to the bucket. Only later versions of 2.x do so by themselves (a virtual mapping)."""
        database, policy = split_policy(name)
        found = self._wire.json("GET", "/api/v2/dbrps", {"org": self._org, "db": database}) or {}
        if not any(each.get("bucketID") == bucket.get("id") for each in found.get("content", ())):
            mapping = {"bucketID": bucket.get("id"), "database": database, "retention_policy": policy or "autogen"}
            self._send("POST", "/api/v2/dbrps", {**mapping, "default": policy is None, "orgID": bucket.get("orgID")})

    def _bucket(self, name: str) -> Mapping[str, Any] | None:
        answer = self._wire.json("GET", "/api/v2/buckets", {"org": self._org, "name": name}) or {}
        return next((bucket for bucket in answer.get("buckets", ()) if bucket.get("name") == name), None)

    def _org_id(self) -> str:
        answer = self._wire.json("GET", "/api/v2/orgs", {"org": self._org}) or {}
        for org in answer.get("orgs", ()):
            if org.get("name") == self._org:
                return str(org["id"])
        raise SetupError(f"there is no organization {self._org}, or the token may not see it; check org", 403)

    def _send(self, method: str, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        answer = self._wire.json(method, path, body=body)
        if not isinstance(answer, dict):
            raise SetupError(f"{path} answered 404: not found")
        return answer


class Admin3:
    """Databases; each has one retention policy, which is shown since 3.8 and can be changed since 3.2."""

    def __init__(self, wire: AdminClient) -> None:
        self._wire = wire

    def find(self, name: str) -> Place | None:
        """Return the database."""
        listed = self._wire.json("GET", PLACES_OF_3, {"format": "json"}) or []
        if not any(each.get("iox::database") == name for each in listed):
            return None
        text = f"SHOW RETENTION POLICIES ON {quoted(name)}"
        rows = _rows(self._wire.json("GET", "/query", {"q": text}), text)
        return Place(name, _seconds(str(rows[0].get("duration"))) if rows else None)

    def do(self, step: PlaceStep) -> None:
        """Create it or change it; raises SetupError also where the version cannot."""
        keep_h = (step.place.keep_s or 0) // 3600
        body = {"db": step.place.name} | ({"retention_period": f"{keep_h}h"} if keep_h else {})
        method = "POST" if step.do == "create" else "PUT"
        if self._wire.json(method, PLACES_OF_3, body=body) is None:
            raise SetupError(f"{PLACES_OF_3} answered 404: this version cannot {step.do} a database")


def _rows(answer: Any, text: str) -> list[dict[str, Any]]:
    """Return the rows of an InfluxQL answer, empty for an unknown database; raises SetupError."""
    if not isinstance(answer, dict) or not answer.get("results"):
        raise SetupError("/query does not answer as InfluxDB does; check url")
    result = answer["results"][0]
    if error := str(result.get("error", "")):
        if "database not found" in error:
            return []
        raise SetupError(f"{text}: {error}", 403 if "authoriz" in error else 0)
    return [
        dict(zip(series["columns"], values, strict=True))
        for series in result.get("series", [])
        for values in series.get("values", [])
    ]


def _seconds(duration: str) -> int | None:
    """Return the seconds of a duration as 1.x and 3 write it, ``2160h0m0s``; None for any other form."""
    found = _DURATION.fullmatch(duration)
    if found is None:
        return None
    hours, minutes, seconds = (int(each or 0) for each in found.groups())
    return hours * 3600 + minutes * 60 + seconds


ADMINS: Mapping[int, type[Admin1 | Admin2 | Admin3]] = {1: Admin1, 2: Admin2, 3: Admin3}
