"""How chips say that an answer arrived whole: check bytes as a table of pure functions.

Rules:
1. A check adds one byte to every ``group`` bytes of payload (None: one byte to the whole of it).
2. ``seal`` makes of a payload what the chip sends; ``opened`` takes it apart again and believes nothing that ``seal``
   would not have sent. So one function serves driver, simulated chip and test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import reduce

Digest = Callable[[int, bytes, bytes], int]


@dataclass(frozen=True, slots=True)
class Check:
    """``digest`` of (address, command, group) is the check byte; ``mend`` is what else a refused payload may be.

    ``written`` is the digest of what is written, where it differs from that of an answer.
    """

    name: str
    group: int | None
    digest: Digest
    mend: Callable[[bytes], bytes] | None = None
    written: Digest | None = None

    def wire_length(self, length: int) -> int:
        """Return how many bytes carry ``length`` bytes of payload."""
        return length + (1 if self.group is None else -(-length // self.group))

    def seal(self, address: int, command: bytes, payload: bytes) -> bytes:
        """Return ``payload`` with its check bytes."""
        return b"".join(
            part + bytes([self.digest(address, command, part)]) for part in self._groups(payload, self.group)
        )

    def seal_written(self, address: int, command: bytes, data: bytes) -> int:
        """Return the check byte that belongs behind ``data`` when it is written."""
        return (self.written or self.digest)(address, command, data)

    def opened(self, address: int, command: bytes, wire: bytes) -> bytes | None:
        """Return the payload of ``wire``, or None when a check byte is wrong."""
        step = None if self.group is None else self.group + 1
        parts = list(self._groups(wire, step))
        payload, checks = b"".join(part[:-1] for part in parts), bytes(part[-1] for part in parts)
        guesses = [payload] if self.mend is None else [payload, self.mend(payload)]
        return next((guess for guess in guesses if self._digests(address, command, guess) == checks), None)

    def _digests(self, address: int, command: bytes, payload: bytes) -> bytes:
        return bytes(self.digest(address, command, part) for part in self._groups(payload, self.group))

    @staticmethod
    def _groups(data: bytes, step: int | None) -> Iterator[bytes]:
        size = len(data) if step is None else step
        return (data[at : at + size] for at in range(0, len(data), max(size, 1)))


def crc8(polynomial: int, start: int, data: bytes) -> int:
    """Return the CRC-8 of ``data``: high bit first, nothing reflected or inverted."""
    crc = start
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1) ^ polynomial if crc & 0x80 else crc << 1
        crc &= 0xFF
    return crc


def _sensirion(address: int, command: bytes, data: bytes) -> int:  # noqa: ARG001
    return crc8(0x31, 0xFF, data)


def _pec(address: int, command: bytes, data: bytes) -> int:
    return crc8(0x07, 0x00, bytes([address << 1, *command, address << 1 | 1, *data]))


def _pec_written(address: int, command: bytes, data: bytes) -> int:
    return crc8(0x07, 0x00, bytes([address << 1, *command, *data]))


def _xor(address: int, command: bytes, data: bytes) -> int:  # noqa: ARG001
    return reduce(lambda check, byte: check ^ byte, data, 0xFF)


def _top_bit(payload: bytes) -> bytes:
    return bytes([payload[0] | 0x80, *payload[1:]]) if payload else payload


CRC8_A_WORD = Check("CRC-8 after every word", 2, _sensirion)  # Sensirion, e.g. SHT4x datasheet 4.4: (BE EF) → 92
CRC8 = Check("CRC-8 at the end", None, _sensirion)  # ASAIR AHT20 datasheet 5.4.4: the same polynomial over all bytes
# SMBus 3.1, 6.4.1: CRC-8, x⁸+x²+x+1, with the addresses and the command.
SMBUS_PEC = Check("SMBus PEC", None, _pec, written=_pec_written)
XOR_FF = Check(
    "XOR with 0xFF", None, _xor, _top_bit
)  # pijuice.py, PiJuiceInterface: bit 7 of the first byte may be lost
