"""A bus of simulated chips that can be made to fail: an ``I2cBus`` without hardware and with a time of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar

from services.sensor_reader.adapters.simulated.chips import Refused, RegisterChip, SimulatedChip
from services.sensor_reader.core.gpio_line import LineId
from services.sensor_reader.core.ports import BusError, PortError
from services.sensor_reader.core.registers.fields import Block

T = TypeVar("T")

FaultKind = Literal["nack", "timeout", "bus", "absent", "frozen", "noise", "lying", "torn", "stuck"]

_SAYS = {
    "nack": ("nack", "the simulated chip does not acknowledge"),
    "timeout": ("timeout", "the simulated bus timed out"),
    "bus": ("bus", "the simulated transfer broke off"),
    "absent": ("nack", "the simulated chip is gone"),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a chip. ``times``: only so many transfers suffer and the next goes well; None: all do.

    ``frozen`` answers, but what it holds stays as it is; ``noise`` flips a bit of every answer; ``lying`` answers
    ``command`` with ``shows``; ``torn`` begins an answer with a byte of the answer before. ``stuck`` is of a whole bus.
    """

    kind: FaultKind
    times: int | None = None
    command: bytes = b""
    shows: bytes = b""


class SimulatedBus:
    """Simulated chips by address. ``now`` passes by ``wait`` only; ``stuck`` holds the bus low for everybody.

    ``reads`` counts transfers that read.
    """

    def __init__(self) -> None:
        self._chips: dict[int, SimulatedChip] = {}
        self._faults: dict[int, Fault | None] = {}
        self._suffered: dict[int, int] = {}
        self._last: dict[tuple[int, bytes], bytes] = {}
        self.now = 0.0
        self.reads = 0
        self.stuck = False

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds

    def attach(self, address: int, chip: SimulatedChip) -> None:
        """Put a chip on the bus."""
        self._chips[address] = chip

    def chip(self, address: int) -> SimulatedChip:
        """Return the chip at ``address``, to be looked into."""
        return self._chips[address]

    def hold(self, address: int, block: Block, payload: bytes) -> None:
        """Let a chip show ``payload``, unless it is frozen."""
        if not self._is("frozen", address):
            self._chips[address].hold(block, payload)

    def load(self, address: int, words: Mapping[int, int], stride: int = 2) -> None:
        """Set 16-bit registers of a chip, which is there from now on; ``stride`` 2 where its addresses count bytes."""
        if address not in self._chips:
            self.attach(address, RegisterChip(3 - stride))
        chip = self._chips[address]
        if isinstance(chip, RegisterChip) and not self._is("frozen", address):
            for register, word in words.items():
                chip.set_bytes(register, word.to_bytes(2, "big"))

    def break_chip(self, address: int, fault: Fault | None) -> None:
        """Make a chip fail, or well again with None; ``times`` counts anew."""
        self._faults[address] = fault
        self._suffered[address] = 0

    def ping(self, address: int) -> None:
        """Address a chip."""
        self._transfer(address, lambda chip: chip.write(b"", self.now))

    def read_byte(self, address: int, register: int) -> int:
        """Return the byte at ``register``."""
        return self.exchange(address, bytes([register]), 1)[0]

    def read_word(self, address: int, register: int) -> int:
        """Return the word at ``register``."""
        return int.from_bytes(self.exchange(address, bytes([register]), 2), "big")

    def read_block(self, address: int, register: int, length: int) -> bytes:
        """Return bytes as the chip puts them on the wire."""
        return self.exchange(address, bytes([register]), length)

    def write(self, address: int, data: bytes) -> None:
        """Write bytes."""
        self._transfer(address, lambda chip: chip.write(data, self.now))

    def read(self, address: int, length: int) -> bytes:
        """Read bytes."""
        self.reads += 1
        return self._spoilt(address, b"", self._transfer(address, lambda chip: chip.read(length, self.now)))

    def exchange(self, address: int, data: bytes, length: int) -> bytes:
        """Write bytes, and read behind a repeated START."""
        self.reads += 1
        return self._spoilt(address, data, self._transfer(address, lambda chip: chip.exchange(data, length, self.now)))

    def _transfer(self, address: int, transfer: Callable[[SimulatedChip], T]) -> T:
        if self.stuck:
            raise BusError("timeout", address, "the simulated bus is held low")
        if address not in self._chips:
            raise BusError("nack", address, "no simulated chip is there")
        fault = self._faults.get(address)
        if fault and fault.kind in _SAYS and self._suffers(address, fault):
            code, detail = _SAYS[fault.kind]
            raise BusError(code, address, detail)
        try:
            return transfer(self._chips[address])
        except Refused as refusal:
            raise BusError("nack", address, str(refusal) or "the simulated chip refuses") from refusal

    def _spoilt(self, address: int, command: bytes, answer: bytes) -> bytes:
        before = self._last.get((address, command), answer)
        self._last[address, command] = answer
        fault = self._faults.get(address)
        if fault is None or fault.kind not in _SPOILS or not self._suffers(address, fault):
            return answer
        return _SPOILS[fault.kind](fault, command, before, answer)

    def _suffers(self, address: int, fault: Fault) -> bool:
        if fault.times is not None and self._suffered[address] >= fault.times:
            return False
        self._suffered[address] += 1
        return True

    def _is(self, kind: FaultKind, address: int) -> bool:
        fault = self._faults.get(address)
        return fault is not None and fault.kind == kind


def _noise(fault: Fault, command: bytes, before: bytes, answer: bytes) -> bytes:  # noqa: ARG001
    return bytes([answer[0] ^ 0x10, *answer[1:]])


def _lying(fault: Fault, command: bytes, before: bytes, answer: bytes) -> bytes:  # noqa: ARG001
    return fault.shows if command == fault.command else answer


def _torn(fault: Fault, command: bytes, before: bytes, answer: bytes) -> bytes:  # noqa: ARG001
    return before[:1] + answer[1:]


_SPOILS: dict[str, Callable[[Fault, bytes, bytes, bytes], bytes]] = {"noise": _noise, "lying": _lying, "torn": _torn}


class SimulatedLines:
    """GPIO lines whose levels are set."""

    def __init__(self) -> None:
        self.levels: dict[LineId, bool] = {}

    def read(self, line: LineId) -> bool:
        """Return the level; raises PortError for a line never set."""
        if line not in self.levels:
            raise PortError("bus", f"no simulated line {line}")
        return self.levels[line]


class SimulatedHost:
    """A host whose processor temperature is set."""

    def __init__(self, celsius: float = 45.0) -> None:
        self.celsius = celsius

    def cpu_temperature(self) -> float:
        """Return it, in °C."""
        return self.celsius
