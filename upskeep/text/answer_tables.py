"""Answers of counter_store as tables and lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from services.counter_store.adapters.reports.page import lasting
from shared.messages import Severity
from upskeep.text.message_text import COLOURS
from upskeep.text.table import FittedTable
from upskeep.text.times import IN_UTC, Times

Answer = Mapping[str, Any]
TREND = {"increasing": "▲ more", "decreasing": "▼ fewer", "stable": "steady", "insufficient_data": "too few"}
HOURS = 24


def statistics_table(answer: Answer, times: Times = IN_UTC) -> RenderableType:
    """Return a row for each type, the most frequent of the span first."""
    rows = [
        (
            *(one["type"], _number(one["total_count"]), _number(one["recent_count"]), _number(one["daily_average"])),
            *(TREND[one["trend"]], _time(one["last_occurrence"], times), *_outages(one["outages"])),
        )
        for one in sorted(answer["statistics"], key=lambda one: (-one["recent_count"], one["type"]))
    ]
    names = ("event", "total", _span(answer), "a day", "trend", "last then", "times", "lasted")
    return FittedTable(names, rows, right=(1, 2, 3, 6), spare=(6, 3, 4, 7))


def health_lines(answer: Answer, times: Times = IN_UTC) -> RenderableType:
    """Return score and grade, and what each factor takes."""
    score = Text().append(f"{answer['score']} of 100, {answer['grade']}", style="bold")
    score.append(f"  as of {_time(answer['as_of'], times)}", style="dim")
    rows = [
        (
            one["type"],
            _severity(one["severity"]),
            f"-{one['points']}",
            _number(one["episodes"]),
            _time(one["last"], times),
            one["remedy"],
        )
        for one in answer["factors"]
    ]
    names = ("event", "severity", "points", "episodes", "last", "what brings it back")
    return Group(score, *([FittedTable(names, rows, right=(2, 3), spare=(3, 4))] if rows else []))


def anomalies_table(answer: Answer, times: Times = IN_UTC) -> RenderableType:
    """Return a line for each unusual hour, worst first."""
    rows = [
        (_time(one["hour"], times), one["type"], _number(one["count"]), _number(one["usual"]), one["text"])
        for one in answer["anomalies"]
    ]
    found = (
        FittedTable(("hour", "event", "count", "usual", ""), rows, right=(2, 3)) if rows else Text("nothing unusual")
    )
    unjudged = answer["not_judged"]
    return Group(found, Text(f"too little history to judge: {', '.join(unjudged)}", style="dim")) if unjudged else found


def failures_table(answer: Answer, times: Times = IN_UTC) -> RenderableType:
    """Return a row for each device and error code."""
    rows = [
        (
            *(one["device"] or "-", one["error_code"], ", ".join(one["types"]), _number(one["failure_count"])),
            *(_number(one["episodes"]), _time(one["first"], times), _time(one["last"], times)),
        )
        for one in answer["patterns"]
    ]
    names = ("device", "code", "events", "failures", "episodes", "first", "last")
    return FittedTable(names, rows, right=(3, 4), spare=(5, 4)) if rows else Text("no failure came that often")


def frequency_table(answer: Answer, times: Times = IN_UTC) -> RenderableType:
    """Return a row for each type: how many an hour, and by hour of the day."""
    rows = [
        (
            one["type"],
            _number(one["count"]),
            _number(one["per_hour"]),
            _busiest(one["busiest"], times),
            _spark(one["by_hour_of_day"]),
        )
        for one in sorted(answer["types"], key=lambda one: (-one["count"], one["type"]))
    ]
    return FittedTable(("event", "count", "an hour", "busiest hour", "00h to 23h, UTC"), rows, right=(1, 2), spare=(3,))


def performance_table(answer: Answer, times: Times = IN_UTC) -> RenderableType:
    """Return a row for each figure."""
    flat = {name: value for name, value in answer.items() if name != "processing"}
    flat |= {f"processing_{name}": value for name, value in answer["processing"].items()}
    rows = [
        (name.replace("_", " "), _time(value, times) if isinstance(value, str) else _number(value))
        for name, value in flat.items()
    ]
    return FittedTable(("figure", "value"), rows, right=(1,))


def differences_table(differences: Iterable[Any], times: Times = IN_UTC) -> RenderableType:
    """Return a row for each difference of ``upskeep.playback.verify``."""
    rows = [(_time(one.time, times), one.type, one.field, _brief(one.then), _brief(one.now)) for one in differences]
    return FittedTable(("time", "event", "what", "then", "now"), rows)


ANALYSES = {
    "anomalies": anomalies_table,
    "failures": failures_table,
    "frequency": frequency_table,
    "performance": performance_table,
}


def _brief(value: object) -> str:
    text = "-" if value is None else str(value)
    return text if len(text) <= 40 else text[:39] + "…"


def _severity(name: str) -> Text:
    return Text(name, style=COLOURS[Severity(name)])


def _time(text: str | None, times: Times) -> str:
    return "-" if text is None else times.minute(text)


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    if value == int(value):
        return f"{value:,.0f}"
    return f"{value:,.2f}" if value >= 0.1 else f"{value:.2g}"


def _span(answer: Answer) -> str:
    days = next((one["days"] for one in answer["statistics"]), 0)
    return f"{days:g} day" + ("" if days == 1 else "s")


def _outages(outages: Answer | None) -> tuple[str, str]:
    """Return how often it began and how long it was all in all."""
    if outages is None or not outages["count"]:
        return "-", "-"
    least = "" if outages["complete"] else "at least "
    return least + _number(outages["count"]), lasting(outages["total_s"]) + (", still" if outages["ongoing"] else "")


def _busiest(hour: Answer | None, times: Times) -> str:
    return "-" if hour is None else f"{_time(hour['start'], times)} ({hour['count']:,})"


def _spark(counts: Sequence[int]) -> str:
    top = max(1, *counts)
    return "".join("▁▂▃▄▅▆▇█"[round(7 * count / top)] if count else "·" for count in counts[:HOURS])
