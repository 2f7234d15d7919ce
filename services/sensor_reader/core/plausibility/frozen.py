"""A chip that answers and never moves: registers that stopped while the bus goes on (geeekpi/upsplus#152).

Rules:
1. The numbers of a part are frozen when they have been the same, to the last bit, for ``after_s`` while something
   said all along that they must move. A full battery on mains does stand still: without that, nothing is said.
2. They must move while the mains are away, or while a current flows, whichever is known; the current of a frozen
   chip counts too, for a charge that flows and changes nothing is no charge.
3. Any number of the part that moves is proof of life: a controller's own clock, if it is among its channels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from shared.messages import Scalar

FLOWS_A = 0.1
CURRENTS = ("battery_current", "output_current")

Numbers = tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class StandstillRecord:
    """The numbers of a part, and since when they have stood still although they had to move (None: they did not)."""

    numbers: Numbers = ()
    since_s: float | None = None


def numbers_of(values: Mapping[str, Scalar]) -> Numbers:
    """Return what is compared: the part's numbers."""
    return tuple((name, float(values[name])) for name in sorted(values) if not isinstance(values[name], bool | str))


def must_move(values: Mapping[str, Scalar]) -> bool:
    """Whether a device's values say that its battery's numbers cannot stand still now."""
    currents = (values.get(channel) for channel in CURRENTS)
    flows = any(isinstance(current, float | int) and abs(current) > FLOWS_A for current in currents)
    return values.get("ac_present") is False or flows


def standstill(still: StandstillRecord, numbers: Numbers, moving: bool, at_s: float) -> tuple[StandstillRecord, float]:
    """Return what to remember, and for how many seconds the numbers have stood still although they had to move."""
    if not numbers or numbers != still.numbers or not moving:
        return StandstillRecord(numbers, at_s if moving and numbers else None), 0.0
    if still.since_s is None:
        return replace(still, since_s=at_s), 0.0
    return still, at_s - still.since_s
