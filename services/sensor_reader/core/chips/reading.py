"""What a chip said on a given board: values that may be believed, and doubts about those that may not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from shared.quantities import QUANTITIES

Measures = Literal["battery", "output", "input"]
Values = Mapping[str, float | bool | str]


@dataclass(frozen=True, slots=True)
class Input:
    """How a board wires one of a chip's several inputs, by its number in the datasheet."""

    number: int
    measures: Measures
    shunt_ohm: float
    current_sign: int = 1


@dataclass(frozen=True, slots=True)
class Mount:
    """How a board wires a chip: what it measures, the shunt (0: none), which sign charges, cells in series.

    ``inputs`` are those in use of a chip that has several.
    """

    measures: Measures = "battery"
    shunt_ohm: float = 0.0
    current_sign: int = 1
    cells: int = 1
    inputs: tuple[Input, ...] = ()


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why a value was not given, as ``code`` and ``detail`` of a ReadError."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What one part of a device said in one poll. ``registers`` are the words as read, by name.

    ``waits``: it is well and has nothing new yet, which is no fault.
    """

    values: Values = field(default_factory=dict)
    doubts: tuple[Doubt, ...] = ()
    registers: Mapping[str, int] = field(default_factory=dict)
    waits: bool = False


def judge(values: Values) -> tuple[dict[str, float | bool | str], tuple[Doubt, ...]]:
    """Return the values within their quantity's plausible range, and a doubt for each that is not."""
    good: dict[str, float | bool | str] = {}
    doubts: list[Doubt] = []
    for name, value in values.items():
        quantity = QUANTITIES.get(name)
        if quantity is None or isinstance(value, str) or quantity.low <= value <= quantity.high:
            good[name] = value
        else:
            span = f"{quantity.low:g} to {quantity.high:g} {quantity.unit}"
            doubts.append(Doubt("implausible", f"{name} {value:g} {quantity.unit} is outside {span}"))
    return good, tuple(doubts)


def per_cell(values: Values, mount: Mount) -> dict[str, float]:
    """Return the cells' mean voltage, where the chip has not told a cell's own."""
    voltage = values.get("battery_voltage")
    if mount.cells == 1 or voltage is None or isinstance(voltage, str) or "cell_voltage" in values:
        return {}
    return {"cell_voltage": round(voltage / mount.cells, 6)}
