"""A recording's cell as text becomes a channel's value."""

from __future__ import annotations

import math

from shared.messages import Scalar
from shared.quantities import FACTS, QUANTITIES, WORDS

_BOOLEAN_WORDS = {"true": True, "false": False}
_BOOLEANS = FACTS.keys() - WORDS


def cell_value(channel: str, text: str) -> Scalar:
    """Return what ``text`` says for ``channel``; raises ValueError that names both when it cannot be that.

    A quantity must be a finite number, a yes-or-no fact true or false; an unknown channel takes what it gets.
    """
    word = _BOOLEAN_WORDS.get(text.lower())
    if channel in _BOOLEANS:
        if word is None:
            raise ValueError(f"{channel}: must be true or false (got {text!r})")
        return word
    if channel in FACTS:
        return text
    number = _number(text)
    if channel in QUANTITIES:
        if number is None:
            raise ValueError(f"{channel}: not a number (got {text!r:.60})")
        return number
    if word is not None:
        return word
    return text if number is None else number


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
