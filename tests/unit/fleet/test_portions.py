"""How what was read at once is cut: a site's records together and in order, whatever lay between them."""

from __future__ import annotations

from fleet.core.portions import by_site
from fleet.core.reading import Arrival

READ = [Arrival(0, offset, key, b"") for offset, key in enumerate([b"c", b"a", b"b", None, b"a", b"c", b"a"])]


def _offsets(most: int) -> list[list[int]]:
    return [[each.offset for each in portion] for portion in by_site(READ, most)]


def test_a_site_is_in_neighbouring_portions_and_in_its_order() -> None:
    """A record without a key comes first; what one transaction holds is left as it was read."""
    assert [[3, 1, 4], [6, 2, 0], [5]] == _offsets(3)
    assert [[3], [1], [4], [6], [2], [0], [5]] == _offsets(1)
    assert [[0, 1, 2, 3, 4, 5, 6]] == _offsets(7)
    assert [] == [*by_site([], 3)]
