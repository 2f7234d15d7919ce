"""Foreign text made safe to show: what a sender puts into an event must not move a cursor or forge a line.

Every character that is not printable (control characters, terminal escapes in 7 and 8 bits, directions of writing, line
and paragraph separators) is written as its escape in Python; any space but the plain one becomes a plain one.
"""

from __future__ import annotations

import unicodedata


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


def _shown(sign: str) -> str:
    if sign.isprintable():
        return sign
    return " " if unicodedata.category(sign) == "Zs" else sign.encode("unicode_escape").decode("ascii")


def _json_escape(sign: str) -> str:
    """Return the character as JSON writes it: beyond 16 bits as a pair of surrogates."""
    units = sign.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at] << 8 | units[at + 1]:04x}" for at in range(0, len(units), 2))
