"""Charts: heights tell counts, scales are round, what is there can be seen."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.counter_store.core.reports.stacked_chart import LEAST, WIDEST, chart, round_up, short

COUNTS = st.lists(st.dictionaries(st.sampled_from(["warning", "error"]), st.integers(0, 10**7)), max_size=60)


def test_a_column_is_stacked_from_the_ground_up_to_scale() -> None:
    """10 and 5 on a scale of 20, 100 high: 50 and 25."""
    drawn = chart([("Mon", "M", {"warning": 10, "error": 5})], ("warning", "error"), 30, 100)

    (column,) = drawn.columns
    assert [("warning", 50.0, 50.0), ("error", 25.0, 25.0)] == [(bar.key, bar.y, bar.height) for bar in column.bars]
    assert "Mon: 10 warning, 5 error" == column.label
    assert [("0", 100.0), ("10", 50.0), ("20", 0.0)] == [(tick.text, tick.at) for tick in drawn.scale]


def test_nothing_is_drawn_as_nothing() -> None:
    """No pieces, or empty ones."""
    assert () == chart([], ("events",), 100, 50).columns
    assert ((),) == tuple(column.bars for column in chart([("Mon", "M", {})], ("events",), 100, 50).columns)


@given(COUNTS)
def test_every_bar_lies_on_the_canvas_and_can_be_seen(counts: list[dict[str, int]]) -> None:
    """Within a rounding; a single one beside millions too."""
    drawn = chart([("x", "x", each) for each in counts], ("warning", "error"), 640, 150)

    bars = [bar for column in drawn.columns for bar in column.bars]
    assert sum(sum(count > 0 for count in each.values()) for each in counts) == len(bars)
    for bar in bars:
        assert bar.height >= LEAST
        assert bar.width > 0
        assert -LEAST * 2 <= bar.y <= 150
        assert 0 <= bar.x
        assert bar.x + bar.width <= 640.01
        assert bar.width <= WIDEST


@given(st.integers(0, 10**12))
def test_a_scale_ends_at_a_round_number_not_far_above(value: int) -> None:
    """No more than twice as high as what is shown, with a whole half."""
    top = round_up(value)
    assert max(1, value) <= top <= max(1, 2 * value)
    assert top == 1 or top % 2 == 0


def test_numbers_are_written_short() -> None:
    """As they stand beside a chart."""
    assert ["0", "950", "1.5k", "20k", "3M"] == [short(n) for n in (0, 950, 1500, 20_000, 3_000_000)]
