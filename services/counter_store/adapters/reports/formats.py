"""The formats of a report: JSON, CSV, Markdown, HTML. The same report gives the same bytes."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence

from services.counter_store.adapters.reports.page import between, due_day, lasting, page
from services.counter_store.core.reports.report import DetailedReport, Report, SummaryReport, TrendsReport
from services.counter_store.core.reports.tabular import DUE, due, months, table_rows
from shared.event_counters import ReportFormat
from shared.safe_text import safe_cell, safe_markdown

LASTED = ("total_s", "median_s", "longest_s")
BY_MONTH = ("device", "month", "discharges", "depth, %", "deepest, %", "°C", "hottest, °C")


def as_json(report: Report) -> str:
    """Return every field."""
    return report.model_dump_json(indent=2) + "\n"


def as_csv(report: Report) -> str:
    """Return the table of ``core.reports.tabular``, as RFC 4180 has it."""
    out = io.StringIO()
    cells = ([safe_cell(cell) if isinstance(cell, str) else cell for cell in row] for row in table_rows(report))
    csv.writer(out).writerows(cells)
    return out.getvalue()


def as_markdown(report: Report) -> str:
    """Return the report in short, for a mail or a ticket."""
    days = f"{report.period_days} day" + ("" if report.period_days == 1 else "s")
    span = f"{report.since:%Y-%m-%d %H:%M} to {report.as_of:%Y-%m-%d %H:%M} UTC"
    plural = "" if report.total_events == 1 else "s"
    lines = [
        f"# {safe_markdown(report.site)}: events of {days}",
        "",
        f"{span}: {report.total_events:,} event{plural}, {report.all_time_events:,} ever.",
        *_health(report),
        *_table(
            "Categories",
            ("category", "events", "types"),
            [(name, one.total_count, one.event_types) for name, one in report.event_categories.items()],
        ),
        *_table(
            "Types",
            ("type", "severity", "count", "last"),
            [(one.type, one.severity.value, one.count, f"{one.last:%Y-%m-%d %H:%M}") for one in report.event_types],
        ),
        *_latest(report),
        *_outages(report),
        *_trends(report),
        *_maintenance(report),
    ]
    return "\n".join(lines) + "\n"


def _health(report: Report) -> list[str]:
    health = report.health if isinstance(report, SummaryReport) else None
    if health is None or not report.all_time_events:
        return []
    factors = [
        (one.type, one.severity.value, one.points, one.episodes, f"{one.last:%Y-%m-%d %H:%M}", one.remedy)
        for one in health.factors
    ]
    lines = ["", f"Health: **{health.score}** of 100, {health.grade.value}."]
    return [*lines, *_table("What it lost", ("type", "severity", "points", "episodes", "last", "remedy"), factors)]


def _latest(report: Report) -> list[str]:
    lines = [
        safe_markdown(f"{one.time:%Y-%m-%d %H:%M} {one.device or '-'}: {one.text or one.type}")
        for one in report.latest_events
    ]
    return ["", "## What happened last", "", *(f"- {line}" for line in lines)] if lines else []


def _outages(report: Report) -> list[str]:
    found = report.statistics.values() if isinstance(report, DetailedReport) else ()
    rows = [
        (
            *(one.type, f"{'' if one.outages.complete else 'at least '}{one.outages.count:,}"),
            *(lasting(one.outages.model_dump()[name]) for name in LASTED),
            one.outages.ongoing,
        )
        for one in found
        if one.outages is not None and one.outages.count
    ]
    return _table("How long it lasted", ("type", "times", "in all", "median", "longest", "still lasting"), rows)


def _trends(report: Report) -> list[str]:
    if not isinstance(report, TrendsReport):
        return []
    rows = [
        (
            one.type,
            one.trend.value,
            one.earlier_count,
            one.later_count,
            "" if one.p_value is None else f"{one.p_value:.2g}",
        )
        for one in (*report.increasing, *report.decreasing)
    ]
    lines = _table("What changed", ("type", "trend", "earlier half", "later half", "p"), rows)
    for title, names in (("Steady", report.stable), ("Too few to say", report.insufficient_data)):
        lines += ["", f"{title}: {safe_markdown(', '.join(names))}."] if names else []
    return lines


def _maintenance(report: Report) -> list[str]:
    found = [dict(zip(DUE, row, strict=True)) for row in due(report)]
    rows = [(one["device"], one["maintenance"], due_day(one), between(one), one["why"]) for one in found]
    lived = [tuple("" if value is None else value for value in row) for row in months(report)]
    return [
        *_table("Maintenance", ("device", "what", "due", "between", "why"), rows),
        *_table("Batteries by month", BY_MONTH, lived),
    ]


def _table(title: str, names: tuple[str, ...], rows: Sequence[tuple[object, ...]]) -> list[str]:
    if not rows:
        return []
    columns = [_column(name, [row[at] for row in rows]) for at, name in enumerate(names)]
    return ["", f"## {title}", "", *(f"| {' | '.join(cells)} |" for cells in zip(*columns, strict=True))]


def _column(name: str, values: Sequence[object]) -> list[str]:
    """Return the cells, equally wide, so that the table can be read as it stands; numbers are on the right."""
    numbers = all(isinstance(value, int) for value in values)
    cells = [f"{value:,}" if isinstance(value, int) else safe_markdown(str(value)) for value in values]
    wide = max(3, *map(len, (name, *cells)))
    rule = "-" * (wide - 1) + ":" if numbers else "-" * wide
    return [f"{cell:>{wide}}" if numbers else f"{cell:<{wide}}" for cell in (name, rule, *cells)]


FORMATS: dict[ReportFormat, tuple[str, Callable[[Report], str]]] = {
    "json": ("json", as_json),
    "csv": ("csv", as_csv),
    "markdown": ("md", as_markdown),
    "html": ("html", page),
}
