"""What a batch comes to, and that it comes to the same however the log is cut, repeated and mixed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.core import effects as core
from fleet.core.effects import Effects, Known, Room, Track, effects_of
from fleet.core.reading import Arrival, Read, Refusal, read
from fleet.core.spans import Spans
from shared.messages import AlertState
from shared.site_records import SiteRecord, encode
from tests.support.fleet_records import alert, arrivals, event, state

SITES = ("hut-1", "hut-2", "shop-1")


@dataclass
class World:
    """A store in memory: it takes effects in as the real one does."""

    places: dict[Track, Spans] = field(default_factory=dict)
    sites: dict[str, Room] = field(default_factory=dict)
    ids: set[tuple[str, str]] = field(default_factory=set)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    latest: dict[Any, Any] = field(default_factory=dict)
    first_last: dict[Any, Any] = field(default_factory=dict)
    hours: Counter[tuple[Any, ...]] = field(default_factory=Counter)

    def take(self, batch: list[Read | Refusal]) -> Effects:
        """Apply a batch."""
        done = effects_of(batch, Known(self.places, self.sites, {*self.counts}, self.ids))
        self.places |= done.places
        for site, heard in done.heard.items():
            room = self.sites.get(site, Room())
            self.sites[site] = Room(room.tracks + heard.tracks, room.types + heard.types)
        self.ids |= {(each.site, each.id) for each in done.events}
        for key, tally in done.counts.items():
            self.counts[key] += tally.total
            first, last = self.first_last.get(key, (tally.first, tally.last))
            self.first_last[key] = (min(first, tally.first), max(last, tally.last))
        self.hours.update((e.site, e.type, e.time.replace(minute=0, second=0, microsecond=0)) for e in done.events)
        self.latest |= done.states | done.alerts
        return done


def _world(*batches: list[Arrival]) -> World:
    world = World()
    for batch in batches:
        world.take([read(each) for each in batch])
    return world


def _log_of(site: str) -> list[SiteRecord]:
    records: list[SiteRecord] = [
        event(site, seq, "AC_POWER_LOSS" if seq % 3 else "AC_POWER_RESTORED") for seq in range(1, 9)
    ]
    records += [event(site, seq, epoch="e2") for seq in (4, 5, 9)]
    records += [event(site, 10, epoch="e2", name=f"{site}.e1.1", at_s=60)]  # an event again, in another place
    records += [state(site, seq, power="battery" if seq % 2 else "mains") for seq in (1, 2, 5)]
    return [*records, alert(site, 3), alert(site, 7, AlertState.RESOLVED)]


LOGS = [_log_of(site) for site in SITES]
PLAIN = _world(*(arrivals(log) for log in LOGS))


@given(st.data())
def test_totals_are_the_same_however_it_is_cut_repeated_and_mixed(data: st.DataObject) -> None:
    """A repeat begins again at any earlier record of its partition, as after a crash."""
    parts = []
    for partition, records in enumerate(LOGS):
        again = data.draw(st.lists(st.tuples(st.integers(0, len(records)), st.integers(0, len(records))), max_size=3))
        log = arrivals(records, partition)
        for begin, end in again:
            log += log[begin:end] + log[min(begin, end) : len(records)]
        parts.append(log)
    mixed, left = [], [list(part) for part in parts]
    while any(left):
        at = data.draw(st.sampled_from([n for n, part in enumerate(left) if part]))
        mixed += [left[at].pop(0) for _ in range(min(len(left[at]), 5))]
    world, cuts = World(), data.draw(st.lists(st.integers(0, len(mixed)), max_size=6))
    for first, last in zip([0, *sorted(cuts)], [*sorted(cuts), len(mixed)], strict=True):
        world.take([read(each) for each in mixed[first:last]])

    assert PLAIN == world


@given(st.permutations(LOGS[0][:12]))
def test_events_count_the_same_in_any_order_within_a_track_too(records: list[SiteRecord]) -> None:
    """As where a topic's partitions were added to, and two partitions hold a site."""
    assert _world(arrivals(LOGS[0][:12])).counts == _world(arrivals(records)).counts


def test_what_was_counted_is_what_was_said() -> None:
    """So that the laws above compare something."""
    counted = {kind: number for (site, kind), number in PLAIN.counts.items() if site == "hut-1"}

    assert {"AC_POWER_LOSS": 6 + 3, "AC_POWER_RESTORED": 2} == counted
    assert ((6, 8),) == PLAIN.places[Track("hut-1", "event_processor", "event", "e2")].gaps()
    assert ("battery", "said at 7") == (
        PLAIN.latest["hut-1", "ups"].power,
        PLAIN.latest["hut-1", "on_battery", "ups"].message,
    )


def test_a_late_state_does_not_replace_a_newer_one() -> None:
    """One that fills a gap was said before."""
    world = _world(arrivals([state("a", 1), state("a", 5, power="battery"), state("a", 3)]))

    assert "battery" == world.latest["a", "ups"].power


def test_a_record_that_cannot_be_read_is_refused_and_the_others_count() -> None:
    """Bad JSON, another site's key, a name that is none, a value that is missing, a NUL."""
    key, value = encode(event("a", 1))
    bad = [
        *((key, b"{"), (b"b", value), (key, None), (None, value)),
        (key, value.replace(b'"epoch":"e1"', b'"epoch":"../e1"')),
        (key, value.replace(b"battery_voltage", b"battery\\u0000voltage")),
    ]
    batch = [Arrival(0, at, *each) for at, each in enumerate([*bad, (key, value)])]
    world = World()
    done = world.take([read(each) for each in batch])

    assert [0, 1, 2, 3, 4, 5] == [each.arrival.offset for each in done.refused]
    assert {("a", "AC_POWER_LOSS"): 1} == world.counts


def test_a_text_that_only_looks_like_a_nul_counts() -> None:
    """A backslash and u0000, as a text has them."""
    key, value = encode(event("a", 1))
    looks = value.replace(b"battery_voltage", b"battery\\\\u0000voltage")

    assert isinstance(read(Arrival(0, 0, key, looks)), Read)


@pytest.mark.parametrize("limit", ["MOST_TRACKS", "MOST_TYPES"])
def test_a_site_gets_no_more_tracks_and_types_than_there_is_room_for(
    limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What goes beyond is refused; what is known goes on."""
    monkeypatch.setattr(core, limit, 3)
    many = [event("a", seq, f"T{seq}", epoch=f"e{seq}" if limit == "MOST_TRACKS" else "e") for seq in range(1, 6)]
    done = _world().take(
        [read(each) for each in arrivals([*many[:4], many[0], event("a", 9, "T1", epoch=many[0].epoch)])]
    )

    assert [3] == [each.arrival.offset for each in done.refused]
    assert 4 == len(done.events)


def test_what_a_new_site_says_where_there_is_no_room_is_refused() -> None:
    """Whatever it is; the others count."""
    said = [read(each) for each in arrivals([event("a", 1), event("new", 1), state("new", 1)])]
    done = effects_of(said, Known(beyond={"new"}))

    assert ([1, 2], ["a"]) == ([each.arrival.offset for each in done.refused], [each.site for each in done.events])
