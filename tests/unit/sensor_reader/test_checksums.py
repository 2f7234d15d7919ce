"""Check bytes: published vectors, and that a spoilt answer is seen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sensor_reader.core.registers.checksums import CRC8, CRC8_A_WORD, SMBUS_PEC, XOR_FF, Check, crc8

VECTORS = [
    # check, address, command, payload, on the wire, source
    (CRC8_A_WORD, 0x44, "fd", "beef", "beef92", "Sensirion SHT4x datasheet 4.4"),
    (CRC8_A_WORD, 0x44, "fd", "6666 8000", "666693 8000a2", "as adafruit_sht4x"),
    (CRC8, 0x38, "ac3300", "1c80 0005 ffff", "1c80 0005 ffff a9", "as adafruit_ahtx0 with the check ASAIR gives"),
    (SMBUS_PEC, 0x0B, "09", "0a0f", "0a0f c4", "as adafruit_lc709203f"),
    (XOR_FF, 0x14, "49", "2010", "2010 cf", "pijuice.py, ReadData"),
    (XOR_FF, 0x14, "40", "f0", "f0 0f", "pijuice.py, ReadData"),
]

each_check = pytest.mark.parametrize("check", [CRC8_A_WORD, CRC8, SMBUS_PEC, XOR_FF], ids=lambda check: check.name)
payloads = st.binary(min_size=2, max_size=18).map(lambda data: data[: len(data) // 2 * 2])


@pytest.mark.parametrize(("check", "address", "command", "payload", "wire", "source"), VECTORS)
def test_published_answers_are_sealed_and_opened(
    check: Check, address: int, command: str, payload: str, wire: str, source: str
) -> None:
    """Both ways, byte for byte."""
    assert bytes.fromhex(wire) == check.seal(address, bytes.fromhex(command), bytes.fromhex(payload)), source
    assert bytes.fromhex(payload) == check.opened(address, bytes.fromhex(command), bytes.fromhex(wire)), source


def test_the_catalogued_check_values_come_out() -> None:
    """CRC-8/SMBUS and CRC-8/NRSC-5 (Sensirion's) of "123456789", as the CRC catalogue has them."""
    assert (0xF4, 0xF7) == (crc8(0x07, 0x00, b"123456789"), crc8(0x31, 0xFF, b"123456789"))


@each_check
@given(payload=payloads)
def test_what_is_sealed_opens(check: Check, payload: bytes) -> None:
    """And takes as many bytes as is said."""
    wire = check.seal(0x44, b"\x09", payload)

    assert check.wire_length(len(payload)) == len(wire)
    assert payload == check.opened(0x44, b"\x09", wire)


@each_check
@given(payload=payloads, data=st.data())
def test_every_flipped_bit_is_seen(check: Check, payload: bytes, data: st.DataObject) -> None:
    """One bit anywhere: no payload. Of the PiJuice bit 7 is left out: its maker's own mending makes the check blind."""
    wire = bytearray(check.seal(0x44, b"\x09", payload))
    bit = data.draw(st.integers(0, 8 * len(wire) - 1))
    wire[bit // 8] ^= 1 << bit % 8

    assert check.opened(0x44, b"\x09", bytes(wire)) is None or (check is XOR_FF and bit % 8 == 7)


def test_an_answer_of_another_chip_or_command_is_refused() -> None:
    """The PEC holds address and command, so an answer that belongs elsewhere does not pass."""
    wire = SMBUS_PEC.seal(0x0B, b"\x09", b"\x0a\x0f")

    assert SMBUS_PEC.opened(0x0B, b"\x0f", wire) is None
    assert SMBUS_PEC.opened(0x0C, b"\x09", wire) is None


def test_the_bit_that_a_pijuice_loses_is_put_back() -> None:
    """Its first byte sometimes comes without bit 7; the check byte then tells."""
    assert XOR_FF.opened(0x14, b"\x49", bytes.fromhex("2010 4f")) == bytes.fromhex("a010")
    assert XOR_FF.opened(0x14, b"\x49", bytes.fromhex("2010 4e")) is None
