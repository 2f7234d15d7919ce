"""A Linux I2C bus, ``/dev/i2c-N``. The only place that knows smbus2.

Rules:
1. Registers are read and written by SMBus transfers, which every adapter of the kernel can do; only a read of several
   bytes without a pointer needs plain I2C.
2. The device is opened on the first read and held under a lock, so that one reader owns a bus.
3. After a fault of the bus the device is closed and opened anew, at once, so that nobody else gets the lock: an adapter
   that went away (USB, a driver bound anew) is found again, and one that is going is let go. A bus that a chip holds
   low needs nine clocks, which userspace cannot give; it is asked again, less and less often (``core/schedule.py``).
4. SMBus words are low byte first; all our chips send the high byte first, so words are swapped here.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import smbus2

from services.sensor_reader.core.ports import BusError

T = TypeVar("T")

# Linux, Documentation/i2c/fault-codes.rst, and what drivers do: i2c-bcm2835 EREMOTEIO, i2c-stub ENODEV.
_CODES = {
    errno.ENXIO: ("nack", "no chip answers; check the wiring and the address (i2cdetect shows who is there)"),
    errno.EREMOTEIO: ("nack", "no chip answers; check the wiring and the address (i2cdetect shows who is there)"),
    errno.ENODEV: ("nack", "no chip answers; check the wiring and the address (i2cdetect shows who is there)"),
    errno.ETIMEDOUT: ("timeout", "the bus timed out; a chip may hold the clock, or the wires are too long"),
    errno.EAGAIN: ("bus", "another master won the bus"),
    errno.EBUSY: ("bus", "a kernel driver holds this address; remove its overlay or leave the chip to it"),
    errno.EIO: ("bus", "the transfer broke off"),
}
_ANSWERED = {errno.ENXIO, errno.EREMOTEIO, errno.EBUSY}  # the bus itself is well
_OPENING = {
    errno.ENOENT: "there is no such bus; switch I2C on (raspi-config, or dtparam=i2c_arm=on), or pass the device "
    "into the container",
    errno.EACCES: "this user may not open it; add it to the group i2c",
    errno.EPERM: "this user may not open it; add it to the group i2c",
    errno.EWOULDBLOCK: "another sensor_reader already reads this bus; one bus has one reader",
}
_I2C_TIMEOUT = 0x0702  # ioctl of linux/i2c-dev.h, in units of 10 ms
_TIMEOUT_TICKS = 10


class SmBus:
    """An ``I2cBus`` over the kernel's adapter ``number``. ``folder`` is where device files live; ``make`` a handle."""

    def __init__(
        self, number: int, folder: Path = Path("/dev"), make: Callable[[], smbus2.SMBus] = smbus2.SMBus
    ) -> None:
        self._path = folder / f"i2c-{number}"
        self._make = make
        self._bus: smbus2.SMBus | None = None

    def read_word(self, address: int, register: int) -> int:
        """Return the word at ``register``, high byte first."""
        low_first: int = self._transfer(address, lambda bus: bus.read_word_data(address, register))
        return (low_first & 0xFF) << 8 | low_first >> 8

    def read_block(self, address: int, register: int, length: int) -> bytes:
        """Return ``length`` bytes beginning at ``register``."""
        return bytes(self._transfer(address, lambda bus: bus.read_i2c_block_data(address, register, length)))

    def read_byte(self, address: int, register: int) -> int:
        """Return the byte at ``register``."""
        byte: int = self._transfer(address, lambda bus: bus.read_byte_data(address, register))
        return byte

    def ping(self, address: int) -> None:
        """Address the chip by an SMBus quick write, or by a read where the adapter cannot (Pi 5: DesignWare)."""
        quick = self._transfer(address, lambda bus: bool(bus.funcs & smbus2.I2cFunc.SMBUS_QUICK))
        self._transfer(address, lambda bus: bus.write_quick(address) if quick else bus.read_byte(address))

    def write(self, address: int, data: bytes) -> None:
        """Write ``data``: on the wire, a block write whose command is the first byte is just that."""
        if len(data) == 1:
            self._transfer(address, lambda bus: bus.write_byte(address, data[0]))
        else:
            self._transfer(address, lambda bus: bus.write_i2c_block_data(address, data[0], list(data[1:])))

    def read(self, address: int, length: int) -> bytes:
        """Return ``length`` bytes without a pointer before."""
        if length == 1:
            return bytes([self._transfer(address, lambda bus: bus.read_byte(address))])
        message = smbus2.i2c_msg.read(address, length)
        self._transfer(address, lambda bus: bus.i2c_rdwr(message))
        return bytes(message)

    def close(self) -> None:
        """Close the bus; safe to call twice."""
        if self._bus is not None:
            self._bus.close()
            self._bus = None

    def _transfer(self, address: int, transfer: Callable[[smbus2.SMBus], T]) -> T:
        bus = self._open(address)
        try:
            return transfer(bus)
        except OSError as error:
            if error.errno not in _ANSWERED:
                self._open_anew(address)
            code, advice = _CODES.get(error.errno or 0, ("bus", error.strerror or str(error)))
            raise BusError(code, address, f"{self._path}: {advice}") from error

    def _open_anew(self, address: int) -> None:
        self.close()
        with contextlib.suppress(BusError):  # the next transfer tries again, and says why not
            self._open(address)

    def _open(self, address: int) -> smbus2.SMBus:
        if self._bus is not None:
            return self._bus
        bus = self._make()
        try:
            bus.open(str(self._path))
            device = -1 if bus.fd is None else bus.fd
            fcntl.flock(device, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with contextlib.suppress(OSError):  # an adapter that cannot has a timeout of its own
                fcntl.ioctl(device, _I2C_TIMEOUT, _TIMEOUT_TICKS)
        except OSError as error:
            bus.close()
            advice = _OPENING.get(error.errno or 0, error.strerror or str(error))
            raise BusError("bus", address, f"{self._path}: {advice}") from error
        self._bus = bus
        return bus
