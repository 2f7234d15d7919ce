"""Events, counters and statistics as rows of plain values, the same in every format.

An event's ``data`` and ``metadata`` are JSON text where a format has cells, and objects where it has objects.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Literal

Row = dict[str, Any]
What = Literal["history", "counters", "statistics", "all"]
Ask = Any  # (name, data) -> answer, as Session.ask

NESTED = ("data", "metadata")
COLUMNS: dict[str, dict[str, type]] = {
    "history": {
        **dict.fromkeys(("id", "type", "category", "severity", "time", "site", "device", "zone"), str),
        **dict.fromkeys(("producer", "epoch"), str),
        "seq": int,
        **dict.fromkeys(NESTED, str),
    },
    "counters": {
        "type": str,
        **dict.fromkeys(("total", "last_hour", "last_day"), int),
        **dict.fromkeys(("last_time", "as_of"), str),
    },
    "statistics": {
        "type": str,
        **dict.fromkeys(("total_count", "recent_count"), int),
        "daily_average": float,
        "trend": str,
        "p_value": float,
        **dict.fromkeys(("earlier_count", "later_count"), int),
        **dict.fromkeys(("first_occurrence", "last_occurrence", "first_ever", "last_ever"), str),
        **dict.fromkeys(("days", "observed_days"), float),
        **dict.fromkeys(("since", "as_of"), str),
        **{f"pause_{name}": float for name in ("mean_s", "median_s", "p95_s", "shortest_s", "longest_s")},
        "pause_counted": int,
        **dict.fromkeys(("outages_count", "outages_ongoing"), int),
        **{f"outages_{name}": float for name in ("total_s", "mean_s", "median_s", "p95_s", "longest_s")},
        "outages_complete": bool,
    },
}
PAGE = 500


def history(ask: Ask, choice: Mapping[str, Any]) -> Iterator[Row]:
    """Yield the events of the history that meet ``choice``, oldest first, page by page."""
    question: Row = {"order": "oldest", "limit": PAGE, **{k: v for k, v in choice.items() if v is not None}}
    while True:
        answer = ask("history", question)
        yield from answer["events"]
        if answer["cursor"] is None:
            return
        question["cursor"] = answer["cursor"]


def counters(ask: Ask, choice: Mapping[str, Any]) -> Iterator[Row]:
    """Yield every counter as it is published."""
    yield from ask("counters", {"types": choice.get("types")})["counters"]


def statistics(ask: Ask, choice: Mapping[str, Any]) -> Iterator[Row]:
    """Yield the statistics of each type over ``days``, flat."""
    question = {name: choice[name] for name in ("types", "days") if choice.get(name) is not None}
    for one in ask("statistics", question)["statistics"]:
        flat = {name: value for name, value in one.items() if name not in ("intervals", "outages")}
        flat |= {f"pause_{name}": value for name, value in one["intervals"].items()}
        flat |= {f"outages_{name}": value for name, value in (one["outages"] or {}).items()}
        yield {name: flat.get(name) for name in COLUMNS["statistics"]}


SOURCES = {"history": history, "counters": counters, "statistics": statistics}


def as_cells(row: Row) -> Row:
    """Return the row with what is nested as JSON text."""
    return {name: json.dumps(value, ensure_ascii=False) if name in NESTED else value for name, value in row.items()}


def from_cells(row: Mapping[str, Any]) -> Row:
    """Return the row that ``as_cells`` was given, of cells that may all be text; raises ValueError."""
    types = COLUMNS["history"]
    found: Row = {}
    for name, value in row.items():
        if name in NESTED:
            found[name] = json.loads(value) if isinstance(value, str) and value else {}
        elif value not in (None, ""):
            found[name] = types.get(name, str)(value)
    return found
