"""Which numbers were applied."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fleet.core.spans import MOST_SPANS, Spans, with_number

NUMBERS = st.lists(st.integers(1, 60), max_size=80)


def _all(numbers: list[int]) -> tuple[Spans, int]:
    spans, applied = Spans(), 0
    for number in numbers:
        after = with_number(spans, number)
        if after is not None:
            spans, applied = after, applied + 1
    return spans, applied


@given(NUMBERS)
def test_each_number_is_applied_once_in_any_order(numbers: list[int]) -> None:
    """The spans are the numbers seen, the gaps what lies between."""
    spans, applied = _all(numbers)
    seen = {n for first, last in zip(spans.ends[::2], spans.ends[1::2], strict=True) for n in range(first, last + 1)}

    assert (set(numbers), len(set(numbers))) == (seen, applied)
    assert sorted(spans.ends) == [*spans.ends]
    gaps = {n for first, last in spans.gaps() for n in range(first, last + 1)}
    wanted = set(range(min(seen), max(seen) + 1)) - seen if seen else set()
    assert (wanted, len(wanted)) == (gaps, spans.missing)
    assert all(a[1] + 1 < b[0] for a, b in zip(_pairs(spans), _pairs(spans)[1:], strict=False))


def _pairs(spans: Spans) -> list[tuple[int, int]]:
    return [*zip(spans.ends[::2], spans.ends[1::2], strict=True)]


def test_a_sender_of_gaps_gets_no_more_room() -> None:
    """The oldest gaps are given up, counted, and their numbers are repeats from then on."""
    spans, _ = _all([*range(1, 2 * (MOST_SPANS + 10), 2)])

    assert (2 * MOST_SPANS, 10) == (len(spans.ends), spans.given_up)
    assert MOST_SPANS + 9 == spans.missing
    assert with_number(spans, 2) is None
    assert with_number(spans, 22) is not None
