"""A bus of chips that hold registers, and can be made to fail: an ``I2cBus`` without hardware."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from services.sensor_reader.core.lines import LineId
from services.sensor_reader.core.ports import BusError, PortError

FaultKind = Literal["nack", "timeout", "bus", "absent", "frozen"]

_SAYS = {
    "nack": ("nack", "the simulated chip does not acknowledge"),
    "timeout": ("timeout", "the simulated bus timed out"),
    "bus": ("bus", "the simulated transfer broke off"),
    "absent": ("nack", "the simulated chip is gone"),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a chip. ``times``: only so many reads fail and the next goes well; None: all fail.

    ``frozen`` answers, but its registers stay as they are.
    """

    kind: FaultKind
    times: int | None = None


class RegisterBus:
    """Simulated chips by address, each with 16-bit words by register. A register never set reads 0.

    ``stride`` of a chip is 2 where its addresses count bytes, as plain block reads of a MAX1704x do.
    """

    def __init__(self) -> None:
        self._words: dict[int, dict[int, int]] = {}
        self._strides: dict[int, int] = {}
        self._faults: dict[int, Fault | None] = {}
        self._failed: dict[int, int] = {}
        self.reads = 0

    def load(self, address: int, words: Mapping[int, int], stride: int = 2) -> None:
        """Set registers of a chip, which is there from now on; a frozen chip keeps what it shows."""
        fault = self._faults.get(address)
        if address in self._words and fault is not None and fault.kind == "frozen":
            return
        self._words.setdefault(address, {}).update(words)
        self._strides[address] = stride

    def break_chip(self, address: int, fault: Fault | None) -> None:
        """Make a chip fail, or well again with None; ``times`` counts anew."""
        self._faults[address] = fault
        self._failed[address] = 0

    def read_word(self, address: int, register: int) -> int:
        """Return the word at ``register``."""
        return int.from_bytes(self.read_block(address, register, 2), "big")

    def read_block(self, address: int, register: int, length: int) -> bytes:
        """Return bytes as the chip puts them on the wire."""
        self.reads += 1
        self._fail(address)
        words, stride = self._words[address], self._strides[address]
        if stride == 1:
            wire = b"".join(words.get(register + n, 0).to_bytes(2, "big") for n in range((length + 1) // 2))
            return wire[:length]
        first = register & ~1
        wire = b"".join(words.get(at, 0).to_bytes(2, "big") for at in range(first, register + length, 2))
        return wire[register - first :][:length]

    def _fail(self, address: int) -> None:
        if address not in self._words:
            raise BusError("nack", address, "no simulated chip is there")
        fault = self._faults.get(address)
        if fault is None or fault.kind == "frozen":
            return
        if fault.times is not None:
            if self._failed[address] >= fault.times:
                return
            self._failed[address] += 1
        code, detail = _SAYS[fault.kind]
        raise BusError(code, address, detail)


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
