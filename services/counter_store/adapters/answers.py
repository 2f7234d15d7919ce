"""What an InfluxDB server's HTTP answer means for the lines that were sent.

Source: InfluxDB 2 "troubleshoot writes" and InfluxDB 1.x "HTTP status codes"; 400 and 422 also come when only some
lines were bad and the others are stored. InfluxDB 3 Core 3.9.6, influxdb3_server/src/http.rs: there bad lines are told
by ``PARTIAL`` alone, with status 500 on /api/v2/write, and a 400 there is of the server (a name it does not
take, a deleted database, trouble with its log).
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from services.counter_store.core.ports import Refused, Unavailable

REFUSED = frozenset({400, 413, 422})
PARTIAL = "partial write of line protocol occurred"  # 3 Core, whatever the status
OF_3_CORE = "cluster-uuid"  # a header of all its answers since 3.8
ADVICE = {
    400: "check the server, and bucket or database",
    401: "check the token, or the username and password",
    403: "check the token: it may not write to this bucket or database",
    404: "check url, org and bucket or database",
}


def check_answer(status: int, body: bytes | str | None, headers: Mapping[str, str], where: str) -> None:
    """Return on success; raises Refused or Unavailable for any other answer. ``where`` names the server."""
    if 200 <= status < 300:
        return
    said = f"{where} answered {status}: {explain_body(body)}"
    if PARTIAL in said or (status in REFUSED and not (status == 400 and OF_3_CORE in headers)):
        raise Refused(said)
    advice = ADVICE.get(status, "check url: this is not where InfluxDB takes writes" if status < 500 else "")
    if status in (408, 429):
        advice = "it asks to be tried again later"
    raise Unavailable(f"{said}; {advice}" if advice else said, read_retry_after(headers))


def explain_body(body: bytes | str | None) -> str:
    """Return a server's own words, shortened: the ``error`` or ``message`` of its JSON, else the text as it is."""
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body or ""
    try:
        parsed = json.loads(text)
    except ValueError:
        parsed = None
    if isinstance(parsed, dict):
        text = str(parsed.get("error") or parsed.get("message") or text) + _first_reason(parsed.get("data"))
    text = " ".join(text.split())
    return (text if len(text) <= 300 else text[:297] + "...") or "nothing"


def _first_reason(data: object) -> str:
    """Return what 3 Core has against the first of the lines it lists."""
    first = data[0] if isinstance(data, list) and data else None
    return f": {first['error_message']}" if isinstance(first, dict) and first.get("error_message") else ""


def read_retry_after(headers: Mapping[str, str]) -> float | None:
    """Return a Retry-After given in seconds; a date, which no InfluxDB sends, counts as none."""
    value = headers.get("Retry-After", "").strip()
    return float(value) if value.isdigit() else None
