"""Registers as tables: what a chip's words mean, decoded by pure functions.

Rules:
1. A word is 16 bits in the order of the wire, high byte first. Bus adapters swap where SMBus does not.
2. A field is a run of bits in one word; ``step`` is exact, so a value is one correctly rounded division.
3. Nothing here touches a bus: ``plan_reads`` says what to read, ``decode`` what it meant.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

WORD_BITS = 16


@dataclass(frozen=True, slots=True)
class Register:
    """One 16-bit register; ``address`` is the pointer byte sent before it is read."""

    name: str
    address: int


@dataclass(frozen=True, slots=True)
class Field:
    """Bits ``high`` down to ``low`` of a register, worth ``step`` of ``unit`` each.

    ``channel`` is the quantity it becomes (``{measures}`` stands for battery, output or input); None: not a
    channel of its own. ``never`` are raw values that the working chip cannot show, so they are no reading.
    """

    name: str
    register: Register
    high: int
    low: int
    step: Fraction
    unit: str
    source: str
    signed: bool = False
    channel: str | None = None
    clamp: tuple[float, float] | None = None
    never: tuple[int, ...] = ()

    @property
    def width(self) -> int:
        """How many bits."""
        return self.high - self.low + 1

    def raw(self, word: int) -> int:
        """Return the field's bits of ``word``, two's complement where signed (0xFFFF is -1)."""
        bits = (word >> self.low) & ((1 << self.width) - 1)
        return bits - (1 << self.width) if self.signed and bits >> (self.width - 1) else bits

    def value(self, raw: int) -> float:
        """Return ``raw`` in the field's unit."""
        return raw * self.step.numerator / self.step.denominator

    def place(self, value: float) -> int:
        """Return the word bits that say ``value``, rounded to the nearest step and held to the field's range."""
        low = -(1 << (self.width - 1)) if self.signed else 0
        raw = round(value * self.step.denominator / self.step.numerator)
        raw = min(max(raw, low), low + (1 << self.width) - 1)
        return (raw & ((1 << self.width) - 1)) << self.low


@dataclass(frozen=True, slots=True)
class Read:
    """One bus transaction: ``words`` registers in a row, beginning at ``register``."""

    register: int
    words: int


def decode(fields: Iterable[Field], words: Mapping[int, int]) -> dict[str, float]:
    """Return field values by name from words by register address; a ``never`` value is left out."""
    decoded: dict[str, float] = {}
    for field in fields:
        raw = field.raw(words[field.register.address])
        if raw not in field.never:
            decoded[field.name] = field.value(raw)
    return decoded


def impossible(fields: Iterable[Field], words: Mapping[int, int]) -> list[tuple[Field, int]]:
    """Return the fields that show a value the working chip cannot show, with that raw value."""
    found = [(field, field.raw(words[field.register.address])) for field in fields]
    return [(field, raw) for field, raw in found if raw in field.never]


def encode(fields: Iterable[Field], values: Mapping[str, float]) -> dict[int, int]:
    """Return words by register address that say ``values``; fields not named stay 0. Inverse of ``decode``."""
    words: dict[int, int] = {}
    for field in fields:
        bits = field.place(values[field.name]) if field.name in values else 0
        words[field.register.address] = words.get(field.register.address, 0) | bits
    return words


def overlaps(fields: Iterable[Field]) -> list[tuple[str, str]]:
    """Return pairs of field names that claim the same bit of the same register."""
    claimed: dict[tuple[int, int], str] = {}
    clashes: list[tuple[str, str]] = []
    for field in fields:
        for bit in range(field.low, field.high + 1):
            owner = claimed.setdefault((field.register.address, bit), field.name)
            if owner != field.name and (owner, field.name) not in clashes:
                clashes.append((owner, field.name))
    return clashes


def plan_reads(fields: Iterable[Field], block_words: int, stride: int) -> tuple[Read, ...]:
    """Return the fewest reads that fetch every field, at most ``block_words`` registers each.

    ``stride`` is the distance between the addresses of neighbouring registers: 2 where addresses count bytes.
    """
    reads: list[Read] = []
    for address in sorted({field.register.address for field in fields}):
        last = reads[-1] if reads else None
        if last and last.words < block_words and address == last.register + last.words * stride:
            reads[-1] = Read(last.register, last.words + 1)
        else:
            reads.append(Read(address, 1))
    return tuple(reads)
