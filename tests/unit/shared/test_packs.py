"""What travels as one message on the wire: nothing is lost, repeated or moved by it, and its size has a bound."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shared.delivery.packs import PACK_BYTES, PACK_ROWS, join, packs, split
from shared.delivery.records import Row


@given(st.lists(st.sampled_from([10, 300, 60_000, 199_999, 400_000]), max_size=350))
def test_packs_hold_the_rows_in_order_and_within_their_bounds(sizes: list[int]) -> None:
    """A row that is larger than a pack travels alone."""
    rows = [Row("raw", seq, "t", b"x" * size, None, 0.0) for seq, size in enumerate(sizes, 1)]
    made = list(packs(rows))

    assert rows == [row for pack in made for row in pack]
    assert [row.payload for row in rows] == [line for pack in made for line in split(join(pack))]
    for pack in made:
        assert 1 <= len(pack) <= PACK_ROWS
        assert 1 == len(pack) or sum(len(row.payload) for row in pack) <= PACK_BYTES
