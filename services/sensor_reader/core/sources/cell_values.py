"""A recording's cell as text becomes a channel's value, as the programs write it that export recordings."""

from __future__ import annotations

import math
import re

from shared.messages import Scalar
from shared.quantities import FACTS, QUANTITIES, WORDS

_BOOLEAN_WORDS = {"true": True, "false": False, "on": True, "off": False}
_BOOLEANS = FACTS.keys() - WORDS
# What Home Assistant, InfluxDB and Grafana write where there was no value.
ABSENT = frozenset({"", "unavailable", "unknown", "none", "null", "undefined"})
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+\Z")
_MAY_BE_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}\Z")


def is_absent(channel: str, text: str) -> bool:
    """Whether a cell says that its channel was not read; a channel of words may have such a word of its own."""
    return not text or (channel not in WORDS and text.lower() in ABSENT)


def cell_value(channel: str, text: str, *, comma: bool = False) -> Scalar:
    """Return what ``text`` says for ``channel``; raises ValueError that names both when it cannot be that.

    A quantity must be a finite number, with its unit or without; a yes-or-no fact true, false, on or off; an unknown
    channel takes what it gets. ``comma``: numbers have a decimal comma, and so 1,234 is one and a bit.
    """
    word = _BOOLEAN_WORDS.get(text.lower())
    if channel in _BOOLEANS:
        if word is None:
            raise ValueError(f"{channel}: must be true or false (got {text!r})")
        return word
    if channel in FACTS:
        return text
    if channel in QUANTITIES:
        number = _number(text, comma=comma)
        if number is None:
            number = _number(text.removesuffix(QUANTITIES[channel].unit).rstrip(), comma=comma)
        if number is None:
            raise ValueError(f"{channel}: not a number (got {text!r:.60})")
        return number
    if word is not None and text.lower() in ("true", "false"):
        return word
    number = _number(text, comma=comma)
    return text if number is None else number


def _number(text: str, *, comma: bool) -> float | None:
    if _DECIMAL_COMMA.match(text) and (comma or not _MAY_BE_THOUSANDS.match(text)):
        text = text.replace(",", ".")
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
