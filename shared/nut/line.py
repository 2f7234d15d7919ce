"""Words of a line in NUT's network protocol (RFC 9271, NUT docs/net-protocol.txt).

Words are parted by spaces. A word with spaces stands in double quotes; a backslash takes the next letter as it is.
"""

from __future__ import annotations


class OpenQuoteError(ValueError):
    """A line ends inside of a quoted word."""


def words(line: str) -> tuple[str, ...]:
    """Return the words of a line, quotes and escapes resolved; raises OpenQuoteError."""
    found: list[str] = []
    word: str | None = None
    quoted = False
    letters = iter(line)
    for letter in letters:
        if letter == "\\":
            word = (word or "") + next(letters, "")
        elif letter == '"':
            quoted, word = not quoted, word or ""
        elif letter == " " and not quoted:
            found += [] if word is None else [word]
            word = None
        else:
            word = (word or "") + letter
    if quoted:
        raise OpenQuoteError(f"a quote is left open in {line!r:.80}")
    return tuple(found) if word is None else (*found, word)


def quote(word: str) -> str:
    """Return ``word`` so that ``words`` gives it back: in quotes, escaped."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
