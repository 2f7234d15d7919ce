"""Simulated sensors with a life of their own: they take time, fall asleep, refuse, and forget.

All times are at the slow end of the datasheets, so who waits too little is found out.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.sensor_reader.adapters.simulated.chips import CommandChip, Refused, RegisterChip
from services.sensor_reader.core.registers.checksums import CRC8, CRC8_A_WORD
from services.sensor_reader.core.registers.fields import Block


class Aht:
    """AHT20, or AHT10 without a CRC: not calibrated after power-on, busy for 80 ms, and it says so.

    ``initialise`` is the one command that calibrates it; the other kind's is not acknowledged.
    """

    def __init__(self, initialise: bytes, sealed: bool) -> None:
        self.calibrated = False
        self._initialise = initialise
        self._sealed = sealed
        self._held = bytes(5)
        self._shown = bytes(5)
        self._busy_until = 0.0
        self._measuring = False

    def write(self, data: bytes, now: float) -> None:
        """Take a command."""
        if data == b"\xac\x33\x00":
            self._busy_until, self._measuring = now + 0.08, True
        elif data == self._initialise:
            self._busy_until, self.calibrated = now + 0.01, True
        elif data == b"\xba":
            self._busy_until, self.calibrated, self._measuring = now + 0.02, False, False
        elif data:
            raise Refused

    def read(self, length: int, now: float) -> bytes:
        """Return status, humidity and temperature: the old ones while it is busy."""
        busy = now < self._busy_until - 1e-9
        if self._measuring and not busy:
            self._shown, self._measuring = self._held, False
        status = 0x10 | 0x08 * self.calibrated | 0x80 * busy
        answer = bytes([status]) + self._shown
        whole = CRC8.seal(0, b"", answer) if self._sealed else answer
        return whole.ljust(length, b"\xff")[:length]

    def exchange(self, data: bytes, length: int, now: float) -> bytes:
        """Take a command and answer at once."""
        self.write(data, now)
        return self.read(length, now)

    def hold(self, block: Block, payload: bytes) -> None:  # noqa: ARG002
        """Be in the air that ``payload`` describes; its status byte is the chip's own affair."""
        self._held = payload[1:]


class Bh1750:
    """BH1750: measures once it is awake and has the order, for 180 ms, and powers down after a single measurement."""

    def __init__(self) -> None:
        self.awake = False
        self._light = 0
        self._shown = 0
        self._until: float | None = None
        self._mode = 0

    def write(self, data: bytes, now: float) -> None:
        """Take an instruction of one byte."""
        self._finish(now)
        for instruction in data:
            if instruction in (0x00, 0x01):
                self.awake, self._until = instruction == 0x01, None
            elif instruction & 0xF0 in (0x10, 0x20) and self.awake:
                self._mode, self._until = instruction, now + (0.024 if instruction & 0x03 == 0x03 else 0.18)

    def read(self, length: int, now: float) -> bytes:
        """Return the data register: the last measurement that was finished."""
        self._finish(now)
        return self._shown.to_bytes(2, "big").ljust(length, b"\xff")[:length]

    def exchange(self, data: bytes, length: int, now: float) -> bytes:
        """Take an instruction and answer at once."""
        self.write(data, now)
        return self.read(length, now)

    def hold(self, block: Block, payload: bytes) -> None:  # noqa: ARG002
        """Be in light that is ``payload`` at 1 lx resolution."""
        self._light = int.from_bytes(payload, "big")

    def _finish(self, now: float) -> None:
        if self._until is None or now < self._until - 1e-9:
            return
        finer = self._mode & 0x03 == 0x01
        self._shown = min(self._light * (2 if finer else 1), 0xFFFF)
        if self._mode & 0xF0 == 0x20:
            self.awake, self._until = False, None


class Bme280(RegisterChip):
    """BME280: what was not switched on when ctrl_meas was written shows that it was skipped."""

    _POWER_ON: Mapping[int, int] = {0xD0: 0x60, 0xF7: 0x80, 0xFA: 0x80, 0xFD: 0x80}

    def __init__(self) -> None:
        super().__init__(1, self._POWER_ON)
        self._sensed = bytes(8)
        self._until: float | None = None

    def write(self, data: bytes, now: float) -> None:
        """Set the pointer or one register; ctrl_meas starts a measurement, 0xB6 in the reset register resets."""
        self._finish(now)
        super().write(data, now)
        if data[:1] == b"\xe0" and data[1:] == b"\xb6":
            self.registers |= {0xF2: 0, 0xF4: 0, 0xF5: 0, **self._POWER_ON}
        if data[:1] == b"\xf4" and len(data) > 1 and data[1] & 0x03:
            times = [self._times(shift) for shift in (5, 2)] + [self._humidity_times()]
            self._until = now + (1.25 + sum(2.3 * n + 0.575 for n in times if n)) / 1000
            self._chosen = times

    def read(self, length: int, now: float) -> bytes:
        """Return registers; bit 3 of the status while it measures."""
        self._finish(now)
        self.registers[0xF3] = 0x08 if self._until is not None else 0
        return super().read(length, now)

    def hold(self, block: Block, payload: bytes) -> None:
        """Be in the air that ``payload`` describes, or have the trimming in it."""
        if block.command == b"\xf3":
            self._sensed = payload[4:]
        else:
            super().hold(block, payload)

    def _times(self, shift: int) -> int:
        return (0, 1, 2, 4, 8, 16, 16, 16)[self.registers.get(0xF4, 0) >> shift & 7]

    def _humidity_times(self) -> int:
        return (0, 1, 2, 4, 8, 16, 16, 16)[self.registers.get(0xF2, 0) & 7]

    def _finish(self, now: float) -> None:
        if self._until is None or now < self._until - 1e-9:
            return
        self._until = None
        warmth, press, damp = self._chosen
        self.set_bytes(0xF7, self._sensed[0:3] if press else b"\x80\x00\x00")
        self.set_bytes(0xFA, self._sensed[3:6] if warmth else b"\x80\x00\x00")
        self.set_bytes(0xFD, self._sensed[6:8] if damp else b"\x80\x00")
        if self.registers[0xF4] & 0x03 != 0x03:
            self.registers[0xF4] &= 0xFC


class PeriodicChip(CommandChip):
    """A sensor that, once started, has a new value every ``every_s``, which reading takes away.

    ``ready`` and ``fetch`` are the commands that ask for it; a ``deaf`` one acknowledges little else while it measures.
    ``apart_s``: how long after a command it may be read at the soonest.
    """

    def __init__(
        self,
        address: int,
        start: bytes,
        stop: bytes,
        ready: bytes,
        fetch: bytes,
        every_s: float,
        apart_s: float,
        deaf: bool = False,
        others: Mapping[bytes, float] | None = None,
    ) -> None:
        super().__init__(address, CRC8_A_WORD, {stop: 0.5, **(others or {})})
        self.since: float | None = None
        self._start, self._stop, self._ready, self._fetch = start, stop, ready, fetch
        self._every_s, self._apart_s, self._deaf = every_s, apart_s, deaf
        self._taken = 0
        self._written = 0.0

    def write(self, data: bytes, now: float) -> None:
        """Take a command, sealed where it bears an argument."""
        self._written = now
        command, argument = data[:2], data[2:]
        if self.since is not None and self._deaf and command not in (b"", self._ready, self._fetch, self._stop):
            raise Refused
        if argument and CRC8_A_WORD.opened(self.address, command, argument) is None:
            raise Refused
        if command == self._start:
            self.since, self._taken = (now, 0) if self.since is None else (self.since, self._taken)
        elif command == self._stop:
            self.since = None
            super().write(data, now)
        elif command == self._ready:
            self.payloads[self._ready] = b"\x00\x01" if self._new(now) else b"\x00\x00"
            super().write(data, now)
        elif command == self._fetch and not self._new(now):
            raise Refused
        else:
            super().write(data, now)

    def read(self, length: int, now: float) -> bytes:
        """Return an answer; one asked for too soon is not acknowledged, and a measurement is given once."""
        if now - self._written < self._apart_s - 1e-9:
            raise Refused
        if self._asked == self._fetch:
            self._taken = self._count(now)
        return super().read(length, now)

    def _new(self, now: float) -> bool:
        return self._count(now) > self._taken

    def _count(self, now: float) -> int:
        return 0 if self.since is None else int((now - self.since + 1e-9) / self._every_s)


class Ads1115:
    """ADS1115: converts the voltage of the input that its configuration names, in the time its data rate takes.

    In single-shot mode only on order, and else on and on: there the first value after a change is the old one.
    """

    _FULL_SCALE_V = (6.144, 4.096, 2.048, 1.024, 0.512, 0.256, 0.256, 0.256)
    _RATES = (8, 16, 32, 64, 128, 250, 475, 860)

    def __init__(self) -> None:
        self.volts: dict[int, float] = {}
        self.conversions = 0
        self._config = 0x8583
        self._word = 0
        self._pointer = 0
        self._until: float | None = None

    def write(self, data: bytes, now: float) -> None:
        """Set the pointer and perhaps the configuration, whose top bit starts a conversion."""
        self._finish(now)
        if not data:
            return
        self._pointer = data[0] & 0x03
        if self._pointer == 1 and len(data) >= 3:
            self._config = int.from_bytes(data[1:3], "big") & 0x7FFF
            started = data[1] & 0x80 or not self._config & 0x0100
            self._until = now + 1.1 / self._RATES[self._config >> 5 & 7] if started else None

    def read(self, length: int, now: float) -> bytes:
        """Return the register at the pointer; OS is 0 while it converts."""
        self._finish(now)
        idle = self._until is None
        shown = (self._word, self._config | 0x8000 * idle, 0x8000, 0x7FFF)[self._pointer]
        return shown.to_bytes(2, "big").ljust(length, b"\xff")[:length]

    def exchange(self, data: bytes, length: int, now: float) -> bytes:
        """Read at the pointer written."""
        self.write(data, now)
        return self.read(length, now)

    def hold(self, block: Block, payload: bytes) -> None:
        """Have the voltage on the block's input that reads as ``payload`` in the block's range."""
        config = int.from_bytes(block.before[0].data[1:], "big")
        word = int.from_bytes(payload, "big", signed=True)
        self.volts[config >> 12 & 7] = word * self._FULL_SCALE_V[config >> 9 & 7] / 32768

    def _finish(self, now: float) -> None:
        if self._until is None or now < self._until - 1e-9:
            return
        steps = round(self.volts.get(self._config >> 12 & 7, 0.0) * 32768 / self._FULL_SCALE_V[self._config >> 9 & 7])
        self._word = min(max(steps, -32768), 32767) & 0xFFFF
        self.conversions += 1
        single = self._config & 0x0100
        self._until = None if single else now + 1.1 / self._RATES[self._config >> 5 & 7]
