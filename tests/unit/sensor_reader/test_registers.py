"""Register tables: decoding, encoding and clashes."""

from __future__ import annotations

import math
import struct
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sensor_reader.core.chips import CHIPS
from services.sensor_reader.core.registers.fields import (
    Block,
    Field,
    Form,
    Register,
    bits,
    blocks_of,
    byte,
    decode,
    encode,
    impossible,
    overlaps,
    word,
    words_of,
)
from shared.quantities import FACTS, QUANTITIES

A, B = word("a", 0x02), word("b", 0x04)
SIX = Block(b"\x10", 6)


def field(name: str, register: Register, high: int, low: int, form: Form = "unsigned") -> Field:
    return Field(name, register, bits(high, low), Fraction(1), "", "test", form=form)


def test_all_words_of_a_signed_field_are_twos_complement() -> None:
    """Each of the 65,536 words decodes as Python's own two's complement."""
    whole = field("x", A, 15, 0, "signed")

    for pattern in range(0x10000):
        assert int.from_bytes(pattern.to_bytes(2, "big"), "big", signed=True) == whole.raw(pattern)


# Fields that are decoded alike are tried once; there is a row for every way that is in use.
EVERY_SHAPE = {
    (each.high, each.low, each.form, each.step, each.zero): each for chip in CHIPS.values() for each in chip.fields
}


@pytest.mark.parametrize("each", EVERY_SHAPE.values(), ids=lambda each: f"{each.register.name}-{each.name}")
def test_all_raw_values_of_every_chip_field_survive_a_round_trip(each: Field) -> None:
    """Encode is the inverse of decode: every raw value up to 16 bits, every pattern of a byte in wider ones."""
    mask = ((1 << each.width) - 1) << each.low
    raws = range(1 << each.width) if each.width <= 16 else [n << s for n in range(256) for s in range(each.width - 7)]
    for raw in raws:
        shown = each.raw(raw << each.low)
        if each.form != "float" or math.isfinite(each.value(shown)):
            assert (raw << each.low) & mask == each.place(each.value(shown)), hex(raw)


def test_a_narrow_signed_field_extends_its_sign() -> None:
    """The top bit of the field is the sign, wherever in the word it stands."""
    assert field("x", A, 7, 4, "signed").raw(0x00F0) == -1


@pytest.mark.parametrize(("order", "expected"), [("big", 0x010203), ("little", 0x030201)])
def test_a_register_has_any_size_in_either_order(order: str, expected: int) -> None:
    """Three bytes, two into a block."""
    register = Register("x", SIX, 2, 3, order)  # type: ignore[arg-type]

    assert expected == register.word(bytes([9, 9, 1, 2, 3, 9]))


def test_a_zero_that_is_not_nothing_is_added() -> None:
    """175 steps of 1/65535 of 175 above -45 are rounded once."""
    celsius = Field("t", A, bits(15, 0), Fraction(175, 65535), "°C", "test", zero=Fraction(-45))

    assert [-45.0, 25.0, 130.0] == [celsius.value(raw) for raw in (0, 0x6666, 0xFFFF)]
    assert celsius.place(25.0) == 0x6666


@given(st.floats(width=32))
def test_a_float_is_what_ieee_754_says(number: float) -> None:
    """All that is finite passes both ways; NaN and infinity are no reading."""
    register = Register("f", SIX, 0, 4)
    each = field("f", register, 31, 0, "float")
    bits = int.from_bytes(struct.pack(">f", number), "big")

    assert ({"f": number} if math.isfinite(number) else {}) == decode([each], {"f": bits})
    if math.isfinite(number):
        assert bits == each.place(number)


def test_a_value_outside_the_field_is_held_to_its_range() -> None:
    """Encoding saturates and never spills into a neighbour's bits."""
    narrow = field("x", A, 7, 4)

    assert (narrow.place(99), narrow.place(-1)) == (0xF0, 0x00)


def test_a_raw_value_that_is_never_shown_is_no_reading() -> None:
    """A sentinel is left out of what is decoded, and can be told of."""
    gauge = Field("v", A, bits(15, 0), Fraction(1), "V", "test", never=(0,))

    assert decode([gauge], {"a": 0}) == {}
    assert [(gauge, 0)] == impossible([gauge], {"a": 0})
    assert decode([gauge], {"a": 1}) == {"v": 1.0}


def test_a_block_that_was_not_read_has_no_fields() -> None:
    """What was not asked is not 0."""
    fields = [field("x", A, 15, 0), field("y", B, 15, 0)]

    assert {"x": 5.0} == decode(fields, words_of(fields, {A.block: b"\x00\x05"}))


def test_two_fields_on_one_bit_are_found() -> None:
    """A bit claimed twice is reported once, by both names."""
    assert overlaps([field("x", A, 8, 4), field("y", A, 5, 0), field("z", B, 15, 0)]) == [("x", "y")]


def test_registers_that_share_bytes_of_a_block_clash_by_bits() -> None:
    """A wide register over two narrow ones: the clash is on the wire, whatever the order."""
    high, low = Register("high", SIX, 0, 2), Register("low", SIX, 1, 2, "little")

    assert overlaps([field("x", high, 7, 0), field("y", low, 7, 0)]) == [("x", "y")]
    assert overlaps([field("x", high, 7, 0), field("y", low, 15, 8)]) == []


@pytest.mark.parametrize("kind", CHIPS)
def test_every_channel_of_a_chip_is_registered_in_its_unit(kind: str) -> None:
    """Tables name only known quantities, in the unit the registry has, and known facts."""
    for each in CHIPS[kind].fields:
        name = (each.channel or "").format(measures=CHIPS[kind].measures[0])
        if each.means is not None:
            assert name in FACTS
        elif name:
            assert QUANTITIES[name].unit == each.unit


def test_fields_of_one_block_are_one_transaction() -> None:
    """Blocks come once each, in the order of the table."""
    fields = [field("b", B, 7, 0), field("a", A, 15, 0), field("b2", B, 15, 8), field("c", byte("c", 0x08), 7, 0)]

    assert (B.block, A.block, Block(b"\x08", 1)) == blocks_of(fields)


def test_encoding_leaves_unnamed_fields_zero_and_merges_a_register() -> None:
    """Fields of one register are laid together."""
    fields = [field("hi", A, 15, 12), field("mid", A, 11, 4), field("lo", A, 3, 0)]

    assert {A.block: b"\xf0\x03"} == encode(fields, {"hi": 15, "lo": 3})
