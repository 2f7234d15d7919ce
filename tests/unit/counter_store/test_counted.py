"""Cells and episodes."""

from __future__ import annotations

from functools import reduce
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from services.counter_store.core.counting.series import (
    EPISODE_GAP_US,
    Cell,
    Count,
    Episode,
    Series,
    join_counts,
    join_episodes,
)
from services.counter_store.core.time_units import HOUR_US
from shared.messages import Severity

TIMES = st.lists(st.integers(0, 5 * HOUR_US), min_size=1, max_size=40)


def single(time_us: int) -> Episode:
    return Episode(time_us, time_us, 1)


@given(TIMES)
def test_cells_added_in_any_order_are_the_same(times: list[int]) -> None:
    """Count, first and last are those of all."""
    cells = [Cell(1, us, us) for us in times]

    assert Cell(len(times), min(times), max(times)) == reduce(Cell.plus, cells)
    assert reduce(Cell.plus, cells) == reduce(Cell.plus, reversed(cells))


@given(TIMES, st.integers(0, 39))
def test_episodes_do_not_depend_on_what_came_when(times: list[int], cut: int) -> None:
    """Joined bit by bit or at once."""
    bit_by_bit = join_episodes([*join_episodes(map(single, times[:cut])), *map(single, times[cut:])])

    assert join_episodes(map(single, times)) == bit_by_bit


@given(TIMES)
def test_every_event_is_in_one_episode_and_pauses_part_them(times: list[int]) -> None:
    """And within one there is no long pause."""
    episodes = join_episodes(map(single, times))

    assert len(times) == sum(episode.count for episode in episodes)
    assert all(later.began_us - earlier.ended_us > EPISODE_GAP_US for earlier, later in pairwise(episodes))
    for episode in episodes:
        inside = sorted(us for us in times if episode.began_us <= us <= episode.ended_us)
        assert all(later - earlier <= EPISODE_GAP_US for earlier, later in pairwise(inside))


def test_counts_of_one_series_are_joined_to_one() -> None:
    """With the first and the last time of them all."""
    one, other = Series("A", "x", Severity.INFO), Series("A", "x", Severity.INFO, "ups")
    counts = [Count(one, Cell(2, 5, 9)), Count(other, Cell(1, 1, 1)), Count(one, Cell(3, 2, 7))]
    assert [Count(one, Cell(5, 2, 9)), Count(other, Cell(1, 1, 1))] == join_counts(counts)
