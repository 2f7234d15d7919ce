"""A field's value as a person writes it: ``3.46 V``, ``38 %``, ``1 min 15 s``, ``12:00:06``."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any

LONGEST = 60  # characters of a value
HUGE = 1e15
MOST_ITEMS = 3  # of a list
SPANS = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))
DECIMALS = {"V": 2, "A": 2, "kPa": 2, "W": 1, "Wh": 1, "°C": 1, "Ah": 2}
SIGNS = {"percent": "%", "days": "days"}
CHANNELS = ("channel", "sensor_id")  # names of channels, to be read as words
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")


def written(name: str, value: Any, shape: str, day: datetime, zone: tzinfo | None = UTC) -> str | None:
    """Return the value of field ``name`` as text; None for what is not there, "" for false.

    ``shape`` is the catalogue's word for the field: a unit, or ``text``, ``time``, … A time of ``day`` has no date.
    """
    if value is None or value is False:
        return None if value is None else ""
    if value is True:
        return "yes"
    if isinstance(value, int | float):
        return _short(_number(value, shape))
    if isinstance(value, str) and shape == "time" and INSTANT.match(value):
        return _time(value, day, zone)
    return _short(_words(name, value))


def duration(seconds: float) -> str:
    """Return a span in its two largest units: ``1 min 15 s``, ``2 h``, ``0.4 s``."""
    sign, left = ("-" if seconds < 0 else ""), abs(seconds)
    if left < 10 and left != int(left):
        return f"{sign}{left:.1f} s"
    parts: list[str] = []
    left = round(left)
    for size, unit in SPANS:
        if left >= size:
            parts.append(f"{left // size} {unit}")
        left %= size
    return sign + (" ".join(parts[:2]) or "0 s")


def _number(value: float, unit: str) -> str:
    if isinstance(value, float) and math.isnan(value):
        return "unknown"
    if abs(value) >= HUGE:
        return f"more than {HUGE:.0e}" if value > 0 else f"less than -{HUGE:.0e}"
    if unit == "s":
        return duration(value)
    if unit in ("count", "number", "any", "text"):
        return _plain(value)
    if unit == "percent":
        return f"{value:.0f} %" if abs(value) >= 10 or value == int(value) else f"{value:.1f} %"
    number = f"{value:.{DECIMALS[unit]}f}" if unit in DECIMALS else _plain(value)
    return f"{number} {SIGNS.get(unit, unit)}"


def _plain(value: float) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.0f}" if value == int(value) else f"{value:.4g}"


def _time(text: str, day: datetime, zone: tzinfo | None) -> str:
    try:
        time = datetime.fromisoformat(text).astimezone(zone)
    except (ValueError, OverflowError):
        return _short(text)
    same_day = time.date() == day.astimezone(zone).date()
    return f"{time:%H:%M:%S}" if same_day else f"{time:%Y-%m-%d %H:%M:%S}"


def _words(name: str, value: Any) -> str:
    if isinstance(value, str):
        return value.replace("_", " ").replace(".", " ") if name in CHANNELS else value
    if isinstance(value, Mapping):
        return " ".join(_words(name, each) for each in value.values() if each and isinstance(each, str | int | float))
    if isinstance(value, list | tuple):
        shown = [_words(name, each) for each in value[:MOST_ITEMS]]
        more = [f"{len(value) - MOST_ITEMS} more"] if len(value) > MOST_ITEMS else []
        return ", ".join(dict.fromkeys(shown + more))
    return _number(value, "number") if isinstance(value, int | float) else str(value)


def _short(text: str) -> str:
    """Return text that stays on its line and within its bound."""
    line = "".join(sign if sign.isprintable() else " " for sign in text[: 4 * LONGEST])
    line = " ".join(line.split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"
