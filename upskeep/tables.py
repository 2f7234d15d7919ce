"""Answers of counter_store as tables and lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from services.counter_store.adapters.report_page import lasting
from shared.messages import Severity
from upskeep.show import COLOURS, console

Answer = Mapping[str, Any]
TREND = {"increasing": "▲ more", "decreasing": "▼ fewer", "stable": "steady", "insufficient_data": "too few to say"}
HOURS = 24


def statistics_table(answer: Answer) -> RenderableType:
    """Return a row for each type, the most frequent of the span first."""
    rows = [
        (
            *(one["type"], _number(one["total_count"]), _number(one["recent_count"]), _number(one["daily_average"])),
            *(TREND[one["trend"]], _time(one["last_occurrence"]), _outages(one["outages"])),
        )
        for one in sorted(answer["statistics"], key=lambda one: (-one["recent_count"], one["type"]))
    ]
    return _table(("event", "total", "in span", "a day", "trend", "last in span", "outages"), rows, right=(1, 2, 3))


def health_lines(answer: Answer) -> RenderableType:
    """Return score and grade, and what each factor takes."""
    score = Text().append(f"{answer['score']} of 100, {answer['grade']}", style="bold")
    score.append(f"  as of {_time(answer['as_of'])}", style="dim")
    rows = [
        (
            one["type"],
            _severity(one["severity"]),
            f"-{one['points']}",
            one["episodes"],
            _time(one["last"]),
            one["remedy"],
        )
        for one in answer["factors"]
    ]
    names = ("event", "severity", "points", "episodes", "last", "what brings it back")
    return Group(score, *([_table(names, rows, right=(2, 3))] if rows else []))


def anomalies_table(answer: Answer) -> RenderableType:
    """Return a line for each unusual hour, worst first."""
    rows = [
        (_time(one["hour"]), one["type"], one["count"], _number(one["usual"]), one["text"])
        for one in answer["anomalies"]
    ]
    found = _table(("hour", "event", "count", "usual", ""), rows, right=(2, 3)) if rows else Text("nothing unusual")
    unjudged = answer["not_judged"]
    return Group(found, Text(f"too little history to judge: {', '.join(unjudged)}", style="dim")) if unjudged else found


def failures_table(answer: Answer) -> RenderableType:
    """Return a row for each device and error code."""
    rows = [
        (
            *(one["device"] or "-", one["error_code"], ", ".join(one["types"]), _number(one["failure_count"])),
            *(one["episodes"], _time(one["first"]), _time(one["last"])),
        )
        for one in answer["patterns"]
    ]
    names = ("device", "code", "events", "failures", "episodes", "first", "last")
    return _table(names, rows, right=(3, 4)) if rows else Text("no failure came that often")


def frequency_table(answer: Answer) -> RenderableType:
    """Return a row for each type: how many an hour, and by hour of the day."""
    rows = [
        (
            one["type"],
            _number(one["count"]),
            _number(one["per_hour"]),
            _busiest(one["busiest"]),
            _spark(one["by_hour_of_day"]),
        )
        for one in sorted(answer["types"], key=lambda one: (-one["count"], one["type"]))
    ]
    return _table(("event", "count", "an hour", "busiest hour", "00h to 23h, UTC"), rows, right=(1, 2))


def performance_table(answer: Answer) -> RenderableType:
    """Return a row for each figure."""
    flat = {name: value for name, value in answer.items() if name != "processing"}
    flat |= {f"processing_{name}": value for name, value in answer["processing"].items()}
    rows = [
        (name.replace("_", " "), value if isinstance(value, str) else _number(value)) for name, value in flat.items()
    ]
    return _table(("figure", "value"), rows, right=(1,))


def differences_table(differences: Iterable[Any]) -> RenderableType:
    """Return a row for each difference of ``upskeep.verify``."""
    rows = [(_time(one.time), one.type, one.field, _brief(one.then), _brief(one.now)) for one in differences]
    return _table(("time", "event", "what", "then", "now"), rows)


ANALYSES = {
    "anomalies": anomalies_table,
    "failures": failures_table,
    "frequency": frequency_table,
    "performance": performance_table,
}


def show(thing: RenderableType) -> None:
    """Print it, no narrower than its words: what does not fit a terminal is broken by that, not cut."""
    out = console()
    out.width = max(out.width, Measurement.get(out, out.options.update(width=1000), thing).minimum)
    out.print(thing)


def _table(names: Sequence[str], rows: Iterable[Sequence[Any]], right: Sequence[int] = ()) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for at, name in enumerate(names):
        last = at == len(names) - 1
        table.add_column(name, justify="right" if at in right else "left", no_wrap=not last)
    for row in rows:
        table.add_row(*(cell if isinstance(cell, Text) else Text(str(cell)) for cell in row))
    return table


def _brief(value: object) -> str:
    text = "-" if value is None else str(value)
    return text if len(text) <= 40 else text[:39] + "…"


def _severity(name: str) -> Text:
    return Text(name, style=COLOURS[Severity(name)])


def _time(text: str | None) -> str:
    return "-" if text is None else f"{text[:10]} {text[11:16]}Z"


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"


def _outages(outages: Answer | None) -> str:
    if outages is None or not outages["count"]:
        return "-"
    lasts = ", lasts" if outages["ongoing"] else ""
    at_least = "" if outages["complete"] else "at least "
    return f"{at_least}{outages['count']} in all {lasting(outages['total_s'])}{lasts}"


def _busiest(hour: Answer | None) -> str:
    return "-" if hour is None else f"{_time(hour['start'])} ({hour['count']:,})"


def _spark(counts: Sequence[int]) -> str:
    top = max(1, *counts)
    return "".join("▁▂▃▄▅▆▇█"[round(7 * count / top)] if count else "·" for count in counts[:HOURS])
