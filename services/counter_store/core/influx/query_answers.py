"""InfluxDB's answer to a query: its rows, its error, or neither, where something else has answered.

Source: InfluxDB 1.8 "API reference", /query: ``results`` has an entry for each statement, with ``series`` or ``error``.
``partial`` in a series or a result means that the server has cut the answer (``max-row-limit``), not that it ends.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

INT64 = range(-(2**63), 2**63)


class QueryAnswerError(ValueError):
    """The answer is not one of InfluxDB's."""


@dataclass(frozen=True, slots=True)
class QueryAnswer:
    """Rows as the query names its columns, the first of them a time in nanoseconds. ``error`` is the server's own."""

    rows: tuple[tuple[Any, ...], ...] = ()
    error: str = ""
    partial: bool = False


def read_query_answer(body: bytes, width: int) -> QueryAnswer:
    """Return the rows of the first statement, each of ``width`` values; raises QueryAnswerError."""
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise QueryAnswerError("no JSON") from error
    result = _list(_mapping(parsed), "results")
    first = _mapping(result[0]) if result else {}
    if reason := first.get("error") or _mapping(parsed).get("error"):
        return QueryAnswer(error=str(reason))
    if not result:
        raise QueryAnswerError("no results")
    series = [_mapping(each) for each in _list(first, "series")]
    rows = tuple(row for each in series for row in _rows(each, width))
    return QueryAnswer(rows, partial=any(bool(each.get("partial")) for each in (first, *series)))


def _rows(series: Mapping[str, Any], width: int) -> Iterator[tuple[Any, ...]]:
    for row in _list(series, "values"):
        if not isinstance(row, list) or len(row) != width:
            raise QueryAnswerError("a row of other columns than were asked for")
        time_ns = row[0]
        if isinstance(time_ns, bool) or not isinstance(time_ns, int) or time_ns not in INT64:
            raise QueryAnswerError("a row without a time in nanoseconds")
        yield tuple(row)


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise QueryAnswerError("no object where one belongs")
    return value


def _list(found: Mapping[str, Any], name: str) -> list[Any]:
    value = found.get(name, [])
    if not isinstance(value, list):
        raise QueryAnswerError(f"no list of {name}")
    return value
