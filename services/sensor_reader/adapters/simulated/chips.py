"""Simulated chips as the bus sees them: bytes written, bytes read, and a time at which.

Two kinds carry all: chips with registers behind a pointer, and chips that answer commands. What is peculiar to one
chip is a row in ``parts.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from services.sensor_reader.core.registers.checksums import Check
from services.sensor_reader.core.registers.fields import Block


class Refused(Exception):  # noqa: N818
    """The chip does not acknowledge."""


class SimulatedChip(Protocol):
    """A chip on a simulated bus; ``now`` is the bus's own time in seconds. All may raise Refused."""

    def write(self, data: bytes, now: float) -> None:
        """Take bytes written, up to a STOP; none when it is only addressed."""

    def read(self, length: int, now: float) -> bytes:
        """Return bytes for a read that begins with a START."""

    def exchange(self, data: bytes, length: int, now: float) -> bytes:
        """Take bytes and answer behind a repeated START."""

    def hold(self, block: Block, payload: bytes) -> None:
        """Show ``payload`` to whoever asks for ``block``, from now on."""


class RegisterChip:
    """Registers of ``width`` bytes behind a pointer; one never set reads 0.

    The pointer goes on by itself while reading, unless ``goes_on`` is False: then every byte is the first one.
    ``works_out`` are registers that follow from others, such as a current from shunt and calibration. ``clears`` are
    registers whose reading sets them to 0. ``reset`` is a
    write that is not acknowledged, because the chip starts anew; ``resets`` counts them.
    """

    def __init__(
        self,
        width: int = 1,
        defaults: Mapping[int, int] | None = None,
        works_out: Mapping[int, Callable[[RegisterChip], int]] | None = None,
        clears: frozenset[int] = frozenset(),
        reset: bytes | None = None,
        goes_on: bool = True,
    ) -> None:
        self.width = width
        self._step = 1 if goes_on else 0
        self.resets = 0
        self._defaults = dict(defaults or {})
        self._reset = reset
        self.registers: dict[int, int] = dict(defaults or {})
        self._works_out = works_out or {}
        self._clears = clears
        self._pointer = 0

    def write(self, data: bytes, now: float) -> None:  # noqa: ARG002
        """Set the pointer, then the registers from there on."""
        if not data:
            return
        if data == self._reset:
            self.registers, self.resets = dict(self._defaults), self.resets + 1
            raise Refused
        self._pointer = data[0]
        for index in range(1, len(data) - self.width + 1, self.width):
            register = self._pointer + (index - 1) // self.width
            self.registers[register & 0xFF] = int.from_bytes(data[index : index + self.width], "big")

    def read(self, length: int, now: float) -> bytes:  # noqa: ARG002
        """Return what stands at the pointer and behind it."""
        count = -(-length // self.width)
        at = [(self._pointer + self._step * index) & 0xFF for index in range(count)]
        answer = b"".join(self._show(register).to_bytes(self.width, "big") for register in at)
        for register in self._clears.intersection(at):
            self.registers[register] = 0
        return answer[:length]

    def exchange(self, data: bytes, length: int, now: float) -> bytes:
        """Read at the pointer written."""
        self.write(data, now)
        return self.read(length, now)

    def hold(self, block: Block, payload: bytes) -> None:
        """Put the payload into the registers from the block's pointer on."""
        self.set_bytes(block.command[0], payload)

    def set_bytes(self, pointer: int, data: bytes) -> None:
        """Set registers from ``pointer`` on to bytes in the order of the wire."""
        for index in range(0, len(data), self.width):
            word = int.from_bytes(data[index : index + self.width], "big")
            self.registers[(pointer + index // self.width) & 0xFF] = word

    def _show(self, register: int) -> int:
        works_out = self._works_out.get(register)
        return works_out(self) if works_out else self.registers.get(register, 0)


class CommandChip:
    """A chip that answers commands, sealed by ``check``.

    ``busy_s`` is how long a command takes: until then the chip does not acknowledge. ``refuses`` are commands that
    hold the clock until they are done, which many a Raspberry Pi cannot bear: nobody must send them.
    """

    def __init__(
        self,
        address: int,
        check: Check | None,
        busy_s: Mapping[bytes, float] | None = None,
        refuses: frozenset[bytes] = frozenset(),
    ) -> None:
        self.address = address
        self.payloads: dict[bytes, bytes] = {}
        self._check = check
        self._busy_s = busy_s or {}
        self._refuses = refuses
        self._busy_until = 0.0
        self._asked: bytes | None = None

    def write(self, data: bytes, now: float) -> None:
        """Take a command; one it does not know, or while it is busy, is not acknowledged. Its address always is."""
        if not data:
            return
        if now < self._busy_until or data in self._refuses or not (data in self.payloads or data in self._busy_s):
            raise Refused
        self._asked = data
        self._busy_until = now + self._busy_s.get(data, 0.0)

    def read(self, length: int, now: float) -> bytes:
        """Return the last command's answer, once."""
        if now < self._busy_until or self._asked not in self.payloads:
            raise Refused
        asked, self._asked = self._asked or b"", None
        return self.answer(asked).ljust(length, b"\xff")[:length]

    def exchange(self, data: bytes, length: int, now: float) -> bytes:
        """Take a command and answer at once, if that can be."""
        self.write(data, now)
        return self.read(length, now)

    def hold(self, block: Block, payload: bytes) -> None:
        """Answer the block's command with ``payload``."""
        self.payloads[block.command] = payload

    def answer(self, command: bytes) -> bytes:
        """Return what it sends for ``command``, sealed."""
        payload = self.payloads[command]
        return self._check.seal(self.address, command, payload) if self._check else payload


class SealedChip:
    """Registers by command, each answer sealed by ``check``, each write too: one that is not is not taken.

    ``width`` of a register follows from what it holds; one never set is not acknowledged.
    """

    def __init__(self, address: int, check: Check, registers: Mapping[int, bytes] | None = None) -> None:
        self.address = address
        self.registers: dict[int, bytes] = dict(registers or {})
        self.refused = 0
        self._check = check
        self._pointer = 0

    def write(self, data: bytes, now: float) -> None:  # noqa: ARG002
        """Set the pointer, and the register if the seal is right."""
        if not data:
            return
        self._pointer = data[0]
        if len(data) == 1:
            return
        if self._check.seal_written(self.address, data[:1], data[1:-1]) != data[-1]:
            self.refused += 1
            raise Refused
        self.registers[data[0]] = data[1:-1]

    def read(self, length: int, now: float) -> bytes:  # noqa: ARG002
        """Return the register at the pointer with its check byte; what follows is all ones."""
        if self._pointer not in self.registers:
            raise Refused
        wire = self._check.seal(self.address, bytes([self._pointer]), self.registers[self._pointer])
        return wire.ljust(length, b"\xff")[:length]

    def exchange(self, data: bytes, length: int, now: float) -> bytes:
        """Read at the pointer written."""
        self.write(data, now)
        return self.read(length, now)

    def hold(self, block: Block, payload: bytes) -> None:
        """Put the payload into the block's register."""
        self.registers[block.command[0]] = payload
