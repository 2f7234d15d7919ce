"""Registers as tables: what a chip's bytes mean, decoded by pure functions.

Rules:
1. A block is one transaction, so what is in it is of one moment. Its bytes are in the order of the wire.
2. A register is a number in a block; a field is a run of its bits. ``step`` and ``zero`` are exact, so a value is one
   correctly rounded division.
3. Nothing here touches a bus: a block says what to ask, ``decode`` what the answer meant.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, NamedTuple

from services.sensor_reader.core.registers.checksums import Check

How = Literal["pointer", "bytes", "plain"]
Order = Literal["big", "little"]
Form = Literal["unsigned", "signed", "float"]


@dataclass(frozen=True, slots=True)
class Command:
    """Bytes written to a chip, the pointer first, and how long it then needs."""

    data: bytes
    source: str
    wait_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Block:
    """What is sent and how much is read. ``length`` counts the payload, without check bytes.

    ``how``: pointer – one byte, then at once the answer (SMBus byte, word or I2C block); bytes – a pointer for every
    byte, for chips that do not go on by themselves; plain – a write, a STOP, ``wait_s``, a read (an empty command:
    the read alone). ``twice``: read until two in a row agree, since the chip may change it between bytes.
    ``again``: how often a chip that does not acknowledge the read is asked once more, ``wait_s`` apart: it is busy.
    ``before``: what has to be written for there to be something to read, as a single measurement's start. ``done``:
    what shows that it is measured; asked a few times, ``wait_s`` apart, before the block is read.
    """

    command: bytes
    length: int
    how: How = "pointer"
    check: Check | None = None
    wait_s: float = 0.0
    twice: bool = False
    again: int = 0
    before: tuple[Command, ...] = ()
    done: Done | None = None

    @property
    def name(self) -> str:
        """How errors name it: what is written, in hexadecimal."""
        return " ".join([*(command.data.hex() for command in self.before), self.command.hex() or "read"])

    @property
    def wire_length(self) -> int:
        """How many bytes are read, check bytes included."""
        return self.check.wire_length(self.length) if self.check else self.length

    def opened(self, address: int, wire: bytes) -> bytes | None:
        """Return the payload of what came, or None when its check bytes are wrong."""
        return self.check.opened(address, self.command, wire) if self.check else wire

    def sealed(self, address: int, payload: bytes) -> bytes:
        """Return what the chip sends to say ``payload``."""
        return self.check.seal(address, self.command, payload) if self.check else payload


@dataclass(frozen=True, slots=True)
class Done:
    """A measurement is done when a bit of ``mask`` is set in ``register``."""

    register: Register
    mask: int

    def holds(self, payload: bytes) -> bool:
        """Say whether the block of the register shows so."""
        return bool(self.register.word(payload) & self.mask)


@dataclass(frozen=True, slots=True)
class Register:
    """A number of ``size`` bytes, ``offset`` bytes into a block."""

    name: str
    block: Block
    offset: int = 0
    size: int = 2
    order: Order = "big"

    def word(self, payload: bytes) -> int:
        """Return its bits, as an unsigned number."""
        return int.from_bytes(payload[self.offset : self.offset + self.size], self.order)

    def put(self, payload: bytearray, word: int) -> None:
        """Set its bits that are 1 in ``word``."""
        place = slice(self.offset, self.offset + self.size)
        payload[place] = (int.from_bytes(payload[place], self.order) | word).to_bytes(self.size, self.order)


def byte(name: str, address: int) -> Register:
    """Return a register of one byte that is read alone."""
    return Register(name, Block(bytes([address]), 1), 0, 1)


def word(name: str, address: int, order: Order = "big", check: Check | None = None) -> Register:
    """Return a register of two bytes that is read alone."""
    return Register(name, Block(bytes([address]), 2, check=check), 0, 2, order)


class Bits(NamedTuple):
    """Bits ``high`` down to ``low`` of a register, both included."""

    high: int
    low: int


def bits(high: int, low: int) -> Bits:
    """Return bits ``high`` down to ``low``: ``bits(15, 3)`` is the upper 13 of 16."""
    return Bits(high, low)


def bit(number: int) -> Bits:
    """Return one bit alone."""
    return Bits(number, number)


@dataclass(frozen=True, slots=True)
class Field:
    """A run of ``bits`` of a register: ``zero`` plus ``step`` of ``unit`` for each.

    ``channel`` is the quantity it becomes (``{measures}`` stands for battery, output or input); None: not a
    channel of its own. ``never`` are raw values that the working chip cannot show, so they are no reading.
    ``ends`` are raw values at the end of the scale: what is beyond shows the same, so the value may be more.
    ``about`` is the channel in doubt then, where the field is none itself.
    ``means`` maps raw values to a state; a raw value that is not in it says nothing. ``void`` names another field of
    the chip and the raw value of it at which this one says nothing.
    """

    name: str
    register: Register
    bits: Bits
    step: Fraction
    unit: str
    source: str
    form: Form = "unsigned"
    channel: str | None = None
    zero: Fraction = Fraction(0)
    clamp: tuple[float, float] | None = None
    never: Container[int] = ()
    ends: Container[int] = ()
    about: str | None = None
    means: Mapping[int, bool | str] | None = None
    void: tuple[str, int] | None = None

    @property
    def low(self) -> int:
        """The lowest bit."""
        return self.bits.low

    @property
    def high(self) -> int:
        """The highest bit."""
        return self.bits.high

    @property
    def width(self) -> int:
        """How many bits."""
        return self.high - self.low + 1

    def raw(self, word: int) -> int:
        """Return the field's bits of ``word``, two's complement where signed (0xFFFF is -1)."""
        raw = (word >> self.low) & ((1 << self.width) - 1)
        return raw - (1 << self.width) if self.form == "signed" and raw >> (self.width - 1) else raw

    def value(self, raw: int) -> float:
        """Return ``raw`` in the field's unit; NaN where a float says so."""
        if self.form == "float":
            number: float = struct.unpack(">f", raw.to_bytes(4, "big"))[0]
            return number * float(self.step) + float(self.zero) if self.zero else number * float(self.step)
        step, zero = self.step, self.zero
        return (raw * step.numerator * zero.denominator + zero.numerator * step.denominator) / (
            step.denominator * zero.denominator
        )

    def believed(self, raw: int) -> bool:
        """Say whether the working chip can show ``raw``."""
        return raw not in self.never and (self.form != "float" or math.isfinite(self.value(raw)))

    def place(self, value: float) -> int:
        """Return the word bits that say ``value``, rounded to the nearest step and held to the field's range."""
        if self.form == "float":
            return int.from_bytes(struct.pack(">f", (value - float(self.zero)) / float(self.step)), "big") << self.low
        low = -(1 << (self.width - 1)) if self.form == "signed" else 0
        shifted = value if not self.zero else value - self.zero.numerator / self.zero.denominator
        raw = round(shifted * self.step.denominator / self.step.numerator)
        raw = min(max(raw, low), low + (1 << self.width) - 1)
        return (raw & ((1 << self.width) - 1)) << self.low


Payloads = Mapping[Block, bytes]


def blocks_of(fields: Iterable[Field]) -> tuple[Block, ...]:
    """Return the blocks that hold the fields, each once, in the order of the table."""
    return tuple(dict.fromkeys(field.register.block for field in fields))


def words_of(fields: Iterable[Field], payloads: Payloads) -> dict[str, int]:
    """Return the words of the fields' registers by name, those whose block was read."""
    registers = dict.fromkeys(field.register for field in fields if field.register.block in payloads)
    return {register.name: register.word(payloads[register.block]) for register in registers}


def decode(fields: Sequence[Field], words: Mapping[str, int]) -> dict[str, float]:
    """Return field values by name from words by register name; what the chip cannot show is left out."""
    return {field.name: field.value(raw) for field, raw in _raw_values(fields, words) if field.believed(raw)}


def impossible(fields: Sequence[Field], words: Mapping[str, int]) -> list[tuple[Field, int]]:
    """Return the fields that show a value the working chip cannot show, with that raw value."""
    return [(field, raw) for field, raw in _raw_values(fields, words) if not field.believed(raw)]


def saturated(fields: Sequence[Field], words: Mapping[str, int]) -> list[tuple[Field, float]]:
    """Return the fields that show the end of their scale, with what they show."""
    return [
        (field, field.value(raw))
        for field, raw in _raw_values(fields, words)
        if field.believed(raw) and raw in field.ends
    ]


def _raw_values(fields: Sequence[Field], words: Mapping[str, int]) -> list[tuple[Field, int]]:
    """Return the fields that were read and are not void, with their raw values."""
    raws = {field.name: field.raw(words[field.register.name]) for field in fields if field.register.name in words}
    read = [field for field in fields if field.name in raws]
    return [(each, raws[each.name]) for each in read if each.void is None or raws.get(each.void[0]) != each.void[1]]


def encode(fields: Iterable[Field], values: Mapping[str, float]) -> dict[Block, bytes]:
    """Return payloads by block that say ``values``; fields not named stay 0. Inverse of ``decode``."""
    payloads: dict[Block, bytearray] = {}
    for field in fields:
        block = field.register.block
        payload = payloads.setdefault(block, bytearray(block.length))
        if field.name in values:
            field.register.put(payload, field.place(values[field.name]))
    return {block: bytes(payload) for block, payload in payloads.items()}


def overlaps(fields: Iterable[Field]) -> list[tuple[str, str]]:
    """Return pairs of field names that claim the same bit of the same block."""
    claimed: dict[tuple[Block, int], str] = {}
    clashes: list[tuple[str, str]] = []
    for field in fields:
        for bit in _bits(field):
            owner = claimed.setdefault((field.register.block, bit), field.name)
            if owner != field.name and (owner, field.name) not in clashes:
                clashes.append((owner, field.name))
    return clashes


def _bits(field: Field) -> Iterable[int]:
    """Yield the field's bits as counted from the first bit on the wire."""
    register = field.register
    for bit in range(field.low, field.high + 1):
        at = bit // 8 if register.order == "little" else register.size - 1 - bit // 8
        yield (register.offset + at) * 8 + 7 - bit % 8
