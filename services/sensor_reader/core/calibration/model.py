"""Calibration: what a sensor says becomes what is true, by what somebody measured beside it.

Rules:
1. A calibration is pairs (as read, as it is). One pair is an offset, two are a line, more are a line between each
   neighbouring two; beyond the outermost pairs the nearest line goes on. Pairs are in ascending order of what was read.
2. ``Calibration.line`` makes the same of an offset and a gain: true = read * gain + offset.
3. A frame keeps both: ``values`` are calibrated, ``uncalibrated`` holds each calibrated channel as it was read.
4. What follows from a calibrated channel follows it: see ``FOLLOWS``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.messages import Frame, Scalar

Pair = tuple[float, float]
FOLLOWS: dict[str, tuple[str, ...]] = {
    # channel            is a product of
    "cell_voltage": ("battery_voltage",),
    "battery_power": ("battery_voltage", "battery_current"),
    "input_power": ("input_voltage", "input_current"),
    "output_power": ("output_voltage", "output_current"),
}
DECIMALS = 6
MOST_PAIRS = 32


class CalibrationError(ValueError):
    """Pairs that cannot be a calibration; says which and why."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """One channel's calibration. ``by`` says who made it, ``at`` when; ``due_days`` after that it is due again."""

    channel: str
    pairs: tuple[Pair, ...]
    by: str
    at: datetime
    due_days: float | None = None

    def __post_init__(self) -> None:
        if not 1 <= len(self.pairs) <= MOST_PAIRS:
            raise CalibrationError(f"{self.channel}: has {len(self.pairs)} pairs; 1 to {MOST_PAIRS} make a calibration")
        for (read, true), (next_read, next_true) in zip(self.pairs, self.pairs[1:], strict=False):
            if not (read < next_read and true < next_true):
                raise CalibrationError(
                    f"{self.channel}: ({read:g}, {true:g}) before ({next_read:g}, {next_true:g}): of two pairs the one"
                    " that read more must be more; check for a pair that was mistyped or given twice"
                )

    @classmethod
    def line(
        cls, channel: str, offset: float, gain: float, by: str, at: datetime, due_days: float | None = None
    ) -> Calibration:
        """Return true = read * gain + offset; the gain must be above 0. Raises CalibrationError."""
        pairs = ((0.0, offset),) if gain == 1 else ((0.0, offset), (1.0, offset + gain))
        return cls(channel, pairs, by, at, due_days)

    def apply(self, read: float) -> float:
        """Return what is true where the sensor says ``read``."""
        if len(self.pairs) == 1:
            ((at, true),) = self.pairs
            return round(read + true - at, DECIMALS)
        above = next((n for n, (at, _) in enumerate(self.pairs) if n and read <= at), len(self.pairs) - 1)
        (x0, y0), (x1, y1) = self.pairs[above - 1], self.pairs[above]
        return round(y0 + (y1 - y0) * (read - x0) / (x1 - x0), DECIMALS)

    def overdue_days(self, now: datetime) -> float | None:
        """Return by how many days it is overdue at ``now``; None while it is not."""
        if self.due_days is None:
            return None
        late = now - self.at - timedelta(days=self.due_days)
        return round(late / timedelta(days=1), 2) if late > timedelta(0) else None

    def with_pair(self, read: float, true: float, by: str, at: datetime) -> Calibration:
        """Return it with one pair more; a pair at the same reading is replaced. Raises CalibrationError."""
        kept = {known: value for known, value in self.pairs if known != read}
        return Calibration(self.channel, tuple(sorted((kept | {read: true}).items())), by, at, self.due_days)

    def to_json(self) -> bytes:
        """Return it for the ledger."""
        fields = {"channel": self.channel, "pairs": self.pairs, "by": self.by, "due_days": self.due_days}
        return json.dumps(fields | {"at": self.at.isoformat()}).encode()

    @classmethod
    def from_json(cls, text: bytes) -> Calibration:
        """Return what ``to_json`` wrote."""
        data = json.loads(text)
        pairs = tuple((float(read), float(true)) for read, true in data["pairs"])
        return cls(data["channel"], pairs, data["by"], datetime.fromisoformat(data["at"]), data["due_days"])


def calibrated(frame: Frame, calibrations: Iterable[Calibration]) -> Frame:
    """Return ``frame`` with its channels calibrated, and what was read beside them."""
    values: dict[str, Scalar] = dict(frame.values)
    read: dict[str, float] = {}
    for calibration in calibrations:
        value = frame.values.get(calibration.channel)
        if isinstance(value, float | int) and not isinstance(value, bool):
            read[calibration.channel] = float(value)
            values[calibration.channel] = calibration.apply(value)
    if not read:
        return frame
    for channel, factors in FOLLOWS.items():
        value = frame.values.get(channel)
        if channel not in read and isinstance(value, float | int) and any(factor in read for factor in factors):
            read[channel] = float(value)
            values[channel] = round(value * _scale(factors, read, values), DECIMALS)
    return frame.model_copy(update={"values": values, "uncalibrated": read})


def _scale(factors: tuple[str, ...], read: Mapping[str, float], values: Mapping[str, Scalar]) -> float:
    scale = 1.0
    for factor in factors:
        if read.get(factor):
            scale *= float(values[factor]) / read[factor]
    return scale
