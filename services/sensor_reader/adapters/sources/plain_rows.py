"""Plain rows of a wide recording, as most are: numbers within their quantity's range, flags and words.

A row that is not plain is None here and read cell by cell (``csv_rows``), which gives the same for one that is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from pydantic import ValidationError

from shared.messages import Frame, Scalar
from shared.names import NAME
from shared.quantities import FACTS, QUANTITIES, WORDS
from shared.values import EARLIEST, LATEST, LONGEST_WORD, MOST_MEASURED

MOST_NAMES = 10_000
FLAGS = {word: flag for flag in (True, False) for word in (str(flag), str(flag).lower())}
Form = tuple[float, float] | Literal["flag", "word"]  # a number's range, or what it is instead


@dataclass(frozen=True, slots=True)
class PlainRows:
    """``model`` is a frame of the recording, of which a row gives another time and other values."""

    model: Frame
    channels: tuple[tuple[int, str, Form], ...]
    device: int | None
    zone: int | None
    _named: dict[tuple[str, str], Frame] = field(default_factory=dict)  # ``model`` of a row's device and zone: a memo

    def frame(self, time: datetime, cells: Sequence[str]) -> Frame | None:
        """Return the frame of a plain row; None for any other."""
        try:
            values = self._values(cells)
        except ValueError:
            return None
        if values is None or not EARLIEST <= time < LATEST:
            return None
        names = ("" if self.device is None else cells[self.device], "" if self.zone is None else cells[self.zone])
        model = self._named.get(names) or self._name(names)
        return model.revised(time=time, values=values)

    def _values(self, cells: Sequence[str]) -> dict[str, Scalar] | None:
        """Return what the cells say; None or ValueError where one is not plain."""
        values: dict[str, Scalar] = {}
        for place, channel, form in self.channels:
            if not (cell := cells[place]):
                continue
            value: Scalar | None
            if isinstance(form, tuple):
                low, high = form
                value = float(cell)
                if not low <= value <= high:
                    return None
            elif (value := FLAGS.get(cell) if form == "flag" else _word(cell)) is None:
                return None
            values[channel] = value
        return values

    def _name(self, names: tuple[str, str]) -> Frame:
        if len(self._named) >= MOST_NAMES:
            self._named.clear()
        given = zip(("device", "zone"), names, strict=True)
        model = self.model.revised(**{which: name for which, name in given if NAME.match(name)})
        self._named[names] = model
        return model


def plain_rows(
    channels: Sequence[tuple[int, str]], places: Mapping[str, int], device: str, zone: str | None
) -> PlainRows | None:
    """Return what reads the plain rows of these columns; None where they are none, or can be none of a frame."""
    if not channels:
        return None
    values = {name: 0.0 for _, name in channels}
    try:
        model = Frame(time=EARLIEST, device=device, zone=zone, values=values, errors=(), simulated=True)
    except ValidationError:
        return None
    forms = tuple((place, name, _form(name)) for place, name in channels)
    return PlainRows(model, forms, places.get("device"), places.get("zone"))


def _form(channel: str) -> Form:
    if channel in FACTS:
        return "word" if channel in WORDS else "flag"
    quantity = QUANTITIES.get(channel)
    return (-MOST_MEASURED, MOST_MEASURED) if quantity is None else (quantity.low, quantity.high)


def _word(cell: str) -> str | None:
    return cell if len(cell) <= LONGEST_WORD else None
