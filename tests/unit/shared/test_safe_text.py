"""Foreign text that is shown."""

from __future__ import annotations

import csv
import io
import json
import logging
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.safe_log import SafeFormatter
from shared.safe_text import (
    safe_cell,
    safe_json,
    safe_lines,
    safe_markdown,
    safe_text,
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, °C, ₂, é, 電池, 🔋", "plain, °C, ₂, é, 電池, 🔋"),
        ("\x1b[31mred\x1b]0;title\x07", "\\x1b[31mred\\x1b]0;title\\x07"),
        ("\x9b31m", "\\x9b31m"),
        ("a\n12:00:00Z  FAKE", "a\\n12:00:00Z  FAKE"),
        ("a\rb\tc", "a\\rb\\tc"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("1\u2028 2", "1\\u2028 2"),
        ("3\u00a0V", "3 V"),
        ("\ud800", "\\ud800"),
    ],
)
def test_what_is_not_printable_is_shown_as_what_it_is(text: str, shown: str) -> None:
    assert shown == safe_text(text)


@given(st.text())
def test_nothing_unprintable_is_left(text: str) -> None:
    assert safe_text(text).isprintable()
    assert safe_lines(text).replace("\n", "").isprintable()


@given(st.recursive(st.text() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_json_means_the_same(value: Any) -> None:
    text = safe_json(json.dumps(value, indent=2, ensure_ascii=False))
    assert value == json.loads(text)
    assert text.replace("\n", "").isprintable()


BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"
NASTY = st.sampled_from(
    [*map(chr, range(0x20)), *map(chr, range(0x7F, 0xA0)), *BIDI, "\u2028", "\u2029", "\ufeff", "\u200b", "\ud800"]
)
PIECES = st.sampled_from(["\x1b[2J", "\x1b]0;x\x07", "=1+1", "<b>", "|"])
FOREIGN = st.lists(NASTY | st.characters() | PIECES).map("".join)


def harmless(text: str) -> bool:
    """No sign that steers: controls, formats (bidi, zero width), line and paragraph separators, surrogates."""
    return not {unicodedata.category(sign) for sign in text} & {"Cc", "Cf", "Zl", "Zp", "Cs"}


@given(FOREIGN)
def test_a_cell_is_no_formula(text: str) -> None:
    """Whatever it begins with."""
    out = io.StringIO()
    csv.writer(out).writerow([safe_cell(text), "next"])
    cell, following = next(csv.reader([out.getvalue()]))
    assert "next" == following
    assert not cell or (cell[0] not in "=@\t\r" and (cell[0] not in "+-" or cell.lstrip("+-")[:1].isdigit()))
    assert harmless(cell)


@pytest.mark.parametrize(
    ("text", "cell"),
    [("-3.2", "-3.2"), ("+4", "+4"), ("1e-3", "1e-3"), ("-2+3+cmd|' /C calc'!A0", "'-2+3+cmd|' /C calc'!A0")],
)
def test_numbers_stay_numbers(text: str, cell: str) -> None:
    """And what only begins like one does not."""
    assert cell == safe_cell(text)


@given(FOREIGN)
def test_markdown_holds_no_cell_or_mark(text: str) -> None:
    """Every sign of Markdown's own is escaped."""
    shown = safe_markdown(text)
    assert harmless(shown)
    plain = shown.replace("\\\\", "")
    assert all(plain[at - 1] == "\\" for at, sign in enumerate(plain) if sign in "|*`[]<>")


@given(FOREIGN)
def test_no_record_of_a_log_passes_for_two(text: str) -> None:
    """Further lines are indented, and none steers a terminal that shows the log."""
    record = logging.LogRecord("x", logging.INFO, "f", 1, "refused: %s", (text,), None)
    first, *further = SafeFormatter("%(levelname)s %(message)s").format(record).split("\n")
    assert first.startswith("INFO refused: ")
    assert all(line.startswith("    ") for line in further)
    assert all(map(harmless, (first, *further)))
