"""How messages look in a terminal: one line each, the worst in colour."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from shared.messages import Alert, AlertState, Counter, Event, Message, Severity

COLOURS = {Severity.INFO: "green", Severity.WARNING: "yellow", Severity.ERROR: "red", Severity.CRITICAL: "bold red"}
TOLD = 6


def line(message: Message) -> Text | None:
    """Return one line for an event or an alert, None for what is not shown."""
    if isinstance(message, Event):
        return _event_line(message)
    if isinstance(message, Alert):
        return _alert_line(message)
    return None


def _event_line(event: Event) -> Text:
    text = Text().append(f"{event.time:%H:%M:%S}  ", style="dim")
    text.append(f"{event.type:<28}", style=COLOURS[event.severity])
    text.append(f"{event.severity:<9}", style=COLOURS[event.severity])
    text.append(f"{event.device or '-':<10}", style="cyan")
    text.append("  ".join(f"{key}={_plain(value)}" for key, value in list(event.data.items())[:TOLD]))
    return text


def _alert_line(alert: Alert) -> Text:
    calm = alert.state is AlertState.RESOLVED
    colour = "green" if calm else COLOURS[alert.severity]
    text = Text().append(f"{alert.time:%H:%M:%S}  ", style="dim")
    text.append(f"ALERT {alert.state.upper()}  ", style=f"reverse {colour}")
    text.append(f" {alert.message}", style=colour)
    return text


def _plain(value: object) -> str:
    text = str(value)
    return text if len(text) <= 40 else text[:39] + "…"


def counter_table(counters: Iterable[Counter]) -> Table:
    """Return the counters as a table, most counted first."""
    table = Table("event", "total", "last hour", "last day", "last time", box=None, header_style="bold", pad_edge=False)
    for column in table.columns[1:4]:
        column.justify = "right"
    for counter in sorted(counters, key=lambda c: (-c.total, c.type)):
        when = f"{counter.last_time:%Y-%m-%d %H:%M:%S}Z"
        table.add_row(counter.type, str(counter.total), str(counter.last_hour), str(counter.last_day), when)
    return table


def alert_table(alerts: Iterable[Alert]) -> Table:
    """Return the alerts as a table, firing ones first."""
    table = Table("alert", "key", "state", "severity", "since", "what", box=None, header_style="bold", pad_edge=False)
    for alert in sorted(alerts, key=lambda a: (a.state is AlertState.RESOLVED, a.rule, a.key)):
        colour = "green" if alert.state is AlertState.RESOLVED else COLOURS[alert.severity]
        since = f"{alert.since:%Y-%m-%d %H:%M:%S}Z"
        table.add_row(alert.rule, alert.key, Text(alert.state, style=colour), alert.severity, since, alert.message)
    return table


def silence_table(silences: Iterable[Mapping[str, Any]]) -> Table:
    """Return silences as a table, in the order given."""
    table = Table("silence", "matchers", "until", "by", "why", box=None, header_style="bold", pad_edge=False)
    for silence in silences:
        until = f"{silence['ends'][:19].replace('T', ' ')}Z"
        matchers = Text(" ".join(silence["matchers"]))
        table.add_row(silence["id"][:8], matchers, until, Text(silence["by"]), Text(silence["comment"]))
    return table


def console(stderr: bool = False) -> Console:
    """Return a console that does not break lines that are meant to be one."""
    return Console(stderr=stderr, soft_wrap=True, highlight=False)
