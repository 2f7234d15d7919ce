"""How messages look in a terminal: one line each, the worst in colour."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rich.console import Console, RenderableType
from rich.measure import Measurement
from rich.text import Text

from shared.event_text.texts import EventTexts, event_text
from shared.event_text.values import written
from shared.messages import Alert, AlertState, Counter, Event, Message, Severity
from shared.safe_text import safe_text
from upskeep.outcome import ALERTS, OF_THE_SUITE
from upskeep.text.table import FittedTable
from upskeep.text.times import IN_UTC, Times

COLOURS = {Severity.INFO: "green", Severity.WARNING: "yellow", Severity.ERROR: "red", Severity.CRITICAL: "bold red"}
ALIGHT = (AlertState.FIRING, AlertState.ACKNOWLEDGED)
SHOWN = 6  # fields
LONGEST = 40
WIDE = 160  # signs a row where there is no terminal
INDENT = 4
UNBOUND = 1000
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z\Z")


def news(message: Message) -> bool:
    """Whether it is news to somebody who watches.

    What a service reports of its start is none, nor what may become an alert. An alert is news once, and its event is
    not.
    """
    if isinstance(message, Event):
        if message.type in ALERTS:
            return False
        return message.type not in OF_THE_SUITE or message.severity is not Severity.INFO
    if isinstance(message, Alert):
        return message.state is not AlertState.PENDING and message.reason != "passed"
    return False


@dataclass(frozen=True, slots=True)
class LineStyle:
    """How lines are written: the words of each type, the zone of times, whether an event's fields are shown.

    ``width``: an event's words come without its type where both do not fit. None: there is room for everything.
    """

    texts: EventTexts = field(default_factory=dict)
    times: Times = IN_UTC
    data: bool = False
    width: int | None = None


PLAIN = LineStyle()


def line(message: Message, style: LineStyle = PLAIN) -> Text | None:
    """Return one line for an event or an alert, None for what is not shown."""
    if isinstance(message, Event):
        return event_line(message, style=style)
    if isinstance(message, Alert):
        return _alert_line(message, style)
    return None


def event_line(event: Event, dated: bool = False, style: LineStyle = PLAIN) -> Text:
    """Return one line, with its day if ``dated``: the event in words and its type; without words, its fields."""
    times, colour = style.times, COLOURS[event.severity]
    text = Text().append(f"{times.second(event.time) if dated else times.clock(event.time)}  ", style="dim")
    words = event_text(event, style.texts, times.zone)
    if words is None:
        text.append(f"{event.type:<25} ", style=colour)
    text.append(f"{event.severity:<8}  ", style=colour).append(f"{event.device or '-':<8}  ", style="cyan")
    if words is not None:
        text.append(f"{words}  ")
        if style.width is None or text.cell_len + len(event.type) <= style.width:
            text.append(f"{event.type}  ", style=f"dim {colour}")
    if words is None or style.data:
        facts = list(event.data.items())[: None if style.data else SHOWN]
        text.append("  ".join(f"{key}={_plain(value, event.time, times)}" for key, value in facts))
    text.rstrip()
    return text


def _alert_line(alert: Alert, style: LineStyle) -> Text:
    calm = alert.state is AlertState.RESOLVED
    colour = "green" if calm else COLOURS[alert.severity]
    text = Text().append(f"{style.times.clock(alert.time)}  ", style="dim")
    text.append(f"ALERT {alert.state.upper()}", style=f"reverse {colour}")
    text.append(f"  {alert.rule}  {_summary(alert)}", style=colour)
    if calm:
        text.append(f"; it began at {style.times.of_day(alert.since, alert.time)}", style="dim")
    return text


def _summary(alert: Alert) -> str:
    """Return the rule's own summary while the alert fires, or else what was found."""
    return (alert.annotations.get("summary") if alert.state in ALIGHT else None) or alert.message


def _plain(value: object, when: datetime, times: Times) -> str:
    """Return a value in few characters: a time of the same day without its date."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value) if isinstance(value, str | int | float) else written("", value, "any", when) or "-"
    if INSTANT.match(text):
        return times.of_day(datetime.fromisoformat(text), when)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def safe(text: Text) -> Text:
    """Return text in the same colours in which nothing that a sender wrote acts on a terminal."""
    if text.plain.isprintable():
        return text
    made = Text(style=text.style)
    for part in text.render(Console(color_system=None)):
        made.append(safe_text(part.text), part.style)
    return made


def print_line(out: Console, text: Text) -> None:
    """Print a line that is not to become two: a terminal gets as much as there is room for."""
    text = safe(text)
    if out.is_terminal:
        text.truncate(out.width, overflow="ellipsis")
    out.print(text)


def print_whole(out: Console, text: Text) -> None:
    """Print a line whole: what does not fit a terminal goes on below, indented."""
    text = safe(text)
    if not out.is_terminal or text.cell_len <= out.width:
        out.print(text)
        return
    first = text.wrap(out, out.width)[0]
    out.print(first)
    rest = text[len(first.plain) :]
    rest.plain = rest.plain.lstrip()
    for each in rest.wrap(out, out.width - INDENT):
        out.print(Text(" " * INDENT) + each)


def counter_table(counters: Iterable[Counter], times: Times = IN_UTC) -> FittedTable:
    """Return the counters as a table, most counted first."""
    rows = [
        (each.type, f"{each.total:,}", f"{each.last_hour:,}", f"{each.last_day:,}", times.second(each.last_time))
        for each in sorted(counters, key=lambda c: (-c.total, c.type))
    ]
    return FittedTable(("event", "total", "last hour", "last day", "last time"), rows, right=(1, 2, 3))


def alert_table(alerts: Iterable[Alert], times: Times = IN_UTC) -> FittedTable:
    """Return the alerts as a table, firing ones first."""
    order = [*ALIGHT, AlertState.PENDING, AlertState.RESOLVED]
    rows = [
        (alert.rule, alert.key, _state(alert), alert.severity.value, times.second(alert.since), _summary(alert))
        for alert in sorted(alerts, key=lambda a: (order.index(a.state), a.rule, a.key))
    ]
    return FittedTable(("alert", "key", "state", "severity", "since", "what"), rows, spare=(3,), below=True)


def _state(alert: Alert) -> Text:
    calm = {AlertState.RESOLVED: "green", AlertState.PENDING: "dim"}
    return Text(alert.state.value, style=calm.get(alert.state, COLOURS[alert.severity]))


def silence_table(silences: Iterable[Mapping[str, Any]], times: Times = IN_UTC) -> FittedTable:
    """Return silences as a table, in the order given."""
    rows = [
        (
            each["id"][:8],
            " ".join(each["matchers"]),
            times.second(each["ends"]),
            each["by"],
            each["comment"],
        )
        for each in silences
    ]
    return FittedTable(("silence", "matchers", "until", "by", "why"), rows, below=True)


def console(stderr: bool = False) -> Console:
    """Return a console that does not break lines that are meant to be one; into a pipe or file it is wide."""
    made = Console(stderr=stderr, soft_wrap=True, highlight=False)
    if not made.is_terminal and "COLUMNS" not in os.environ:
        made.width = WIDE
    return made


def show(thing: RenderableType) -> None:
    """Print it, no narrower than it can do with: what does not fit a terminal then is broken by that, not cut."""
    out = console()
    out.width = max(out.width, Measurement.get(out, out.options.update(width=UNBOUND), thing).minimum)
    out.print(thing)
