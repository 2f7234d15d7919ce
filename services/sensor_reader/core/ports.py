"""What the reader needs from outside: a bus, GPIO lines, the host's own sensors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from services.sensor_reader.core.gpio_line import LineId

ClockMark = Literal["set", "unset"]


class PortError(Exception):
    """A read that failed. ``code`` is nack (nobody answers), timeout or bus (anything else on the way).

    What was read and is not to be trusted has codes of its own: crc, torn, busy (``core/ask.py``). A NUT server adds
    refused (it will not answer) and stale (its own data are old); a foreign driver adds driver.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


class BusError(PortError):
    """A bus read that failed, and at which chip address."""

    def __init__(self, code: str, address: int, detail: str) -> None:
        super().__init__(code, f"at {address:#04x}: {detail}")
        self.address = address


@dataclass(frozen=True, slots=True)
class Instant:
    """One moment by both clocks: aware UTC, and seconds since boot, which no setting of the clock changes.

    ``clock``: whether anything has set the wall clock yet; None where the machine cannot know.
    """

    time: datetime
    uptime_s: float
    clock: ClockMark | None = None


class HostClock(Protocol):
    """The clocks of the machine the reader runs on."""

    def read(self) -> Instant:
        """Return the present moment; wall clock and uptime are read together."""


class ReadBus(Protocol):
    """One I2C bus, as far as nothing is changed on it. All methods raise BusError."""

    def ping(self, address: int) -> None:
        """Return when somebody acknowledges ``address``; no byte is written."""

    def read_byte(self, address: int, register: int) -> int:
        """Return the byte at ``register``."""

    def read_word(self, address: int, register: int) -> int:
        """Return the 16-bit word at ``register``, high byte first on the wire."""

    def read_block(self, address: int, register: int, length: int) -> bytes:
        """Return ``length`` (1 to 32) bytes in the order of the wire, beginning at ``register``."""

    def read(self, address: int, length: int) -> bytes:
        """Return ``length`` bytes without writing before; ends with a STOP."""


class I2cBus(ReadBus, Protocol):
    """One I2C bus, with what chips need that have to be ordered to measure; it ends with a STOP."""

    def write(self, address: int, data: bytes) -> None:
        """Write 1 to 32 bytes."""


class Lines(Protocol):
    """GPIO lines that are inputs."""

    def read(self, line: LineId) -> bool:
        """Return whether the line is high; raises PortError."""


class HostSensors(Protocol):
    """Sensors of the machine the reader runs on."""

    def cpu_temperature(self) -> float:
        """Return the processor's temperature in °C; raises PortError."""


class HostVitals(Protocol):
    """The rest of what the machine shows of itself."""

    def read(self) -> Mapping[str, float | bool]:
        """Return the channels this machine shows, by name; raises PortError for one that is there and fails."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything a poll may read from. ``lines``, ``host`` and ``vitals`` are None where the machine has none."""

    buses: Mapping[int, I2cBus] = field(default_factory=dict)
    lines: Lines | None = None
    host: HostSensors | None = None
    vitals: HostVitals | None = None
