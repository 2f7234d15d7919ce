"""What was read at once, committed in portions, and how far the log was read with the last (docs/adr/0050, 0066).

Rules:
1. A worker that is assigned a partition claims it: a new generation, and the offset to read on from. The worker
   before has an older generation: its next commit changes nothing and raises ``LostPartitionError``.
2. A portion locks its partitions' rows, then its sites' in the order of their names: no two wait for each other.
3. The offset may be behind what is applied, and never ahead: what is read again is dropped as a repeat, by its place.
4. What was in a transaction when the connection broke may be committed or not; whoever claims again finds out.
5. A portion that PostgreSQL cannot hold is cut in halves until the one record is found, which is a dead letter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import LiteralString

import psycopg

from fleet.core.central import CentralRules, CentralSite
from fleet.core.effects import Effects, Known, Room, Track, count_made, effects_of, track_of
from fleet.core.portions import by_site
from fleet.core.reading import Arrival, Read, Refusal, read
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
UPDATE log_positions AS p SET next_offset = coalesce(n.next_offset, p.next_offset), committed_at = %s
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
    """Another worker has claimed a partition of this portion: nothing of it was committed."""


@dataclass(frozen=True, slots=True)
class Position:
    """A claim of a partition, and the offset to read on from."""

    generation: int
    next_offset: int


Portion = Sequence[Read | Refusal]  # one transaction of a batch
Positions = Mapping[int, Position]


@dataclass(frozen=True, slots=True)
class Batch:
    """What was read at once, and where its partitions stand after it."""

    arrived: Sequence[Arrival]
    positions: Positions  # of each partition in it: our claim, and the offset after the batch


@dataclass(frozen=True, slots=True)
class Policy:
    """What the settings say of storing."""

    regions: Mapping[str, tuple[str, ...]]
    signals: frozenset[str]
    keep_days: int
    max_sites: int = 100_000
    portion: int = 4000  # records a transaction
    central: CentralRules | None = None  # how raw frames are processed; None: they are refused


@dataclass(slots=True)
class Done:
    """What records came to: events counted, repeats, dead letters."""

    records: int = 0
    events: int = 0
    repeats: int = 0
    refused: list[Refusal] = field(default_factory=list)

    def count(self, effects: Effects, records: int) -> None:
        """Count what one transaction came to."""
        self.add(Done(records, len(effects.events), effects.repeats, effects.refused))

    def add(self, more: Done) -> None:
        """Add what others came to."""
        self.records += more.records
        self.events += more.events
        self.repeats += more.repeats
        self.refused += more.refused


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

    def commit(self, batch: Batch, now: datetime) -> Done:
        """Commit a whole batch; raises as ``portions`` does."""
        done = Done()
        for portion in self.portions(batch, now):
            done.add(portion)
        return done

    def portions(self, batch: Batch, now: datetime) -> Iterator[Done]:
        """Commit a batch portion by portion, the offsets with the last; raises LostPartitionError, DatabaseAwayError.

        What was committed before it raises, or before the caller leaves off, is a repeat when it is read again.
        """
        left = len(batch.arrived)
        for portion in by_site(batch.arrived, self._policy.portion):
            left -= len(portion)
            done = Done()
            self._store([*map(read, portion)], batch.positions, now, done, is_last=not left)
            yield done

    def _store(self, arrived: Portion, positions: Positions, now: datetime, done: Done, *, is_last: bool) -> None:
        try:
            done.count(self._commit(arrived, positions, now, is_last=is_last), len(arrived))
            return
        except BadValueError as error:
            if len(arrived) == 1:
                letter = Refusal(arrived[0].arrival, str(error))
                done.count(self._commit([letter], positions, now, is_last=is_last), 1)
                return
        half = len(arrived) // 2
        self._store(arrived[:half], positions, now, done, is_last=False)
        self._store(arrived[half:], positions, now, done, is_last=is_last)

    def _commit(self, arrived: Portion, positions: Positions, now: datetime, *, is_last: bool) -> Effects:
        self._make_months(arrived, now)
        try:
            with self._connection.transaction():
                self._advance(positions, now, is_last=is_last)
                known, central = self._known(arrived, now)
                effects = effects_of(arrived, known, central)
                if effects.made:
                    known = self._count_made(effects, known)
                write(self._connection, self._topic, effects, known, self._policy.signals, now)
                raw_store.save(self._connection, central)
                figures = [len(arrived), effects.repeats, len(effects.refused)]
                self._connection.execute(TALLY, [*figures, self._topic, min(positions)])
        except psycopg.Error as error:
            raise classified(error) from error
        if len(self._types) > MOST_REMEMBERED:
            self._types.clear()
        self._types |= effects.counts.keys()
        self._places.note(known.sites, known.places, effects.places)
        return effects

    def _advance(self, positions: Positions, now: datetime, *, is_last: bool) -> None:
        claims = sorted(positions.items())
        offsets = [claim.next_offset if is_last else None for _, claim in claims]
        columns = [[p for p, _ in claims], [c.generation for _, c in claims], offsets]
        done = self._connection.execute(ADVANCE, [now, *columns, self._topic])
        if done.rowcount != len(claims):
            raise LostPartitionError(
                f"{len(claims) - done.rowcount} of {len(claims)} partitions belong to another worker"
            )

    def _known(self, arrived: Portion, now: datetime) -> tuple[Known, dict[str, CentralSite]]:
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

    def _make_months(self, arrived: Portion, now: datetime) -> None:
        kept = months.Kept.days(self._policy.keep_days, now)
        times = (
            time_of(each.record)
            for each in arrived
            if isinstance(each, Read) and each.record.kind in ("event", "raw", "offer")
        )
        if fresh := kept.months(times) - self._months:
            months.make(self._connection, fresh)
            self._months |= fresh


def _columns(rows: Iterable[tuple[object, ...]], width: int) -> list[object]:
    return [array(column) for column in zip(*rows, strict=True)] or [[] for _ in range(width)]
