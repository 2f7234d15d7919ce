"""What an InfluxDB server's HTTP answer means for the lines that were sent.

Source: InfluxDB 2 "troubleshoot writes" and InfluxDB 1.x "HTTP status codes"; 400 and 422 also come when only some
lines were bad and the others are stored. InfluxDB 3 Core 3.9.6, seen: it stores none of a batch with a bad line, and
says so in words of ``OF_LINES``; any other 400 or 422 of it is about a name that it does not take or a sixth database,
and by its sources (influxdb3_server/src/http.rs) one that is being deleted, or its log.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from services.counter_store.core.influx.ports import Refused, Unavailable

REFUSED = frozenset({400, 413, 422})
OF_3_CORE = "cluster-uuid"  # a header of all its answers since 3.8
OF_LINES = ("parse failed", "parsing failed")  # on /api/v2/write, on /write
ERROR_HEADER = "X-Influxdb-Error"  # 1.x has its words here too
_SECONDS = re.compile(r"[0-9]{1,15}(\s*,\s*[0-9]{1,15})*")
ADVICE = {
    400: "check bucket or database, and the server",
    422: "check bucket or database, and the server",
    401: "check the token, or the username and password",
    403: "check the token: it may not write to this bucket or database",
    404: "check url, org and bucket or database",
}


def check_answer(status: int, body: bytes | str | None, headers: Mapping[str, str], where: str) -> None:
    """Return on success; raises Refused or Unavailable for any other answer. ``where`` names the server."""
    if 200 <= status < 300:
        return
    fault = f"{where} answered {status}: {explain_body(body or headers.get(ERROR_HEADER))}"
    if status in REFUSED and (status == 413 or OF_3_CORE not in headers or any(words in fault for words in OF_LINES)):
        raise Refused(fault)
    advice = ADVICE.get(status, "check url: this is not where InfluxDB takes writes" if status < 500 else "")
    if status in (408, 429):
        advice = "it asks to be tried again later"
    raise Unavailable(f"{fault}; {advice}" if advice else fault, read_retry_after(headers))


def explain_body(body: bytes | str | None) -> str:
    """Return a server's own words, shortened: the ``error`` or ``message`` of its JSON, else the text as it is."""
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body or ""
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        parsed = None
    if isinstance(parsed, dict):
        text = str(parsed.get("error") or parsed.get("message") or text) + _reason(parsed.get("data"))
    text = " ".join(text.split())
    return (text if len(text) <= 300 else text[:297] + "...") or "nothing"


def _reason(data: object) -> str:
    """Return 3 Core's reason for the line that it shows."""
    return f": {data['error_message']}" if isinstance(data, dict) and data.get("error_message") else ""


def read_retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that Retry-After asks for: a number, or a date, counted from the answer's own Date.

    None where it says neither, and for a date without a Date to count from (RFC 9110, 10.2.3 and 6.6.1). Of several
    numbers, which a proxy may have joined, the longest counts.
    """
    value = headers.get("Retry-After", "").strip()
    if _SECONDS.fullmatch(value):
        return float(max(int(each) for each in value.split(",")))
    until, now = (_http_date(text) for text in (value, headers.get("Date", "")))
    return None if until is None or now is None else max(0.0, (until - now).total_seconds())


def _http_date(text: str) -> datetime | None:
    """Return a date in any of the three forms of RFC 9110, 5.6.7, all of which are in GMT; None for anything else."""
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found
