"""The places of sites as the last batches of this connection left them, so that most batches need not read them.

Rules:
1. Each batch that speaks of a site takes its row, and with it the site's next turn, until it commits or is undone. So
   what was noted with the turn before is what the table holds; where another worker came in between, the turn is
   another one.
2. It is noted only after the commit. At most ``MOST`` places are kept; past that all are forgotten, and read again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from fleet.core.effects import Room, Track
from fleet.core.spans import Spans

MOST = 100_000


class RememberedPlaces:
    """Of each site its turn, and the places that were noted with it."""

    def __init__(self) -> None:
        self._sites: dict[str, tuple[int, dict[Track, Spans]]] = {}
        self._count = 0

    def of(self, tracks: Iterable[Track], sites: Mapping[str, Room]) -> dict[Track, Spans]:
        """Return those of the tracks that are certain; ``sites`` have the turns of the batch under way."""
        found = {}
        for track in tracks:
            turn, places = self._sites.get(track.site, NOTHING)
            room = sites.get(track.site)
            if room is not None and turn + 1 == room.turn and (spans := places.get(track)) is not None:
                found[track] = spans
        return found

    def note(self, sites: Mapping[str, Room], *places: Mapping[Track, Spans]) -> None:
        """Note what a batch has committed, and what it has read."""
        if self._count > MOST:
            self._sites.clear()
            self._count = 0
        for site, room in sites.items():
            turn, before = self._sites.get(site, NOTHING)
            self._sites[site] = (room.turn, before if before and turn + 1 == room.turn else {})
        for some in places:
            for track, spans in some.items():
                kept = self._sites[track.site][1]
                self._count += track not in kept
                kept[track] = spans


NOTHING: tuple[int, dict[Track, Spans]] = (-2, {})
