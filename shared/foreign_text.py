"""Text from outside, made safe for where it is shown: terminals, logs, JSON, CSV, HTML, Markdown.

Whoever may publish an event writes its words. Without care they move a terminal's cursor, begin a line of a log that
nobody logged, turn the direction of writing (Trojan Source) or become a formula of a spreadsheet. Nothing is dropped: a
sign that does not print is shown as another one, so that a person sees that it was there.
"""

from __future__ import annotations

import html
import json
import logging
import re
from typing import Any

UNPRINTABLE = "\ufffd"
_PICTURES = {code: chr(0x2400 + code) for code in range(0x20)} | {0x7F: "\u2421"}  # ESC is shown as ␛, LF as ␊
_FORMULA = re.compile(r"[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)*([eE][+-]?\d+)?%?\Z")
_MARKDOWN = str.maketrans({sign: f"\\{sign}" for sign in "\\|*`[]<>"})


def one_line(text: str) -> str:
    """Return text for one line of a terminal, each sign in its place: what does not print is shown as one that does."""
    return text if text.isprintable() else "".join(map(_shown, text))


def lines(text: str, indent: str = "") -> str:
    """Return text of several lines, each as ``one_line`` has it; those after the first begin with ``indent``."""
    return f"\n{indent}".join(one_line(line) for line in text.split("\n"))


def json_text(content: Any, indent: int | None = None) -> str:
    """Return JSON that may be read in a terminal: signs that do not print are escaped, and it reads back as it was."""
    text = json.dumps(content, indent=indent, ensure_ascii=False)
    return "".join(sign if sign.isprintable() or sign == "\n" else _escape(sign) for sign in text)


def csv_cell(text: str) -> str:
    """Return text for a cell that people open in a spreadsheet: no formula, whatever it begins with."""
    shown = one_line(text)
    return f"'{shown}" if _FORMULA.match(text) and not _NUMBER.match(text) else shown


def html_text(text: str) -> str:
    """Return text for HTML, attributes included."""
    return html.escape(one_line(text), quote=True)


def markdown_text(text: str) -> str:
    """Return text for one line or cell of Markdown, with its own signs escaped."""
    return one_line(" ".join(text.split())).translate(_MARKDOWN)


class OneRecordOneEntry(logging.Formatter):
    """A log's format in which no record can pass for two: its further lines are indented."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the library's name
        """Return the entry, without its traceback."""
        record.message = lines(record.message, indent="    ")
        return super().formatMessage(record)


def _shown(sign: str) -> str:
    if sign.isprintable():
        return sign
    return (
        " "
        if sign.isspace() and ord(sign) > 0x7F and sign not in "\x85\u2028\u2029"
        else _PICTURES.get(ord(sign), UNPRINTABLE)
    )


def _escape(sign: str) -> str:
    return json.dumps(sign)[1:-1]
