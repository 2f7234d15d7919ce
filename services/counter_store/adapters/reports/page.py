"""A report as one self-contained HTML page: no scripts, no external addresses, its charts as SVG.

The template engine escapes everything from outside, and the page's content security policy forbids to load anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from services.counter_store.core.reports.report import Report, TrendsReport
from services.counter_store.core.reports.stacked_chart import Chart, chart
from services.counter_store.core.reports.tabular import DUE, MONTHS, due, months
from services.counter_store.core.reports.timeline import Piece
from services.counter_store.core.statistics.type_statistics import Statistics
from shared.messages import Severity
from shared.safe_text import safe_text

FOLDER = Path(__file__).parent
WIDE, PHONE, SMALL = (640.0, 150.0), (300.0, 130.0), (300.0, 48.0)  # canvases of the charts
WORSE = ("warning", "error", "critical")  # stacked from the ground up
FORMS = {"hour": "%a %d %b %H:%M", "day": "%a %d %b %Y", "week": "week from %d %b %Y", "month": "%B %Y"}
TICKS = {"hour": "%H:%M", "day": "%d %b", "week": "%d %b", "month": "%b %Y"}
Counts = Callable[[Piece], Mapping[str, int]]
SPARK_DAYS = 90
SPARKS = 12  # types whose days are drawn on a page of trends


def page(report: Report) -> str:
    """Return the page."""
    return _template().render(
        report=report,
        worse=_worse(report, WIDE),
        worse_on_a_phone=_worse(report, PHONE),
        categories=_categories(report),
        statistics=_statistics(report),
        outages=[one for one in _statistics(report) if one.outages is not None and one.outages.count],
        sparks=_sparks(report) if isinstance(report, TrendsReport) else {},
        severities=list(Severity),
        due=[dict(zip(DUE, row, strict=True)) for row in due(report)],
        months=[dict(zip(MONTHS, row, strict=True)) for row in months(report)],
    )


def due_day(item: Mapping[str, Any]) -> str:
    """Return the day on which something is due, as text."""
    return "overdue" if item["overdue"] else "not known" if item["due"] is None else f"{item['due']:%Y-%m-%d}"


def between(item: Mapping[str, Any]) -> str:
    """Return the 90 % interval as text; empty without one."""
    if item["earliest"] is None:
        return ""
    return f"{item['earliest']:%Y-%m-%d} to {'never' if item['latest'] is None else item['latest'].date()}"


def _worse(report: Report, canvas: tuple[float, float]) -> Chart:
    return _chart(report, lambda piece: {one.value: count for one, count in piece.by_severity.items()}, WORSE, canvas)


def _categories(report: Report) -> list[dict[str, Any]]:
    """Return a small chart for each category that has any events, the most frequent first."""
    counts: Counter[str] = Counter()
    for piece in report.timeline.pieces:
        counts.update(piece.by_category)
    order = sorted(counts, key=lambda name: (-counts[name], name))
    return [{"name": name, "count": counts[name], "chart": _category(report, name)} for name in order]


def _category(report: Report, name: str) -> Chart:
    return _chart(report, lambda piece: {"events": piece.by_category.get(name, 0)}, ("events",), SMALL)


def _chart(report: Report, counts: Counts, keys: tuple[str, ...], canvas: tuple[float, float]) -> Chart:
    unit = report.timeline.unit
    pieces = [
        (f"{piece.start:{FORMS[unit]}}", f"{piece.start:{TICKS[unit]}}", counts(piece))
        for piece in report.timeline.pieces
    ]
    return chart(pieces, keys, *canvas)


def _statistics(report: Report) -> list[Statistics]:
    if isinstance(report, TrendsReport):
        return [*report.increasing, *report.decreasing]
    found: Mapping[str, Statistics] = getattr(report, "statistics", {})
    return [found[name] for name in sorted(found, key=lambda name: (-found[name].recent_count, name))]


def _sparks(report: TrendsReport) -> dict[str, Chart]:
    """Return the days of the types whose trend is sure, drawn small."""
    wanted = [one.type for one in (*report.increasing, *report.decreasing)][:SPARKS]
    last = report.as_of - timedelta(microseconds=1)
    ago = range((last - max(report.since, last - timedelta(days=SPARK_DAYS))).days, -1, -1)
    days = [f"{last - timedelta(days=each):%Y-%m-%d}" for each in ago]
    return {name: _spark(report.daily_counts[name].days, days) for name in wanted if name in report.daily_counts}


def _spark(counts: Mapping[str, int], days: list[str]) -> Chart:
    return chart([(day, day, {"events": counts.get(day, 0)}) for day in days], ("events",), 180, 28)


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_safe,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"due_day": due_day, "between": between}
    environment.filters |= {"moment": _moment, "lasting": lasting, "number": _number, "share": _share}
    return environment.get_template("report.html.j2")


def _safe(value: Any) -> Any:
    """Return foreign text without control characters and changes of direction; what is HTML already stays."""
    return safe_text(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


def _moment(time: datetime | None) -> str:
    return "–" if time is None else f"{time:%Y-%m-%d %H:%M}"


def _number(value: float | None) -> str:
    """Return a number as people write it: whole ones with commas, others with one or two places."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if value == int(value) or value >= 100 else f"{value:,.2f}".rstrip("0").rstrip(".")


def _share(part: int, whole: int) -> str:
    if not whole:
        return "–"
    percent = 100 * part / whole
    if part and percent < 0.1:
        return "< 0.1 %"
    whole_number = part in (0, whole) or 10 <= percent < 99.5
    return f"{percent:.0f} %" if whole_number else f"{min(percent, 99.9):.1f} %"


def lasting(seconds: float | None) -> str:
    """Return a length of time in its two greatest units."""
    if seconds is None:
        return "–"
    if seconds < 60:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [f"{value} {unit}" for value, unit in ((days, "d"), (hours, "h"), (minutes, "min"), (rest, "s")) if value]
    return " ".join(parts[:2])
