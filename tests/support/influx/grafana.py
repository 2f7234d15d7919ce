"""A board's queries as Grafana would send them: its macros and variables filled in.

Source: grafana pkg/tsdb/influxdb/models/query.go (``Build``): $timeFilter in milliseconds, then $interval,
$__interval_ms and $__interval. Variables are replaced before, as regular expressions; "All" is the ``allValue``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

POINTS = 800  # about what a wide panel asks for
ROUND_S = (1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10800, 21600, 43200, 86400)


@dataclass(frozen=True, slots=True)
class Ask:
    """One query of one panel, annotation or variable."""

    place: str
    source: str
    text: str
    unit: str = ""


def asks(page: dict[str, Any]) -> Iterator[Ask]:
    """Yield every query of a board."""
    for panel in page["panels"]:
        for target in panel.get("targets", ()):
            unit = panel["fieldConfig"]["defaults"].get("unit", "")
            yield Ask(f"{panel['title']} {target['refId']}", target["datasource"]["uid"], target["query"], unit)
    for mark in page["annotations"]["list"]:
        yield Ask(f"annotation {mark['name']}", mark["datasource"]["uid"], mark["query"])
    for variable in page["templating"]["list"]:
        yield Ask(f"variable {variable['name']}", variable["datasource"]["uid"], variable["query"])


def interval_s(first: datetime, last: datetime) -> int:
    """Return the round interval that gives a panel about as many points as it can show."""
    wanted = max(1.0, (last - first).total_seconds() / POINTS)
    return next((each for each in ROUND_S if each >= wanted), math.ceil(wanted))


def fill_in(text: str, first: datetime, last: datetime, values: dict[str, str]) -> str:
    """Return the query that goes to InfluxDB."""
    for name, value in values.items():
        text = text.replace(f"${name}", value)
    span = (round(moment.timestamp() * 1000) for moment in (first, last))
    text = text.replace("$timeFilter", "time >= {}ms and time <= {}ms".format(*span))
    seconds = interval_s(first, last)
    return text.replace("$__interval_ms", str(seconds * 1000)).replace("$__interval", f"{seconds}s")
