"""*Reports*: what happened in a day, a week or a month, as a chart and a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil

import htpy as h

from services.gateway.core.pages.answers import Line, Piece, ReportAnswer
from services.gateway.core.pages.layout import moment
from services.gateway.core.pages.lists import table
from services.gateway.core.pages.words import LONGEST, plural
from shared.report import ScheduledReport
from shared.safe_text import safe_text

SPANS = {1: "a day", 7: "a week", 30: "30 days", 365: "a year"}
SEVERITIES = ("info", "warning", "error", "critical")  # from the ground up
WIDTH, HEIGHT, LEFT, BELOW, ABOVE = 720, 220, 64, 26, 22  # room for the letters of a phone, 20 px of the 720
LABEL = 64  # how wide one may be, on a phone
MOST_TYPES = 100


def reports_content(
    answer: ReportAnswer | str,
    days: int,
    scheduled: Sequence[ScheduledReport],
    root: str,
    describe: Callable[[str], str],
) -> h.Node:
    """Return the report of so many days, or why there is none, and what was written on schedule."""
    choices = (
        h.li[h.a(href=f"{root}/reports?days={span}", aria_current="true" if span == days else None)[name]]
        for span, name in SPANS.items()
    )
    return [
        h.nav(".spans", aria_label="Span of the report")[h.ul[choices]],
        h.p(".banner.warn", role="status")[safe_text(answer)] if isinstance(answer, str) else _report(answer, describe),
        _scheduled(scheduled),
    ]


def columns_chart(pieces: Sequence[Piece], unit: str) -> h.Node:
    """Return a column for each piece of time, stacked by severity; nothing where there is no time."""
    if not pieces:
        return None
    top = max(2, *(sum(piece.by_severity.get(each, 0) for each in SEVERITIES) for piece in pieces))
    step = (WIDTH - LEFT) / len(pieces)
    ground = HEIGHT - BELOW
    every = ceil(len(pieces) / 6)
    busiest = max(pieces, key=lambda piece: sum(piece.by_severity.values()))
    words = f"Events by {unit}: {len(pieces)} columns, at most {top:,} on {_label(busiest, unit)}"
    return h.svg(".chart", viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img", aria_label=words)[
        (
            [h.line(x1=LEFT, x2=WIDTH, y1=f"{y:.1f}", y2=f"{y:.1f}"),
             h.text(x=LEFT - 6, y=f"{y + 4:.1f}", text_anchor="end")[f"{value:,}"]]
            for value in (0, top // 2, top)
            for y in [ground - (ground - ABOVE) * value / top]
        ),
        (_column(piece, LEFT + at * step, step, top) for at, piece in enumerate(pieces)),
        (_below(LEFT + (at + 0.5) * step, _label(piece, unit)) for at, piece in enumerate(pieces) if at % every == 0),
    ]  # fmt: skip


def _below(middle: float, label: str) -> h.Element:
    """Return a label below the middle of its column, the last one no further than the chart."""
    beyond = middle + LABEL / 2 > WIDTH
    place = {"x": f"{WIDTH if beyond else middle:.1f}", "text_anchor": "end" if beyond else "middle"}
    return h.text(y=HEIGHT - 6, **place)[label]


def _column(piece: Piece, left: float, step: float, top: int) -> h.Node:
    wide = min(40.0, step * 0.8)
    ground = float(HEIGHT - BELOW)
    parts = []
    for severity in SEVERITIES:
        if count := piece.by_severity.get(severity, 0):
            tall = max(1.5, (HEIGHT - BELOW - ABOVE) * count / top)
            ground -= tall
            place = {"x": f"{left + (step - wide) / 2:.1f}", "y": f"{ground:.1f}"}
            parts.append(h.rect(f".{severity}", **place, width=f"{wide:.1f}", height=f"{tall:.1f}"))
    return parts


def _label(piece: Piece, unit: str) -> str:
    return (
        f"{piece.start:%H:%M}"
        if unit == "hour"
        else f"{piece.start:%Y-%m}"
        if unit == "month"
        else f"{piece.start:%m-%d}"
    )


def _report(report: ReportAnswer, describe: Callable[[str], str]) -> h.Node:
    line = report.timeline
    counted = (
        (f"{_label(piece, line.unit)}", *(f"{piece.by_severity.get(each, 0):,}" for each in SEVERITIES))
        for piece in line.pieces
    )
    return [
        h.p(".glance.unknown")[
            plural(report.total_events, "event", "events"),
            h.span[f"{report.observed_days:.1f} days observed, as of ", moment(report.as_of)],
        ],
        h.figure(".card")[
            h.figcaption[f"Events by {line.unit}, UTC",
                         h.span(".legend")[(h.span(f".{each}")[each] for each in SEVERITIES)]],
            columns_chart(line.pieces, line.unit),
            h.details(id="numbers")[h.summary["As numbers"],
                                    h.div(".numbers")[
                                        table(f"Events by {line.unit}", ("From", *SEVERITIES), counted)]],
        ],
        h.h2["By type"],
        h.div(".numbers")[table("The most frequent first", ("Event", "Severity", "Count", "Last time"), (
            ([h.code[safe_text(each.type)], h.span(".dim")[describe(each.type)]], each.severity, f"{each.count:,}",
             moment(each.last))
            for each in report.event_types[:MOST_TYPES]
        ))] if report.event_types else h.p["Nothing has happened."],
        [h.h2["The latest that were more than information"],
         h.ol(".timeline")[map(_line, report.latest_events[:20])],
        ] if report.latest_events else None,
    ]  # fmt: skip


def _line(event: Line) -> h.Element:
    severity = event.severity if event.severity in SEVERITIES else "info"
    return h.li(f".{severity}")[moment(event.time), " ", safe_text(event.text or event.type)[:LONGEST]]


def _scheduled(reports: Sequence[ScheduledReport]) -> h.Node:
    if not reports:
        return None
    rows = (
        (each.kind, each.period, f"{each.total_events:,}", "–" if each.health is None else f"{each.health.score}",
         ", ".join(map(safe_text, each.files[:10])) or "–")
        for each in reports
    )  # fmt: skip
    heads = ("Kind", "Period", "Events", "Health", "Files in the folder for reports")
    return [h.h2["Written on schedule"], table("The last of each kind", heads, rows)]
