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
    """Return the frame without what nothing can have measured; an error of the frame names each."""
    for name, value in frame.values.items():
        if name in LIMITS and not _is_conceivable(name, value):
            return _without(frame)
    return frame


def _is_conceivable(name: str, value: Scalar) -> bool:
    low, high = LIMITS[name]
    return isinstance(value, str) or (low <= value <= high and (value == 0 or abs(value) >= LEAST))


def _without(frame: Frame) -> Frame:
    beyond = [name for name, value in frame.values.items() if name in LIMITS and not _is_conceivable(name, value)]
    errors = (
        ReadError(
            code="implausible", chip="frame", channel=name, detail=f"{name} {frame.values[name]:g} cannot be measured"
        )
        for name in beyond
    )
    values = {name: value for name, value in frame.values.items() if name not in beyond}
    return frame.revised(values=values, errors=(*frame.errors, *errors))
