"""What of a frame no device can have measured, and is left out before anything is worked out of it.

sensor_reader leaves out what is not plausible. So such a number comes from a driver's fault or from a neighbour at the
broker, and sums, exponents and whole numbers made of it would end the processor at each of its starts. A calibration
may move a value beyond its quantity's range, so as much again on either side of it is let pass.
"""

from __future__ import annotations

from shared.messages import Frame, ReadError, Scalar
from shared.quantities import QUANTITIES

LIMITS = {name: (2 * row.low - row.high, 2 * row.high - row.low) for name, row in QUANTITIES.items()}
LEAST = 1e-30  # what is nearer to zero is zero: nothing is divided by less


def conceivable(frame: Frame) -> Frame:
    """Return the frame without what nothing can have measured, which errors of it name; the smallest numbers as 0."""
    for name, value in frame.values.items():
        if name in LIMITS and not _stays(name, value):
            return _without(frame)
    return frame


def _stays(name: str, value: Scalar) -> bool:
    low, high = LIMITS[name]
    return isinstance(value, str) or (low <= value <= high and (value == 0 or abs(value) >= LEAST))


def _without(frame: Frame) -> Frame:
    values, errors = dict[str, Scalar](), list(frame.errors)
    for name, value in frame.values.items():
        if name not in LIMITS or _stays(name, value):
            values[name] = value
        elif not isinstance(value, str) and abs(value) < LEAST:
            values[name] = 0.0
        else:
            detail = f"{name} {value:g} cannot be measured"
            errors.append(ReadError(code="implausible", chip="frame", channel=name, detail=detail))
    return frame.revised(values=values, errors=tuple(errors))
