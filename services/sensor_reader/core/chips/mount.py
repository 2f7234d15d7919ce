"""How a board wires a chip: what it measures, its shunt, its inputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from services.sensor_reader.core.reading import Values

PowerLine = Literal["battery", "output", "input"]
Measures = PowerLine | Literal["air", "board"]


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


def per_cell(values: Values, mount: Mount) -> dict[str, float]:
    """Return the cells' mean voltage, where the chip has not reported a cell's own."""
    voltage = values.get("battery_voltage")
    if mount.cells == 1 or voltage is None or isinstance(voltage, str) or "cell_voltage" in values:
        return {}
    return {"cell_voltage": round(voltage / mount.cells, 6)}
