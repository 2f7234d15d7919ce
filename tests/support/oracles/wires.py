"""Our simulated bus as other people's drivers want it: CircuitPython's ``busio.I2C`` and an ``smbus``."""

from __future__ import annotations

from services.sensor_reader.adapters.simulated.bus import SimulatedBus
from services.sensor_reader.core.ports import BusError


class Busio:
    """What Adafruit's drivers need of ``busio.I2C``; a refusal is an OSError, as Blinka has it.

    A transfer takes time, so that whoever asks again and again without a pause gets his answer.
    """

    _TAKES_S = 0.0003  # three bytes at 100 kHz

    def __init__(self, bus: SimulatedBus) -> None:
        self._bus = bus

    def try_lock(self) -> bool:
        return True

    def unlock(self) -> None:
        pass

    def scan(self) -> list[int]:
        return []

    def writeto(self, address: int, buffer: bytes, *, start: int = 0, end: int | None = None) -> None:
        self._bus.wait(self._TAKES_S)
        try:
            self._bus.write(address, bytes(buffer[start:end]))
        except BusError as error:
            raise OSError(121, str(error)) from error

    def readfrom_into(self, address: int, buffer: bytearray, *, start: int = 0, end: int | None = None) -> None:
        self._bus.wait(self._TAKES_S)
        into = range(len(buffer))[start:end]
        try:
            buffer[into.start : into.stop] = self._bus.read(address, len(into))
        except BusError as error:
            raise OSError(121, str(error)) from error

    def writeto_then_readfrom(
        self, address: int, out_buffer: bytes, in_buffer: bytearray, *,
        out_start: int = 0, out_end: int | None = None, in_start: int = 0, in_end: int | None = None,
    ) -> None:  # fmt: skip
        self._bus.wait(self._TAKES_S)
        into = range(len(in_buffer))[in_start:in_end]
        sent = bytes(out_buffer[out_start:out_end])
        try:
            in_buffer[into.start : into.stop] = self._bus.exchange(address, sent, len(into))
        except BusError as error:
            raise OSError(121, str(error)) from error


class Smbus:
    """What drivers over ``smbus`` need: words are low byte first."""

    def __init__(self, bus: SimulatedBus) -> None:
        self._bus = bus

    def read_byte(self, address: int) -> int:
        return self._bus.read(address, 1)[0]

    def read_byte_data(self, address: int, register: int) -> int:
        return self._bus.read_byte(address, register)

    def read_word_data(self, address: int, register: int) -> int:
        return int.from_bytes(self._bus.read_block(address, register, 2), "little")

    def read_i2c_block_data(self, address: int, register: int, length: int) -> list[int]:
        return list(self._bus.read_block(address, register, length))

    def write_byte(self, address: int, value: int) -> None:
        self._bus.write(address, bytes([value]))

    def write_byte_data(self, address: int, register: int, value: int) -> None:
        self._bus.write(address, bytes([register, value]))

    def write_word_data(self, address: int, register: int, value: int) -> None:
        self._bus.write(address, bytes([register]) + value.to_bytes(2, "little"))

    def write_i2c_block_data(self, address: int, register: int, values: list[int]) -> None:
        self._bus.write(address, bytes([register, *values]))


class Qwiic:
    """What SparkFun's drivers need of ``qwiic_i2c``."""

    def __init__(self, bus: SimulatedBus) -> None:
        self._bus = bus

    def isDeviceConnected(self, address: int) -> bool:  # noqa: N802
        try:
            self._bus.ping(address)
        except BusError:
            return False
        return True

    def read_block(self, address: int, register: int, length: int) -> list[int]:
        return list(self._bus.read_block(address, register, length))

    def write_block(self, address: int, register: int, values: list[int]) -> None:
        self._bus.write(address, bytes([register, *values]))

    def writeCommand(self, address: int, command: int) -> None:  # noqa: N802
        self._bus.write(address, bytes([command]))

    readBlock = read_block  # noqa: N815
