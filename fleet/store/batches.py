"""One batch, one transaction: what it changes, and how far the log was read (docs/adr/0050).

Rules:
1. A worker that is assigned a partition claims it: a new generation, and the offset to read on from. The worker
   before has an older generation: its next commit changes nothing and raises ``LostPartitionError``.
2. A batch locks its partitions' rows, then its sites' in the order of their names: no two batches wait for each other.
3. What was in a transaction when the connection broke may be committed or not; whoever claims again finds out.
4. A batch that PostgreSQL cannot hold is cut in halves until the one record is found, which is a dead letter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import LiteralString

import psycopg

from fleet.core.central import CentralRules, CentralSite
from fleet.core.effects import Effects, Known, Room, Track, count_made, effects_of, track_of
from fleet.core.reading import Read, Refusal
from fleet.core.spans import Spans
from fleet.store import months, raw_store
from fleet.store.arrays import array
from fleet.store.connection import BadValueError, Connection, classified
from fleet.store.remembered import RememberedPlaces
from fleet.store.writes import add_sites, touch_sites, write
from shared.messages import Event
from shared.site_records import OfferRecord, RawRecord, SiteRecord, time_of

CLAIM: LiteralString = """
INSERT INTO log_positions AS p (topic, partition, generation, owner, claimed_at)
SELECT %s, partition, 1, %s, %s FROM unnest(%s::int[]) AS n(partition) ORDER BY partition
ON CONFLICT (topic, partition) DO UPDATE
SET generation = p.generation + 1, owner = excluded.owner, claimed_at = excluded.claimed_at
RETURNING partition, generation, next_offset"""
ADVANCE: LiteralString = """
UPDATE log_positions AS p SET next_offset = n.next_offset, committed_at = %s
FROM unnest(%s::int[], %s::bigint[], %s::bigint[]) AS n(partition, generation, next_offset)
WHERE p.topic = %s AND p.partition = n.partition AND p.generation = n.generation"""
PLACES: LiteralString = """
SELECT p.* FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[]) AS n(site, producer, stream, epoch)
JOIN places p USING (site, producer, stream, epoch)"""
TYPES: LiteralString = """
SELECT c.site, c.type FROM unnest(%s::text[], %s::text[]) AS n(site, type) JOIN counts c USING (site, type)"""
IDS: LiteralString = """
SELECT e.site, e.id FROM unnest(%s::text[], %s::timestamptz[], %s::text[]) AS n(site, time, id)
JOIN events e USING (site, time, id)"""
MOST_REMEMBERED = 500_000
TALLY: LiteralString = """
UPDATE log_positions SET records = records + %s, repeats = repeats + %s, refused = refused + %s
WHERE topic = %s AND partition = %s"""


class LostPartitionError(Exception):
    """Another worker has claimed a partition of this batch: nothing of it was committed."""


@dataclass(frozen=True, slots=True)
class Position:
    """A claim of a partition, and the offset to read on from."""

    generation: int
    next_offset: int


@dataclass(frozen=True, slots=True)
class Batch:
    """What was read, and where its partitions stand after it."""

    arrived: Sequence[Read | Refusal]
    positions: Mapping[int, Position]  # of each partition in it: our claim, and the offset after the batch


@dataclass(frozen=True, slots=True)
class Policy:
    """What the settings say of storing."""

    regions: Mapping[str, tuple[str, ...]]
    signals: frozenset[str]
    keep_days: int
    max_sites: int = 100_000
    central: CentralRules | None = None  # how raw frames are processed; None: they are refused


class Batches:
    """The batches of one topic, over one connection."""

    def __init__(self, connection: Connection, topic: str, policy: Policy) -> None:
        self._connection, self._topic, self._policy = connection, topic, policy
        self._months = months.existing(connection)
        self._places = RememberedPlaces()
        self._types: set[tuple[str, str]] = set()  # (site, type)s that have a row: one is never taken away

    def claim(self, partitions: Iterable[int], owner: str, now: datetime) -> dict[int, Position]:
        """Claim partitions; their owner before can commit no more."""
        try:
            with self._connection.transaction():
                rows = self._connection.execute(CLAIM, [self._topic, owner, now, sorted(partitions)]).fetchall()
        except psycopg.Error as error:
            raise classified(error) from error
        return {partition: Position(generation, offset) for partition, generation, offset in rows}

    def commit(self, batch: Batch, now: datetime) -> Effects:
        """Commit a batch whole, or raise: LostPartitionError, DatabaseAwayError."""
        try:
            return self._commit(batch, now)
        except BadValueError as error:
            if len(batch.arrived) == 1:
                arrival = batch.arrived[0].arrival
                return self._commit(Batch([Refusal(arrival, str(error))], batch.positions), now)
        half = len(batch.arrived) // 2
        first = self.commit(_part(batch, batch.arrived[:half]), now)
        rest = self.commit(Batch(batch.arrived[half:], batch.positions), now)
        return _together(first, rest)

    def _commit(self, batch: Batch, now: datetime) -> Effects:
        self._make_months(batch, now)
        try:
            with self._connection.transaction():
                self._advance(batch, now)
                known, central = self._known(batch.arrived, now)
                effects = effects_of(batch.arrived, known, central)
                if effects.made:
                    known = self._count_made(effects, known)
                write(self._connection, self._topic, effects, known, self._policy.signals, now)
                raw_store.save(self._connection, central)
                figures = [len(batch.arrived), effects.repeats, len(effects.refused)]
                self._connection.execute(TALLY, [*figures, self._topic, min(batch.positions)])
        except psycopg.Error as error:
            raise classified(error) from error
        if len(self._types) > MOST_REMEMBERED:
            self._types.clear()
        self._types |= effects.counts.keys()
        self._places.note(known.sites, known.places, effects.places)
        return effects

    def _advance(self, batch: Batch, now: datetime) -> None:
        claims = sorted(batch.positions.items())
        columns = [[p for p, _ in claims], [c.generation for _, c in claims], [c.next_offset for _, c in claims]]
        done = self._connection.execute(ADVANCE, [now, *columns, self._topic])
        if done.rowcount != len(claims):
            raise LostPartitionError(
                f"{len(claims) - done.rowcount} of {len(claims)} partitions belong to another worker"
            )

    def _known(self, arrived: Sequence[Read | Refusal], now: datetime) -> tuple[Known, dict[str, CentralSite]]:
        """Return what is there of what a batch speaks of; its sites are ours until the end of the transaction."""
        records = [each.record for each in arrived if isinstance(each, Read)]
        if not records:
            return Known(), {}
        rooms, beyond = self._rooms(records, now)
        tracks = {track_of(record) for record in records}
        places = self._places.of(tracks, rooms)
        if unknown := tracks - places.keys():
            rows = self._connection.execute(PLACES, _columns(unknown, 4)).fetchall()
            places |= {Track(*row[:4]): Spans(tuple(row[4]), row[5]) for row in rows}
        types, ids = self._counted([record.message for record in records if record.kind == "event"])
        raw = [each for each in records if isinstance(each, RawRecord | OfferRecord) and each.site not in beyond]
        own = raw_store.own_events(self._connection, {each.site for each in raw}) if raw else ()
        rules = self._policy.central
        central = raw_store.load(self._connection, raw, rules, now) if raw and rules is not None else {}
        return Known(places, rooms, types, ids, beyond, own), central

    def _counted(self, events: Sequence[Event]) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
        """Return the (site, type)s and the (site, id)s of events that are there already."""
        ask = self._connection.execute
        types = {(event.site, event.type) for event in events}
        if unknown := types - self._types:
            types -= unknown
            types |= {*ask(TYPES, _columns(unknown, 2)).fetchall()}
        ids = ask(IDS, _columns({(event.site, event.time, event.id) for event in events}, 3)).fetchall()
        return types, {*ids}

    def _count_made(self, effects: Effects, known: Known) -> Known:
        """Count what frames have made; returns what is known, with the types of that."""
        types, ids = self._counted(effects.made)
        count_made(effects, types, ids)
        return replace(known, types={*known.types, *types})

    def _rooms(self, records: Sequence[SiteRecord], now: datetime) -> tuple[dict[str, Room], frozenset[str]]:
        """Return the sites of a batch, new ones added; and those for which there is no room."""
        newest: dict[str, datetime] = {}
        for record in records:
            time = time_of(record)
            newest[record.site] = max(time, newest.get(record.site, time))
        rooms = touch_sites(self._connection, newest, now)
        fresh = sorted(newest.keys() - rooms.keys())
        if not fresh:
            return rooms, frozenset()
        (known,) = self._connection.execute("SELECT count(*) FROM sites").fetchone() or (0,)
        room = max(0, self._policy.max_sites - known)
        add_sites(self._connection, fresh[:room], self._policy.regions, now)
        rooms |= touch_sites(self._connection, {site: newest[site] for site in fresh}, now)
        return rooms, frozenset(newest.keys() - rooms.keys())

    def _make_months(self, batch: Batch, now: datetime) -> None:
        kept = months.Kept.days(self._policy.keep_days, now)
        times = (
            time_of(each.record)
            for each in batch.arrived
            if isinstance(each, Read) and each.record.kind in ("event", "raw", "offer")
        )
        if fresh := kept.months(times) - self._months:
            months.make(self._connection, fresh)
            self._months |= fresh


def _columns(rows: Iterable[tuple[object, ...]], width: int) -> list[object]:
    return [array(column) for column in zip(*rows, strict=True)] or [[] for _ in range(width)]


def _part(batch: Batch, arrived: Sequence[Read | Refusal]) -> Batch:
    """The first of a batch: each partition stands after what is in it, or where it stood."""
    after: dict[int, int] = {}
    for each in arrived:
        after[each.arrival.partition] = each.arrival.offset + 1
    positions = {p: Position(batch.positions[p].generation, offset) for p, offset in after.items()}
    return Batch(arrived, positions)


def _together(first: Effects, rest: Effects) -> Effects:
    """Return what callers count of two halves."""
    rest.events[:0] = first.events
    rest.refused[:0] = first.refused
    rest.repeats += first.repeats
    return rest
