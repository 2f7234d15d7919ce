"""What anybody may write into an event, shown: no escape, no forged line, no turned text, no formula."""

from __future__ import annotations

import csv
import io
import json
import logging
import unicodedata
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.foreign_text import OneRecordOneEntry, csv_cell, html_text, json_text, lines, markdown_text, one_line

BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"
NASTY = st.sampled_from(
    [*map(chr, range(0x20)), *map(chr, range(0x7F, 0xA0)), *BIDI, "\u2028", "\u2029", "\ufeff", "\u200b"]
)
TEXTS = st.lists(NASTY | st.characters() | st.sampled_from(["\x1b[2J", "\x1b]0;x\x07", "=1+1", "<b>"])).map("".join)
each_text = given(TEXTS)


def harmless(text: str) -> bool:
    """No sign that steers: controls, formats (bidi, zero width), line and paragraph separators, surrogates."""
    return not {unicodedata.category(sign) for sign in text} & {"Cc", "Cf", "Zl", "Zp", "Cs"}


@each_text
def test_a_line_stays_a_line_and_steers_nothing(text: str) -> None:
    """Each sign in its place, so that what is drawn beside it is too."""
    shown = one_line(text)
    assert harmless(shown)
    assert len(text) == len(shown)
    assert len(shown.splitlines()) <= 1


@each_text
def test_what_is_shown_is_shown_as_it_is_again(text: str) -> None:
    """Where two places make it safe, it is not spoilt."""
    assert one_line(text) == one_line(one_line(text))


@given(st.text(st.characters(categories=("L", "N", "P", "S")) | st.just(" ")))
def test_ordinary_text_is_left_alone(text: str) -> None:
    """In any language."""
    assert text == one_line(text)


@each_text
def test_several_lines_are_indented_and_harmless(text: str) -> None:
    """Only its own line breaks stay."""
    first, *further = lines(text, indent="    ").split("\n")
    assert text.count("\n") == len(further)
    assert all(line.startswith("    ") for line in further)
    assert all(map(harmless, (first, *further)))


@given(st.recursive(TEXTS | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner), max_leaves=5))
def test_json_reads_back_as_it_was_and_is_harmless(content: object) -> None:
    """In a terminal as in a program."""
    text = json_text(content, indent=2)
    assert content == json.loads(text)
    assert all(map(harmless, text.split("\n")))


@each_text
def test_a_cell_is_no_formula(text: str) -> None:
    """Whatever it begins with; a number stays one."""
    out = io.StringIO()
    csv.writer(out).writerow([csv_cell(text), "next"])
    cell, following = next(csv.reader([out.getvalue()]))
    assert "next" == following
    assert not cell or (cell[0] not in "=@\t\r" and (cell[0] not in "+-" or cell.lstrip("+-")[:1].isdigit()))
    assert harmless(cell)


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("-3.2", "-3.2"),
        ("+4", "+4"),
        ("1e-3", "1e-3"),
        ("-2+3+cmd|' /C calc'!A0", "'-2+3+cmd|' /C calc'!A0"),
        ("=1", "'=1"),
    ],
)
def test_numbers_stay_numbers(text: str, cell: str) -> None:
    """And what only begins like one does not."""
    assert cell == csv_cell(text)


@each_text
def test_html_holds_text_and_no_tag(text: str) -> None:
    """Read back it is what a line shows."""
    found: list[str] = []

    class Parser(HTMLParser):
        def handle_starttag(self, tag: str, attrs: object) -> None:
            raise AssertionError(f"{tag} {attrs}")

        def handle_data(self, data: str) -> None:
            found.append(data)

    parser = Parser()
    parser.feed(html_text(text))
    parser.close()
    assert one_line(text) == "".join(found)


@each_text
def test_markdown_holds_no_cell_or_mark(text: str) -> None:
    """Every sign of Markdown's own is escaped."""
    shown = markdown_text(text)
    assert harmless(shown)
    plain = shown.replace("\\\\", "")
    assert all(plain[at - 1] == "\\" for at, sign in enumerate(plain) if sign in "|*`[]<>")


@each_text
def test_no_record_of_a_log_passes_for_two(text: str) -> None:
    """Further lines are indented, and none steers the terminal."""
    record = logging.LogRecord("x", logging.INFO, "f", 1, "refused: %s", (text,), None)
    entry = OneRecordOneEntry("%(levelname)s %(message)s").format(record)
    first, *further = entry.split("\n")
    assert first.startswith("INFO refused: ")
    assert all(line.startswith("    ") for line in further)
    assert all(map(harmless, (first, *further)))


def test_an_escape_is_seen() -> None:
    """What was there is shown, and not dropped."""
    assert "␛[31mred␛[0m␊next�" == one_line("\x1b[31mred\x1b[0m\nnext\u202e")
