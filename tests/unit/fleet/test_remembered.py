"""Places are remembered as long as nobody else has been at their site."""

from __future__ import annotations

import pytest

from fleet.core.effects import Room, Track
from fleet.core.spans import Spans
from fleet.store import remembered
from fleet.store.remembered import RememberedPlaces

EVENTS, STATES = Track("hut-1", "event_processor", "event", "e1"), Track("hut-1", "uplink", "state", "u1")


def _at(turn: int) -> dict[str, Room]:
    return {"hut-1": Room(2, 1, turn)}


def test_what_was_noted_with_the_turn_before_is_certain() -> None:
    """Also what an earlier batch has noted; another turn says that somebody else was there."""
    places = RememberedPlaces()
    assert {} == places.of([EVENTS], _at(1))
    places.note(_at(1), {EVENTS: Spans((1, 4))}, {STATES: Spans((7, 7))})
    places.note(_at(2), {EVENTS: Spans((1, 4))}, {EVENTS: Spans((1, 9))})

    assert {EVENTS: Spans((1, 9)), STATES: Spans((7, 7))} == places.of([EVENTS, STATES], _at(3))
    assert {} == places.of([EVENTS, STATES], _at(4))
    assert {} == places.of([EVENTS, STATES], {})
    places.note(_at(4), {STATES: Spans((8, 8))})
    assert {STATES: Spans((8, 8))} == places.of([EVENTS, STATES], _at(5))


def test_they_have_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Past it all are forgotten; what was noted last is known."""
    monkeypatch.setattr(remembered, "MOST", 3)
    places = RememberedPlaces()
    for turn in range(1, 6):
        track = Track("hut-1", "uplink", "state", f"u{turn}")
        places.note(_at(turn), {track: Spans((turn, turn))})

    known = [epoch for epoch in range(1, 6) if places.of([Track("hut-1", "uplink", "state", f"u{epoch}")], _at(6))]
    assert [5] == known
