"""The feed: a reader who was away gets exactly what it missed, or begins anew."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.gateway.core import feed as feeds
from services.gateway.core.feed import Feed
from tests.unit.gateway.heard import counter, event


def filled(number: int) -> Feed:
    feed = Feed("run1")
    for each in range(number):
        feed.add("event", (), event(each), 300)
    return feed


@given(st.integers(0, 30), st.integers(0, 30))
def test_a_reader_gets_what_came_after_its_place(head: int, place: int) -> None:
    """In order, each once."""
    feed = filled(head)
    assert (place if place <= head else None) == feed.place(f"run1-{place}")
    if place <= head:
        assert list(range(place + 1, head + 1)) == [entry.number for entry in feed.after(place) or ()]


def test_a_place_of_another_run_or_none_at_all_begins_anew() -> None:
    """Numbers of another run mean something else."""
    feed = filled(3)
    assert {None} == {
        feed.place(text) for text in ("run2-1", "run1-4", "run1-", "run1--1", "", "x", "run1-" + "9" * 20)
    }


def test_a_reader_who_was_away_too_long_begins_anew() -> None:
    """Only so many changes are kept."""
    feed = filled(feeds.MOST_CHANGES + 5)
    assert feed.after(4) is None
    assert feeds.MOST_CHANGES == len(feed.after(5) or ())


def test_the_feed_is_bounded_in_bytes() -> None:
    """Large changes push out more."""
    feed = Feed("run1")
    for number in range(100):
        feed.add("event", (), event(number, data={"text": "x" * 200_000}), 200_300)
    assert sum(entry.size for entry in feed.entries) == feed.size <= feeds.MOST_BYTES
    assert 100 == feed.head


def test_an_emptied_topic_is_a_change_with_its_levels() -> None:
    """The reader knows by them what is gone."""
    feed = Feed("run1")
    feed.add("alert", ("on_battery", "ups"), None, 0)
    feed.add("counter", ("AC_POWER_LOSS",), counter(), 300)
    assert [("alert-cleared", "on_battery/ups"), ("counter", counter().model_dump_json(exclude_none=True))] == [
        (entry.kind, entry.data) for entry in feed.entries
    ]
