"""Whatever somebody puts into an event, a comment or a status: it does nothing to the terminal of who looks."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
from rich.console import Console, RenderableType

from shared.event_text.sentence import parse_sentence
from shared.event_text.texts import TypeText
from shared.messages import Alert, Counter, Event
from upskeep.text.message_text import LineStyle, alert_table, event_line, line, print_line, print_whole, silence_table
from upskeep.text.payload_text import payload_line

EVIL = "x\x1b]0;title\x07\x1b[2J\x9b31m\u202e\r\n12:00:00Z  critical  ups  FORGED"
COLOUR = re.compile(r"\x1b\[[0-9;]*m|\x1b\]8;[^\x1b]*\x1b\\\\")  # what our own styles write
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
STYLES = [
    LineStyle(),
    LineStyle(data=True),
    LineStyle({"X": TypeText(EVIL, parse_sentence("[{text}]{text|a}"))}),
]


def event(**more: Any) -> Event:
    made = {"id": "1", "type": "X", "category": "power", "severity": "info", "time": NOON, "site": "home"}
    return Event.model_validate({**made, "data": {"text": EVIL, "list": [EVIL], "of": {EVIL: EVIL}}, **more})


def alert() -> Alert:
    return Alert.model_validate(
        {
            "rule": "r",
            "key": "k",
            "state": "firing",
            "severity": "warning",
            "since": NOON,
            "time": NOON,
            "value": 1,
            "threshold": 1,
            "window_s": 0,
            "reason": "held",
            "message": EVIL,
            "annotations": {"summary": EVIL},
        }
    )


def shown(thing: RenderableType | None, width: int, how: Any = None) -> str:
    out = Console(file=StringIO(), width=width, force_terminal=True, color_system="standard", soft_wrap=True)
    assert thing is not None
    if how is None:
        out.print(thing)
    else:
        how(out, thing)
    return COLOUR.sub("", out.file.getvalue())  # type: ignore[attr-defined]


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("how", [print_line, print_whole])
@pytest.mark.parametrize("width", [80, 2000])
def test_a_line_stays_a_line(style: LineStyle, how: Any, width: int) -> None:
    for text in (
        event_line(event(), style=style),
        line(alert(), style),
        payload_line("state/x", f'{{"a": "{EVIL[:1]}\\u001b[2J\\n", "b": ["\\u009b"]}}', style),
        payload_line("state/x", EVIL, style),
        payload_line(EVIL, EVIL, style),
    ):
        assert text is not None
        rows = shown(text.copy(), width, how).splitlines()
        assert all(row.isprintable() for row in rows)
        assert 1 == len(rows) or how is print_whole
        assert not any(row.lstrip().startswith("12:00:00Z  critical") for row in rows)


@pytest.mark.parametrize("width", [80, 2000])
def test_a_cell_stays_a_cell(width: int) -> None:
    silence = {"id": EVIL, "matchers": [EVIL], "ends": "2026-01-31T12:00:00Z", "by": EVIL, "comment": EVIL}
    counter = Counter(type="X", total=1, last_hour=0, last_day=0, last_time=NOON, as_of=NOON)
    for table in (alert_table([alert()]), silence_table([silence]), counter_table_of(counter)):
        rows = shown(table, width).splitlines()
        assert all(row.isprintable() for row in rows)
        assert not any(row.lstrip().startswith("12:00:00Z  critical") for row in rows)


def counter_table_of(counter: Counter) -> RenderableType:
    from upskeep.text.message_text import counter_table

    return counter_table([counter])
