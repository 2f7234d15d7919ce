"""What a chip said on a given board: values that may be believed, and doubts about those that may not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from shared.quantities import QUANTITIES

PowerLine = Literal["battery", "output", "input"]
Measures = PowerLine | Literal["air", "board"]
Values = Mapping[str, float | bool | str]


@dataclass(frozen=True, slots=True)
class Input:
    """How a board wires one of a chip's several inputs, by its number in the datasheet."""

    number: int
    measures: PowerLine
    shunt_ohm: float
    current_sign: int = 1


@dataclass(frozen=True, slots=True)
class Analog:
    """What a voltage between two inputs means: ``gain`` · V + ``offset`` of ``channel``.

    ``against`` None: ground. ``range_v``: what is measured at most, either way. ``most`` and ``least`` hold the value.
    """

    number: int
    channel: str
    against: int | None = None
    range_v: float = 4.096
    gain: float = 1.0
    offset: float = 0.0
    least: float = float("-inf")
    most: float = float("inf")

    @property
    def name(self) -> str:
        """How errors and registers name it, as the datasheet does."""
        return f"ain{self.number}" if self.against is None else f"ain{self.number}-ain{self.against}"

    def value(self, volts: float) -> float:
        """Return what ``volts`` mean."""
        return min(max(round(self.gain * volts + self.offset, 6), self.least), self.most)


@dataclass(frozen=True, slots=True)
class Mount:
    """How a board wires a chip: what it measures, the shunt (0: none), which sign charges, cells in series.

    ``measures`` None: what the chip is as a rule for. ``inputs`` are those in use of a chip that has several.
    ``analog``: what the inputs of a converter mean; none: their voltages.
    """

    measures: Measures | None = None
    shunt_ohm: float = 0.0
    current_sign: int = 1
    cells: int = 1
    inputs: tuple[Input, ...] = ()
    analog: tuple[Analog, ...] = ()


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


def within_range(values: Values) -> tuple[dict[str, float | bool | str], tuple[Doubt, ...]]:
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
