"""How messages look in a terminal: one line each, the worst in colour. Times are UTC and say so by a Z."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from rich.console import Console, RenderableType
from rich.measure import Measurement
from rich.text import Text

from shared.messages import Alert, AlertState, Counter, Event, Message, Severity
from upskeep.outcome import OF_THE_SUITE
from upskeep.text.table import FittedTable

COLOURS = {Severity.INFO: "green", Severity.WARNING: "yellow", Severity.ERROR: "red", Severity.CRITICAL: "bold red"}
ALIGHT = (AlertState.FIRING, AlertState.ACKNOWLEDGED)
TOLD = 6
LONGEST = 40
WIDE = 160  # signs a row where there is no terminal
INDENT = 4
UNBOUND = 1000
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z\Z")


def news(message: Message) -> bool:
    """Whether it is news to who looks on: what a service says of its start is not, nor what may become an alert."""
    if isinstance(message, Event):
        return message.type not in OF_THE_SUITE or message.severity is not Severity.INFO
    if isinstance(message, Alert):
        return message.state is not AlertState.PENDING and message.reason != "passed"
    return False


def line(message: Message) -> Text | None:
    """Return one line for an event or an alert, None for what is not shown."""
    if isinstance(message, Event):
        return event_line(message)
    if isinstance(message, Alert):
        return _alert_line(message)
    return None


def event_line(event: Event, dated: bool = False) -> Text:
    """Return one line, with its day if ``dated``."""
    text = Text().append(f"{event.time:%Y-%m-%d %H:%M:%S}Z  " if dated else f"{event.time:%H:%M:%S}Z  ", style="dim")
    text.append(f"{event.type:<25} ", style=COLOURS[event.severity])
    text.append(f"{event.severity:<8}  ", style=COLOURS[event.severity])
    text.append(f"{event.device or '-':<8}  ", style="cyan")
    facts = list(event.data.items())[:TOLD]
    text.append("  ".join(f"{key}={_plain(value, event.time)}" for key, value in facts))
    text.rstrip()
    return text


def _alert_line(alert: Alert) -> Text:
    calm = alert.state is AlertState.RESOLVED
    colour = "green" if calm else COLOURS[alert.severity]
    text = Text().append(f"{alert.time:%H:%M:%S}Z  ", style="dim")
    text.append(f"ALERT {alert.state.upper()}", style=f"reverse {colour}")
    text.append(f"  {alert.rule}  {_said(alert)}", style=colour)
    return text


def _said(alert: Alert) -> str:
    """Return what its rule has people told while it is alight, or else what was found."""
    return (alert.annotations.get("summary") if alert.state in ALIGHT else None) or alert.message


def _plain(value: object, when: datetime) -> str:
    """Return a value in few signs: a time of the same day without its date."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value)
    if INSTANT.match(text):
        return text[11:19] + "Z" if text.startswith(f"{when:%Y-%m-%d}") else f"{text[:10]} {text[11:19]}Z"
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def tell(out: Console, text: Text) -> None:
    """Print a line that is not to become two: a terminal gets as much as there is room for."""
    if out.is_terminal:
        text.truncate(out.width, overflow="ellipsis")
    out.print(text)


def tell_all(out: Console, text: Text) -> None:
    """Print a line whole: what does not fit a terminal goes on below, indented."""
    if not out.is_terminal or text.cell_len <= out.width:
        out.print(text)
        return
    first = text.wrap(out, out.width)[0]
    out.print(first)
    rest = text[len(first.plain) :]
    rest.plain = rest.plain.lstrip()
    for each in rest.wrap(out, out.width - INDENT):
        out.print(Text(" " * INDENT) + each)


def counter_table(counters: Iterable[Counter]) -> FittedTable:
    """Return the counters as a table, most counted first."""
    rows = [
        (each.type, f"{each.total:,}", f"{each.last_hour:,}", f"{each.last_day:,}", _second(each.last_time))
        for each in sorted(counters, key=lambda c: (-c.total, c.type))
    ]
    return FittedTable(("event", "total", "last hour", "last day", "last time"), rows, right=(1, 2, 3))


def alert_table(alerts: Iterable[Alert]) -> FittedTable:
    """Return the alerts as a table, firing ones first."""
    order = [*ALIGHT, AlertState.PENDING, AlertState.RESOLVED]
    rows = [
        (alert.rule, alert.key, _state(alert), alert.severity.value, _second(alert.since), _said(alert))
        for alert in sorted(alerts, key=lambda a: (order.index(a.state), a.rule, a.key))
    ]
    return FittedTable(("alert", "key", "state", "severity", "since", "what"), rows, spare=(3,))


def _state(alert: Alert) -> Text:
    calm = {AlertState.RESOLVED: "green", AlertState.PENDING: "dim"}
    return Text(alert.state.value, style=calm.get(alert.state, COLOURS[alert.severity]))


def silence_table(silences: Iterable[Mapping[str, Any]]) -> FittedTable:
    """Return silences as a table, in the order given."""
    rows = [
        (
            each["id"][:8],
            " ".join(each["matchers"]),
            f"{each['ends'][:19].replace('T', ' ')}Z",
            each["by"],
            each["comment"],
        )
        for each in silences
    ]
    return FittedTable(("silence", "matchers", "until", "by", "why"), rows)


def _second(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S}Z"


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
