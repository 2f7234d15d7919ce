"""Answers as tables for a terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich.text import Text

from shared.messages import Severity
from upskeep.text.message_text import COLOURS
from upskeep.text.table import Cell, FittedTable
from upskeep.text.times import Times

Row = Mapping[str, Any]
Shown = Callable[[Any, Times], Cell]


def _plain(value: Any, _: Times) -> Cell:
    return "-" if value is None or value == "" else str(value)


def _number(value: Any, _: Times) -> Cell:
    return "-" if value is None else f"{value:,}"


def _percent(value: Any, _: Times) -> Cell:
    return "-" if value is None else f"{value:.0f} %"


def _minutes(value: Any, _: Times) -> Cell:
    return "-" if value is None else f"{value / 60:,.0f} min"


def _time(value: datetime | None, times: Times) -> Cell:
    return "-" if value is None else times.second(value)


def _power(value: Any, _: Times) -> Cell:
    return Text(value, style="yellow") if value == "battery" else value or "-"


def _severity(value: str, _: Times) -> Cell:
    return Text(value, style=COLOURS[Severity(value)])


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its heading, the field, how a value is shown."""

    title: str
    field: str
    shown: Shown = _plain

    @property
    def right(self) -> bool:
        """Whether it is a column of numbers."""
        return self.shown in (_number, _percent, _minutes)


SITES = (
    Column("site", "site"),
    Column("region", "region"),
    Column("power", "power", _power),
    Column("charge", "charge", _percent),
    Column("left", "runtime_s", _minutes),
    Column("health", "health", _percent),
    Column("alerts", "alerts", _number),
    Column("last heard", "last_heard", _time),
)
REGIONS = (
    Column("region", "region"),
    Column("sites", "sites", _number),
    Column("on battery", "on_battery", _number),
    Column("least left", "runtime_s", _minutes),
    Column("alerts", "alerts", _number),
    Column("longest silent since", "longest_silent", _time),
)
LOG = (
    Column("partition", "partition", _number),
    Column("offset", "next_offset", _number),
    Column("worker", "owner"),
    Column("committed", "committed_at", _time),
    Column("records", "records", _number),
    Column("repeats", "repeats", _number),
    Column("refused", "refused", _number),
)
COUNTERS = (
    Column("event", "type"),
    Column("total", "total", _number),
    Column("sites", "sites", _number),
    Column("last time", "last_time", _time),
)
EVENTS = (
    Column("time", "time", _time),
    Column("site", "site"),
    Column("device", "device"),
    Column("severity", "severity", _severity),
    Column("event", "type"),
)
ALERTS = (
    Column("of", "of"),
    Column("place", "place"),
    Column("alert", "rule"),
    Column("key", "key"),
    Column("state", "state"),
    Column("severity", "severity", _severity),
    Column("since", "since", _time),
    Column("what", "message"),
)
PAST_ALERTS = (
    Column("alert", "rule"),
    Column("region", "key"),
    Column("state", "state"),
    Column("since", "since", _time),
    Column("changed", "time", _time),
    Column("what", "message"),
)
OUTAGES = (
    Column("region", "region"),
    Column("sites", "sites", _number),
    Column("outages", "outages", _number),
    Column("together", "total_s", _minutes),
    Column("longest", "longest_s", _minutes),
)
WORN = (
    Column("region", "region"),
    Column("site", "site"),
    Column("device", "device"),
    Column("health", "health", _percent),
    Column("cycles", "cycles", _number),
)


def table(columns: Sequence[Column], rows: Sequence[Row], times: Times, below: bool = False) -> FittedTable:
    """Return rows as a table; what can be spared where it is narrow is what stands furthest to the right."""
    cells = [[column.shown(row[column.field], times) for column in columns] for row in rows]
    right = [at for at, column in enumerate(columns) if column.right]
    spare = [*range(len(columns) - 1 - below, 1, -1)]
    return FittedTable([column.title for column in columns], cells, right=right, spare=spare, below=below)
