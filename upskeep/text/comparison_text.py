"""A comparison for a terminal, and as JSON that is written as it is read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from shared.safe_text import safe_json, safe_text
from upskeep.playback.compare import ALERT, Comparison, DifferenceCounts, Row
from upskeep.playback.differences import Kind
from upskeep.playback.settings_diff import ABSENT, Change
from upskeep.text.message_text import print_whole

SHOWN = 40  # differences, unless all are asked for
LONGEST = 72  # letters of a value
COLOURS = {Kind.ADDED: "green", Kind.REMOVED: "red", Kind.MOVED: "yellow", Kind.CHANGED: "cyan"}
COLUMNS = ("before", "after", *Kind)
UNITS = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def show(found: Comparison, console: Console, before: str, after: str, most: int | None = SHOWN) -> None:
    """Print it: settings, counts, then up to ``most`` differences."""
    console.print(Text(f"{before} → {after}", style="bold"))
    for change in found.settings:
        console.print(_setting(change))
    if not found.settings:
        console.print("  no setting that a backtest goes by differs")
    console.print(f"\n{_span(found)}\n")
    for name, tallies in (("event", found.events), ("alert", found.alerts)):
        if any(not tally.same for tally in tallies.values()):
            console.print(_table(name, tallies))
            console.print()
    if any(hours["apart_h"] for ran in found.climate.values() for hours in ran.values()):
        console.print(_climate_table(found.climate))
        console.print()
    console.print(_rest(found))
    if found.alerts_since is not None:
        console.print(f"alerts are compared from {_when(found.alerts_since)} on: no more of their changes are kept")
    if not found.same:
        console.print()
        for row in found.kept.rows(most):
            print_whole(console, _difference(row))
    if most is not None and found.kept.total > most:
        console.print(f"… and {found.kept.total - most:,} more: --all shows them")


def json_lines(found: Comparison, most: int | None = SHOWN) -> Iterator[str]:
    """Yield the lines of one JSON object; the differences come last and are not held at once."""
    left_out = 0 if most is None else max(0, found.kept.total - most)
    head = json.dumps({**found.head(), "left_out": left_out}, indent=2, ensure_ascii=False)
    yield head.removesuffix("\n}") + ","
    yield '  "differences": ['
    comma = ""
    for row in found.kept.rows(most):
        if comma:
            yield comma
        comma = "    " + safe_json(json.dumps(row, ensure_ascii=False)) + ","
    if comma:
        yield comma.removesuffix(",")
    yield "  ]"
    yield "}"


def _setting(change: Change) -> Text:
    text = Text("  ").append(f"{change.file}  ", style="dim").append(f"{change.path}: " if change.path else "")
    return (
        text.append(_value(change.before, change.path), "red")
        .append(" → ")
        .append(_value(change.after, change.path), "green")
    )


def _value(value: Any, path: str = "-") -> str:
    if value is ABSENT:
        return "not there"
    if not path:
        return "there"
    text = value.replace(".000000Z", "Z") if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return safe_text(text if len(text) <= LONGEST else text[: LONGEST - 1] + "…")


def _span(found: Comparison) -> str:
    span = "" if found.first_time is None else f" from {_when(found.first_time)} to {_when(found.last_time)}"
    return f"{found.frames:,} frames{span}"


def _table(name: str, tallies: Mapping[str, DifferenceCounts]) -> Table:
    table = Table(name, *COLUMNS, box=None, header_style="bold", pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    for each, tally in tallies.items():
        if not tally.same:
            counts = (_count(getattr(tally, kind), COLOURS[kind]) for kind in Kind)
            table.add_row(safe_text(each), str(tally.before), str(tally.after), *counts)
    return table


def _climate_table(climate: Mapping[str, Mapping[str, Mapping[str, float]]]) -> Table:
    """Return for how long each actuator would have run at full level; those that differ nowhere are left out."""
    columns = ("zone", "actuator", "before", "after", "elsewhere for")
    table = Table(*columns, box=None, header_style="bold", pad_edge=False)
    for column in table.columns[2:]:
        column.justify = "right"
    for zone, ran in climate.items():
        for name, hours in ran.items():
            if hours["apart_h"]:
                table.add_row(safe_text(zone), safe_text(name), *(f"{each:,.1f} h" for each in hours.values()))
    return table


def _count(count: int, colour: str) -> Text:
    return Text(str(count), colour) if count else Text("-", "dim")


def _rest(found: Comparison) -> str:
    """Say what is the same: how many events of how many types, how many alerts."""
    events = [tally.after for tally in found.events.values() if tally.same]
    alerts = [tally.after for tally in found.alerts.values() if tally.same]
    parts = [_number(sum(events), "event") + f" of {_number(len(events), 'type')}"] if events else []
    parts += [_number(sum(alerts), "alert")] if alerts else []
    unchanged = " and ".join(parts)
    if found.same:
        return f"the results are the same: {unchanged or 'nothing'}"
    return f"unchanged: {unchanged}" if unchanged else "nothing else changes"


def _number(count: int, what: str) -> str:
    return f"{count:,} {what}" + ("" if count == 1 else "s")


def _difference(row: Row) -> Text:
    kind = Kind(row["kind"])
    before, after = row["before"], row["after"]
    at = datetime.fromisoformat((after or before)["time"])
    text = Text().append(f"{kind:<8}", COLOURS[kind]).append(f"{_when(at)}  ", style="dim")
    text.append(f"{'ALERT ' if row['what'] == ALERT else ''}{row['name']}  ", "bold")
    text.append(f"{row['device']}  " if row["device"] else "", "cyan")
    if kind is Kind.MOVED:
        text.append(f"{_apart(row['shift_s'])}  ", COLOURS[kind])
    return text.append("  ".join(_reasons(before, after)))


def _reasons(before: Row | None, after: Row | None) -> Iterator[str]:
    """Yield what speaks for it, ``old→new`` where the two differ."""
    old, new = _fields(before or after), _fields(after or before)
    for name in [*new, *(name for name in old if name not in new)]:
        was, is_ = _value(old.get(name, ABSENT)), _value(new.get(name, ABSENT))
        if was != is_:
            yield f"{name}={was}→{is_}"
        elif name not in ("severity", "zone"):
            yield f"{name}={is_}"


def _fields(occurrence: Row | None) -> dict[str, Any]:
    assert occurrence is not None  # noqa: S101 - one of the two is there
    return {"severity": occurrence["severity"], "zone": occurrence["zone"], **occurrence["data"]}


def _apart(seconds: float) -> str:
    """Say a shift in its two largest units: ``41 min 5 s later``."""
    left, parts = round(abs(seconds)), []
    for size, unit in UNITS:
        if left >= size:
            parts.append(f"{left // size} {unit}")
            left %= size
    return f"{' '.join(parts[:2]) or 'less than 1 s'} {'later' if seconds > 0 else 'earlier'}"


def _when(time: datetime | None) -> str:
    return "-" if time is None else f"{time:%Y-%m-%d %H:%M:%S}Z"
