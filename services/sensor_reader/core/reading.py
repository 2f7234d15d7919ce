"""The reading of one part of a device in one poll: believable values, and doubts about the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.messages import ReadError, Scalar
from shared.quantities import QUANTITIES, Quantity
from shared.values import MOST_MEASURED

Values = Mapping[str, float | bool | str]
Limits = Mapping[str, tuple[float, float]]
NO_LIMITS: Limits = {}
ANY = Quantity("", "", -MOST_MEASURED, MOST_MEASURED, 0, "of a channel that has no row in the table")


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why a value is not given, or not to be believed whole. ``channel``: the only one it is about, None: the part."""

    code: str
    detail: str
    channel: str | None = None

    def error(self, part: str) -> ReadError:
        """Return it as the error of a frame; ``part`` says where."""
        return ReadError(code=self.code, chip=part, detail=self.detail, channel=self.channel)


@dataclass(frozen=True, slots=True)
class Reading:
    """What one part of a device said in one poll. ``registers`` are the words as read, by name.

    ``waits``: it is well and has nothing new yet, which is no fault.
    """

    values: Values = field(default_factory=dict)
    doubts: tuple[Doubt, ...] = ()
    registers: Mapping[str, int] = field(default_factory=dict)
    waits: bool = False


def within_range(values: Values, limits: Limits = NO_LIMITS) -> tuple[dict[str, Scalar], tuple[Doubt, ...]]:
    """Return the values within their quantity's plausible range, and a doubt for each that is not.

    ``limits``, by channel, are narrower ones of a kind of device.
    """
    good: dict[str, Scalar] = {}
    doubts: list[Doubt] = []
    for name, value in values.items():
        if isinstance(value, str):
            good[name] = value
            continue
        quantity = QUANTITIES.get(name, ANY)
        low, high = limits.get(name, (quantity.low, quantity.high))
        if low <= value <= high:
            good[name] = value
        else:
            unit = quantity.unit and f" {quantity.unit}"
            doubts.append(Doubt("implausible", f"{name} {value:g}{unit} is outside {low:g} to {high:g}{unit}", name))
    return good, tuple(doubts)
