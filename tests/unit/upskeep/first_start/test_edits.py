"""Values exchanged within a YAML text: all else stays, byte for byte."""

from __future__ import annotations

import pytest

from upskeep.first_start.edits import EditError, with_item_before, with_pairs, with_value

TEXT = """\
# at the top
source: auto   # of what is read
devices:
  - name: ups
    board: x1201  # a profile
    interval_s: 1
  - {name: rail, chip: ina219, address: 0x40}
empty: {}
"""


def test_a_value_is_exchanged_and_its_comment_stays() -> None:
    """Wherever it stands."""
    assert TEXT.replace("auto", "i2c") == with_value(TEXT, ("source",), "i2c")
    assert TEXT.replace("x1201", "x728") == with_value(TEXT, ("devices", 0, "board"), "x728")
    assert TEXT.replace("{}", "{ups: 1}") == with_value(TEXT, ("empty",), "{ups: 1}")


def test_a_pair_becomes_several_in_the_style_of_its_mapping() -> None:
    """Lines of a block, or entries of a flow; a comment stays on the first line."""
    pairs = [("nut", "{ups: rack}"), ("zone", "attic")]
    block = TEXT.replace("board: x1201  # a profile", "nut: {ups: rack}  # a profile\n    zone: attic")
    flow = TEXT.replace("chip: ina219", "nut: {ups: rack}, zone: attic")

    assert block == with_pairs(TEXT, ("devices", 0, "board"), pairs)
    assert flow == with_pairs(TEXT, ("devices", 1, "chip"), pairs)


def test_an_item_is_put_before_another() -> None:
    """On a line of its own, as deep."""
    assert TEXT.replace("  - name: ups", "  - {name: air}\n  - name: ups") == with_item_before(
        TEXT, ("devices", 0), "{name: air}"
    )


@pytest.mark.parametrize(
    ("path", "named"),
    [
        (("sauce",), "there is no sauce"),
        (("devices", 7, "name"), "there is no devices.7"),
        (("devices",), "devices is spread over several lines"),
    ],
)
def test_a_place_that_is_none_is_named(path: tuple[str | int, ...], named: str) -> None:
    """And nothing is made of it."""
    with pytest.raises(EditError) as caught:
        with_value(TEXT, path, "x")
    assert named == str(caught.value)


def test_an_item_within_a_flow_is_refused() -> None:
    """There is no line of its own for another."""
    with pytest.raises(EditError) as caught:
        with_item_before("devices: [{name: ups}]\n", ("devices", 0), "{name: air}")
    assert "devices.0 does not begin a line" == str(caught.value)
