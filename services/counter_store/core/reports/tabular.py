"""Reports as tables, for CSV and Markdown.

A cell that a spreadsheet would take for a formula gets an apostrophe before it (``guarded``), which ``unguarded``
removes when such a file is read: OWASP, "CSV Injection", and ASVS 5.0, 1.2.10, which adds the null.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from services.counter_store.core.reports.report import DetailedReport, Report, TrendsReport
from services.counter_store.core.statistics.type_statistics import Outages, Statistics
from shared.maintenance import MaintenanceItem

Cells = Sequence[Any]
_FORMULA = re.compile("'*[=+\\-@\t\r\n\0\uff1d\uff0b\uff0d\uff20]")  # the last four: the same in full width

TYPES = ("category", "event_type", "severity", "count", "first_occurrence", "last_occurrence")
FIGURES = (
    *("total_count", "recent_count", "daily_average", "trend", "p_value", "earlier_count", "later_count"),
    *("first_occurrence", "last_occurrence", "first_ever", "last_ever"),
)


def guarded(text: str) -> str:
    """Return the text so that a spreadsheet shows it and does not run it."""
    return f"'{text}" if _FORMULA.match(text) else text


def unguarded(text: str) -> str:
    """Return the text that ``guarded`` was given."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def table_rows(report: Report) -> Iterator[Cells]:
    """Yield the rows of a report's CSV, the names of the columns first.

    A summary has a row for each type, a detailed one its statistics too, trends a row for each day and type. Where
    something is due, or a battery has months, tables of ``maintenance`` follow, each after an empty row.
    """
    yield from _event_rows(report)
    for names, rows in ((DUE, due(report)), (MONTHS, months(report))):
        found = [[_cell(value) for value in row] for row in rows]
        if found:
            yield ()
            yield names
            yield from found


def _event_rows(report: Report) -> Iterator[Cells]:
    if isinstance(report, TrendsReport):
        yield ("day", "event_type", "count")
        for name, daily in report.daily_counts.items():
            yield from ((day, guarded(name), count) for day, count in daily.days.items())
    elif isinstance(report, DetailedReport):
        yield from _statistics(report)
    else:
        yield TYPES
        yield from ([_cell(value) for value in row] for row in types(report))


def types(report: Report) -> Iterable[Cells]:
    """Return a row of ``TYPES`` for each type of a report."""
    return ((one.category, one.type, one.severity.value, one.count, one.first, one.last) for one in report.event_types)


DUE = (
    *("device", "maintenance", "channel", "due", "overdue", "earliest", "latest", "capacity_mah", "health_percent"),
    *("cycles", "resistance_mohm", "why"),
)
MONTHS = (
    *("device", "month", "discharges", "mean_depth_percent", "deepest_percent"),
    *("mean_temperature_c", "highest_temperature_c"),
)


def due(report: Report) -> list[Cells]:
    """Return a row of ``DUE`` for each thing that is due: what is overdue first, then the soonest."""
    found = [(one.device, item) for one in report.maintenance for item in one.items]
    found.sort(key=lambda row: (not row[1].overdue, row[1].due is None, row[1].due or report.as_of, row[0]))
    return [(device, *_due(item)) for device, item in found]


def _due(item: MaintenanceItem) -> Cells:
    reach = item.reaches[0] if item.reaches else None
    between = (reach.earliest, reach.latest) if reach else (None, None)
    state = (item.capacity_mah, item.health_percent, item.cycles, item.resistance_mohm, item.why)
    return (item.what, item.channel, item.due, item.overdue, *between, *state)


def months(report: Report) -> list[Cells]:
    """Return a row of ``MONTHS`` for each month of each battery, the newest first."""
    return [
        (one.device, *month.model_dump().values())
        for one in report.maintenance
        for item in one.items
        for month in reversed(item.months)
    ]


def figures(one: Statistics) -> Mapping[str, Any]:
    """Return the figures of a type's statistics, those of its pauses and outages with a prefix."""
    row = {name: getattr(one, name) for name in FIGURES}
    row |= {f"pause_{name}": value for name, value in one.intervals.model_dump().items()}
    outages = one.outages.model_dump() if one.outages else dict.fromkeys(OUTAGES)
    return row | {f"outages_{name}": value for name, value in outages.items()}


OUTAGES = tuple(Outages.model_fields)


def _statistics(report: DetailedReport) -> Iterator[Cells]:
    known = {one.type: (one.category, one.severity.value) for one in reversed(report.event_types)}
    names: tuple[str, ...] | None = None
    for name, one in report.statistics.items():
        row = figures(one)
        if names is None:
            names = tuple(row)
            yield ("category", "event_type", "severity", *names)
        category, severity = known.get(name, ("", ""))
        yield [_cell(value) for value in (category, name, severity, *row.values())]
    if names is None:
        yield TYPES


def _cell(value: Any) -> Any:
    """Return what is written for a value: times as RFC 3339, fractions to six places, nothing for null."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds")[:-6] + "Z"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return round(value, 6)
    return guarded(value) if isinstance(value, str) else value
