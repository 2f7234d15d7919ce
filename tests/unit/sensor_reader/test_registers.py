"""Register tables: decoding, encoding, clashes and the read planner."""

from __future__ import annotations

from fractions import Fraction

import pytest

from services.sensor_reader.core.chips import CHIPS
from services.sensor_reader.core.registers import Field, Read, Register, decode, encode, overlaps, plan_reads
from shared.quantities import QUANTITIES

A, B, C = Register("a", 0x02), Register("b", 0x04), Register("c", 0x08)


def field(name: str, register: Register, high: int, low: int, *, signed: bool = False) -> Field:
    return Field(name, register, high, low, Fraction(1), "", "test", signed=signed)


def test_all_words_of_a_signed_field_are_twos_complement() -> None:
    """Each of the 65,536 words decodes as Python's own two's complement."""
    whole = field("x", A, 15, 0, signed=True)

    for word in range(0x10000):
        assert int.from_bytes(word.to_bytes(2, "big"), "big", signed=True) == whole.raw(word)


def test_all_words_of_every_chip_field_survive_a_round_trip() -> None:
    """Encode is the inverse of decode for every raw value of every field of every chip."""
    for chip in CHIPS.values():
        for each in chip.fields:
            mask = ((1 << each.width) - 1) << each.low
            for word in range(0, 0x10000, 1 << each.low):
                assert word & mask == each.place(each.value(each.raw(word))), (chip.kind, each.name, hex(word))


def test_a_narrow_signed_field_extends_its_sign() -> None:
    """The top bit of the field is the sign, wherever in the word it stands."""
    assert field("x", A, 7, 4, signed=True).raw(0x00F0) == -1


def test_a_value_outside_the_field_is_held_to_its_range() -> None:
    """Encoding saturates and never spills into a neighbour's bits."""
    narrow = field("x", A, 7, 4)

    assert (narrow.place(99), narrow.place(-1)) == (0xF0, 0x00)


def test_a_raw_value_that_is_never_shown_is_no_reading() -> None:
    """A sentinel is left out of what is decoded."""
    gauge = Field("v", A, 15, 0, Fraction(1), "V", "test", never=(0,))

    assert decode([gauge], {A.address: 0}) == {}
    assert decode([gauge], {A.address: 1}) == {"v": 1.0}


def test_two_fields_on_one_bit_are_found() -> None:
    """A bit claimed twice is reported once, by both names."""
    assert overlaps([field("x", A, 8, 4), field("y", A, 5, 0), field("z", B, 15, 0)]) == [("x", "y")]


@pytest.mark.parametrize("kind", CHIPS)
def test_no_chip_table_claims_a_bit_twice(kind: str) -> None:
    """The shipped tables are free of overlaps."""
    assert overlaps(CHIPS[kind].fields) == []


@pytest.mark.parametrize("kind", CHIPS)
def test_every_channel_of_a_chip_is_a_registered_quantity_in_its_unit(kind: str) -> None:
    """Tables name only known quantities, and in the unit the registry has."""
    for each in CHIPS[kind].fields:
        if each.channel:
            assert QUANTITIES[each.channel.format(measures="battery")].unit == each.unit


@pytest.mark.parametrize(
    ("block_words", "expected"),
    [
        (1, (Read(2, 1), Read(4, 1), Read(8, 1))),
        (2, (Read(2, 2), Read(8, 1))),
    ],
)
def test_neighbours_are_read_in_one_transaction(block_words: int, expected: tuple[Read, ...]) -> None:
    """Registers in a row join into blocks of at most ``block_words``; a gap breaks them."""
    fields = [field("c", C, 15, 0), field("a", A, 15, 0), field("b", B, 7, 0), field("b2", B, 15, 8)]

    assert expected == plan_reads(fields, block_words, stride=2)


def test_encoding_leaves_unnamed_fields_zero_and_merges_a_register() -> None:
    """Fields of one register are laid together."""
    assert encode([field("hi", A, 15, 12), field("mid", A, 11, 4), field("lo", A, 3, 0)],
                                 {"hi": 15, "lo": 3}) == {2: 0xF003}  # fmt: skip
