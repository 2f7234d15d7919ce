"""Plain rows of a wide recording, as most are: numbers within their quantity's range, flags and words.

A row that is not plain is None here and read cell by cell (``csv_rows``), which gives the same for one that is.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import ValidationError

from shared.messages import Frame, Scalar
from shared.names import NAME
from shared.quantities import FACTS, QUANTITIES, WORDS
from shared.values import EARLIEST, LATEST, LONGEST_WORD

MOST = sys.float_info.max
FLAGS = {word: flag for flag in (True, False) for word in (str(flag), str(flag).lower())}
Form = tuple[float, float] | Literal["flag", "word"]  # a number's range, or what it is instead


@dataclass(frozen=True, slots=True)
class PlainRows:
    """``model`` is a frame of the recording, of which a row gives another time and other values."""

    model: Frame
    channels: tuple[tuple[int, str, Form], ...]
    device: int | None
    zone: int | None

    def frame(self, time: datetime, cells: Sequence[str]) -> Frame | None:
        """Return the frame of a plain row; None for any other."""
        values: dict[str, Scalar] = {}
        for place, channel, form in self.channels:
            if not (cell := cells[place]):
                continue
            value = FLAGS.get(cell) if form == "flag" else _word(cell) if form == "word" else _number(cell, *form)
            if value is None:
                return None
            values[channel] = value
        if not EARLIEST <= time < LATEST:
            return None
        return self.model.revised(time=time, values=values, **self._names(cells))

    def _names(self, cells: Sequence[str]) -> dict[str, str]:
        named = (("device", self.device), ("zone", self.zone))
        return {field: cells[at] for field, at in named if at is not None and NAME.match(cells[at])}


def plain_rows(
    channels: Sequence[tuple[int, str]], places: Mapping[str, int], device: str, zone: str | None
) -> PlainRows | None:
    """Return what reads the plain rows of these columns; None where they are none, or can be none of a frame."""
    if not channels:
        return None
    values = {name: 0.0 for _, name in channels}
    try:
        model = Frame(time=EARLIEST, device=device, zone=zone, values=values, errors=())
    except ValidationError:
        return None
    forms = tuple((place, name, _form(name)) for place, name in channels)
    return PlainRows(model, forms, places.get("device"), places.get("zone"))


def _form(channel: str) -> Form:
    if channel in FACTS:
        return "word" if channel in WORDS else "flag"
    quantity = QUANTITIES.get(channel)
    return (-MOST, MOST) if quantity is None else (quantity.low, quantity.high)


def _number(cell: str, low: float, high: float) -> float | None:
    try:
        number = float(cell)
    except ValueError:
        return None
    return number if low <= number <= high else None


def _word(cell: str) -> str | None:
    return cell if len(cell) <= LONGEST_WORD else None
