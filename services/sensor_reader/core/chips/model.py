"""What every chip's table holds, and how its words become channels on a given board."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from services.sensor_reader.core.registers import Field, Read, Register, decode, impossible, plan_reads
from shared.quantities import QUANTITIES

Measures = Literal["battery", "output", "input"]


@dataclass(frozen=True, slots=True)
class Mount:
    """How a board wires a chip: what it measures, the shunt (0: none), which sign charges, cells in series."""

    measures: Measures = "battery"
    shunt_ohm: float = 0.0
    current_sign: int = 1
    cells: int = 1


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why a value was not given, as ``code`` and ``detail`` of a ReadError."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What one part of a device said in one poll. ``registers`` are the words as read, by name."""

    values: Mapping[str, float | bool] = field(default_factory=dict)
    doubts: tuple[Doubt, ...] = ()
    registers: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Identity:
    """A register that tells what chip it is: ``word & mask`` is one of ``accepted``."""

    register: Register
    mask: int
    accepted: tuple[int, ...]

    def fits(self, word: int) -> bool:
        """Say whether ``word`` is one this chip shows."""
        return word & self.mask in self.accepted


def nothing_more(decoded: Mapping[str, float], words: Mapping[int, int], mount: Mount) -> Reading:  # noqa: ARG001
    """Derive no further channel: the chip's fields are its channels."""
    return Reading()


@dataclass(frozen=True, slots=True)
class Chip:
    """One chip variant: where it may sit, how it is known, its fields and what follows from them."""

    kind: str
    addresses: tuple[int, ...]
    fields: tuple[Field, ...]
    stride: int
    block_words: int = 1
    identity: Identity | None = None
    needs_shunt: bool = False
    derive: Callable[[Mapping[str, float], Mapping[int, int], Mount], Reading] = nothing_more

    def reads(self) -> tuple[Read, ...]:
        """The bus reads of one poll."""
        return plan_reads(self.fields, self.block_words, self.stride)

    def interpret(self, words: Mapping[int, int], mount: Mount) -> Reading:
        """Return the channels ``words`` mean on a board; what cannot be true is left out and said in ``doubts``."""
        decoded = decode(self.fields, words)
        doubts = [_no_reading(field, raw) for field, raw in impossible(self.fields, words)]
        values: dict[str, float | bool] = {}
        for table_field in self.fields:
            if table_field.channel and table_field.name in decoded:
                name = table_field.channel.format(measures=mount.measures)
                values[name] = _clamped(decoded[table_field.name], table_field.clamp)
        more = self.derive(decoded, words, mount)
        values |= more.values
        values |= _per_cell(values, mount)
        names = {f.register.address: f.register.name for f in self.fields}
        registers = {f"{self.kind}.{names[address]}": word for address, word in sorted(words.items())}
        good, implausible = judge(values)
        return Reading(good, (*doubts, *more.doubts, *implausible), registers)


def judge(values: Mapping[str, float | bool]) -> tuple[dict[str, float | bool], tuple[Doubt, ...]]:
    """Return the values within their quantity's plausible range, and a doubt for each that is not."""
    good: dict[str, float | bool] = {}
    doubts: list[Doubt] = []
    for name, value in values.items():
        quantity = QUANTITIES.get(name)
        if quantity is None or quantity.low <= value <= quantity.high:
            good[name] = value
        else:
            span = f"{quantity.low:g} to {quantity.high:g} {quantity.unit}"
            doubts.append(Doubt("implausible", f"{name} {value:g} {quantity.unit} is outside {span}"))
    return good, tuple(doubts)


def _per_cell(values: Mapping[str, float | bool], mount: Mount) -> dict[str, float | bool]:
    if mount.cells == 1 or "battery_voltage" not in values:
        return {}
    return {"cell_voltage": round(values["battery_voltage"] / mount.cells, 6)}


def _no_reading(field: Field, raw: int) -> Doubt:
    return Doubt("implausible", f"{field.name}: raw {raw:#x} is no reading; the chip is off, starting or out of reach")


def _clamped(value: float, clamp: tuple[float, float] | None) -> float:
    return value if clamp is None else min(max(value, clamp[0]), clamp[1])
