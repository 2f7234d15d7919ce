"""The data of an event: the shapes that ``config/events.yaml`` declares for its fields, and checks against them.

A shape is a unit (the field is a number) or one of ``WORDS``. An event may have fields that the catalogue does not
declare, unless such a name looks like a typing error of a declared one.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator


def _number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


def _time(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(datetime.fromisoformat(value))
    except ValueError:
        return False


WORDS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    # word → what it must be, and the test
    "text": ("text", lambda value: isinstance(value, str)),
    "flag": ("true or false", lambda value: isinstance(value, bool)),
    "number": ("a number", _number),
    "count": ("a whole number", lambda value: type(value) is int),
    "time": ("a time such as 2026-01-31T12:00:00Z", _time),
    "list": ("a list", lambda value: isinstance(value, list | tuple)),
    "object": ("an object of keys and values", lambda value: isinstance(value, Mapping)),
    "any": ("anything", lambda _: True),
}
UNITS = (
    "V", "A", "W", "Wh", "Ah", "mAh", "mΩ", "percent", "°C", "kPa", "hPa", "ppm", "lx", "s", "days", "g/m³", "1/h",
    "cycles",
)  # fmt: skip


def _known(word: str) -> str:
    if word not in WORDS and word not in UNITS:
        raise ValueError(f"must be one of {', '.join(WORDS)}, or a unit: {', '.join(UNITS)}")
    return word


Shape = Annotated[str, AfterValidator(_known)]


def mismatches(shapes: Mapping[str, str], required: tuple[str, ...], data: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with an event's data, as sentences for a person."""
    for name in required:
        if data.get(name) is None:
            yield f"data.{name} is missing ({_says(shapes.get(name, 'any'))})"
    for name, value in data.items():
        shape = shapes.get(name)
        if shape is not None and value is not None and not _test(shape)(value):
            yield f"data.{name} must be {_says(shape)} (got {value!r:.60})"


def slips(shapes: Mapping[str, str], data: Mapping[str, Any], anywhere: tuple[str, ...]) -> Iterator[str]:
    """Yield which fields of an offer are probably typing errors; ``anywhere`` are fields of every type.

    Those are fields with nearly the name of a declared one, and all fields where none is declared.
    """
    strange = [name for name in data if name not in shapes and name not in anywhere]
    for name in strange:
        if close := difflib.get_close_matches(name, [known for known in shapes if known not in data], n=1, cutoff=0.8):
            yield f"data.{name} is unknown; did you mean {close[0]!r}?"
    if shapes and strange and len(strange) == len(data):
        yield f"data.{strange[0]} is unknown; its fields are {', '.join(shapes)}"


def _test(shape: str) -> Callable[[Any], bool]:
    return WORDS[shape][1] if shape in WORDS else _number


def _says(shape: str) -> str:
    return WORDS[shape][0] if shape in WORDS else f"a number, {shape}"
