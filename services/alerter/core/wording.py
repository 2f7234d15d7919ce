"""Spans of time and numbers as text for a person."""

from __future__ import annotations

from datetime import timedelta

LONGEST_VALUE = 200  # characters of a value in a label or a message
_UNITS = (("h", 3600.0), ("min", 60.0), ("s", 1.0))


def in_words(span: timedelta, *, bare: bool = False) -> str:
    """Return a span: ``1 hour``, ``24 hours``, ``10 min``, ``90 s``; ``bare`` leaves out the number 1."""
    seconds = span.total_seconds()
    hours = seconds / 3600
    if hours == 1:
        return "hour" if bare else "1 hour"
    if hours >= 1 or hours == 0.5:
        return f"{hours:g} hours"
    for unit, size in _UNITS[1:]:
        if seconds >= size and seconds % size == 0:
            number = seconds / size
            return unit if bare and number == 1 else f"{number:g} {unit}"
    return f"{seconds:g} s"


def figure(number: float) -> str:
    """Return a number with four significant digits; from 10,000 on as a whole number."""
    return f"{number:.4g}" if abs(number) < 10_000 else f"{number:.0f}"


def short(value: object) -> str:
    """Return a value as text of at most ``LONGEST_VALUE`` characters: a sender may put anything into an event."""
    text = str(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"
