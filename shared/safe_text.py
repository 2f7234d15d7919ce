"""Foreign text made safe to show: what a sender puts into an event must not move a cursor or forge a line.

Every character that is not printable (control characters, terminal escapes in 7 and 8 bits, directions of writing, line
and paragraph separators) is written as its escape in Python; any space but the plain one becomes a plain one. The
functions say where their text may stand: a terminal, JSON, a cell of CSV, Markdown, a log. In HTML it is
``safe_text`` or ``safe_lines``, escaped by Jinja.
"""

from __future__ import annotations

import re
import unicodedata

_FORMULA = re.compile(r"[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)*([eE][+-]?\d+)?%?\Z")
_MARKDOWN = str.maketrans({sign: f"\\{sign}" for sign in "\\|*`[]<>"})


def safe_text(text: str) -> str:
    """Return text that stays on its line and does nothing to a terminal."""
    return text if text.isprintable() else "".join(map(_shown, text))


def safe_lines(text: str) -> str:
    """Return text of several lines, each safe; for texts whose line breaks are ours."""
    return "\n".join(safe_text(line) for line in text.split("\n"))


def safe_json(text: str) -> str:
    """Return JSON that means the same and holds no unprintable character besides its own line breaks."""
    if text.replace("\n", "").isprintable():
        return text
    return "".join(sign if sign == "\n" or sign.isprintable() else _json_escape(sign) for sign in text)


def safe_cell(text: str) -> str:
    """Return a cell of CSV that people open in a spreadsheet: no formula, whatever it begins with; numbers stay."""
    shown = safe_text(text)
    return f"'{shown}" if _FORMULA.match(text) and not _NUMBER.match(text) else shown


def safe_markdown(text: str) -> str:
    """Return text for one line or cell of Markdown, with its own signs escaped."""
    return safe_text(" ".join(text.split())).translate(_MARKDOWN)


def _shown(sign: str) -> str:
    if sign.isprintable():
        return sign
    return " " if unicodedata.category(sign) == "Zs" else sign.encode("unicode_escape").decode("ascii")


def _json_escape(sign: str) -> str:
    """Return the character as JSON writes it: beyond 16 bits as a pair of surrogates."""
    units = sign.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at] << 8 | units[at + 1]:04x}" for at in range(0, len(units), 2))
