"""Each part of a batch's effects as one statement over a set: a record costs the same however many sites there are.

What is known to be there is updated, the rest upserted: an upsert looks a row up twice and locks it first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, LiteralString

from pydantic_core import to_json

from fleet.core.effects import Effects, Known, Room, Track
from fleet.core.reading import Refusal
from fleet.core.regions import region_of
from fleet.core.spans import Spans
from fleet.store.arrays import array
from fleet.store.connection import Connection

LONGEST_VALUE = 4096  # of a dead letter
MOST_LETTERS = 100  # kept of one batch; the others are counted
CHARGE = "state_of_charge"
RUNTIMES = ("estimated_runtime_low_s", "runtime_left_s")  # the first that is there

SITES: LiteralString = """
INSERT INTO sites AS s (site, region, first_heard, last_heard)
SELECT site, region, at, at FROM unnest(%s::text[], %s::text[]) AS n(site, region), (SELECT %s::timestamptz AS at) t
ORDER BY site ON CONFLICT (site) DO NOTHING"""
HEARD: LiteralString = """
UPDATE sites AS s
SET turn = s.turn + 1, last_heard = greatest(s.last_heard, %s), last_time = greatest(s.last_time, n.last_time)
FROM unnest(%s::text[], %s::timestamptz[]) AS n(site, last_time) WHERE s.site = n.site
RETURNING s.site, s.tracks, s.types, s.turn"""
GROWN: LiteralString = """
UPDATE sites AS s SET tracks = s.tracks + n.tracks, types = s.types + n.types
FROM unnest(%s::text[], %s::int[], %s::int[]) AS n(site, tracks, types) WHERE s.site = n.site"""
TRACKS: LiteralString = """ FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[])
AS n(site, producer, stream, epoch, ends, given_up)"""
PLACES: LiteralString = (  # its parts are ours, as of those below
    "UPDATE places AS p SET ends = n.ends::bigint[], given_up = n.given_up"  # noqa: S608
    + TRACKS
    + " WHERE p.site = n.site AND p.producer = n.producer AND p.stream = n.stream AND p.epoch = n.epoch"
)
NEW_PLACES: LiteralString = (
    "INSERT INTO places AS p (site, producer, stream, epoch, ends, given_up)"
    " SELECT site, producer, stream, epoch, ends::bigint[], given_up"
    + TRACKS
    + " ON CONFLICT (site, producer, stream, epoch) DO UPDATE SET ends = excluded.ends, given_up = excluded.given_up"
)
TALLIES: LiteralString = """ FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::timestamptz[], %s::timestamptz[])
AS n(site, type, total, first_time, last_time)"""
COUNTS: LiteralString = (
    "UPDATE counts AS c SET total = c.total + n.total, first_time = least(c.first_time, n.first_time),"  # noqa: S608
    " last_time = greatest(c.last_time, n.last_time)" + TALLIES + " WHERE c.site = n.site AND c.type = n.type"
)
NEW_COUNTS: LiteralString = (
    "INSERT INTO counts AS c (site, type, total, first_time, last_time) SELECT n.*"
    + TALLIES
    + """ ON CONFLICT (site, type) DO UPDATE SET total = c.total + excluded.total,
first_time = least(c.first_time, excluded.first_time), last_time = greatest(c.last_time, excluded.last_time)"""
)
EVENTS: LiteralString = """
INSERT INTO events (site, time, id, type, category, severity, device, zone, data)
SELECT site, time, id, type, category, severity, device, zone, data::jsonb
FROM unnest(%s::text[], %s::timestamptz[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
%s::text[]) AS n(site, time, id, type, category, severity, device, zone, data)"""
STATES: LiteralString = """
INSERT INTO states (site, device, time, power, battery, quality, charge, runtime_s, simulated, vals)
SELECT site, device, time, power, battery, quality, charge, runtime_s, simulated, vals::jsonb
FROM unnest(%s::text[], %s::text[], %s::timestamptz[], %s::text[], %s::text[], %s::text[], %s::float8[], %s::float8[],
%s::boolean[], %s::text[])
AS n(site, device, time, power, battery, quality, charge, runtime_s, simulated, vals)
ON CONFLICT (site, device) DO UPDATE SET time = excluded.time, power = excluded.power, battery = excluded.battery,
quality = excluded.quality, charge = excluded.charge, runtime_s = excluded.runtime_s, simulated = excluded.simulated,
vals = excluded.vals"""
ALERTS: LiteralString = """
INSERT INTO site_alerts (site, rule, key, state, severity, since, time, message)
SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::timestamptz[],
%s::text[])
ON CONFLICT (site, rule, key) DO UPDATE SET state = excluded.state, severity = excluded.severity,
since = excluded.since, time = excluded.time, message = excluded.message"""
SIGNALS: LiteralString = """
INSERT INTO signals (site, type, time) SELECT * FROM unnest(%s::text[], %s::text[], %s::timestamptz[])"""
LETTERS: LiteralString = """
INSERT INTO dead_letters (topic, partition, log_offset, at, reason, key, value)
SELECT %s, partition, log_offset, %s, reason, key, value
FROM unnest(%s::int[], %s::bigint[], %s::text[], %s::bytea[], %s::bytea[])
AS n(partition, log_offset, reason, key, value) ON CONFLICT DO NOTHING"""


def add_sites(
    connection: Connection, sites: Sequence[str], regions: Mapping[str, tuple[str, ...]], at: datetime
) -> None:
    """Add the sites that are new."""
    connection.execute(SITES, [array(sites), array([region_of(site, regions) for site in sites]), at])


def touch_sites(connection: Connection, newest: Mapping[str, datetime], at: datetime) -> dict[str, Room]:
    """Note when sites were heard; returns those that are known, which are ours until the end of the transaction.

    PostgreSQL takes the rows in the order given, which is that of their names.
    """
    sites = sorted(newest)
    columns = [array(sites), array([newest[site] for site in sites])]
    rows = connection.execute(HEARD, [at, *columns]).fetchall() if sites else []
    return {site: Room(*room) for site, *room in rows}


def write(
    connection: Connection, topic: str, effects: Effects, known: Known, signals: frozenset[str], at: datetime
) -> None:
    """Write a batch's effects, inside the caller's transaction."""
    grown = [(site, h.tracks, h.types) for site, h in sorted(effects.heard.items()) if h.tracks or h.types]
    _set(connection, GROWN, grown, 3)
    for statement, is_known in ((PLACES, True), (NEW_PLACES, False)):
        places = [each for each in effects.places.items() if (each[0] in known.places) is is_known]
        _set(connection, statement, [*map(_place_row, places)], 6)
    for statement, is_known in ((COUNTS, True), (NEW_COUNTS, False)):
        counts = [each for each in effects.counts.items() if (each[0] in known.types) is is_known]
        _set(connection, statement, [(*key, t.total, t.first, t.last) for key, t in counts], 5)
    _set(connection, EVENTS, _event_rows(effects), 9)
    _set(connection, STATES, _state_rows(effects), 10)
    _set(connection, ALERTS, _alert_rows(effects), 8)
    _set(connection, SIGNALS, [(e.site, e.type, e.time) for e in effects.events if e.type in signals], 3)
    _set(connection, LETTERS, [*map(_letter, effects.refused[:MOST_LETTERS])], 5, [topic, at])


def _set(
    connection: Connection,
    statement: LiteralString,
    rows: Sequence[tuple[Any, ...]],
    width: int,
    before: Sequence[Any] = (),
) -> None:
    if rows:
        columns = [array(column) for column in zip(*rows, strict=True)]
        assert len(columns) == width  # noqa: S101 - a row of another width is a slip of ours
        connection.execute(statement, [*before, *columns])


def _place_row(place: tuple[Track, Spans]) -> tuple[Any, ...]:
    track, spans = place
    return *track, f"{{{','.join(map(str, spans.ends))}}}", spans.given_up


def _event_rows(effects: Effects) -> list[tuple[Any, ...]]:
    return [
        (e.site, e.time, e.id, e.type, e.category, e.severity.value, e.device, e.zone, _json(e.data))
        for e in effects.events
    ]


def _state_rows(effects: Effects) -> list[tuple[Any, ...]]:
    return [
        (
            *(site, device, s.time, s.power, s.battery, s.quality.value),
            *(_number(s.values.get(CHARGE)), _runtime(s.values), s.simulated, _json(s.values)),
        )
        for (site, device), s in effects.states.items()
    ]


def _alert_rows(effects: Effects) -> list[tuple[Any, ...]]:
    return [
        (site, rule, key, a.state.value, a.severity.value, a.since, a.time, a.message)
        for (site, rule, key), a in effects.alerts.items()
    ]


def _letter(refusal: Refusal) -> tuple[Any, ...]:
    at = refusal.arrival
    reason = refusal.reason.replace("\x00", "\\0")
    return at.partition, at.offset, reason, (at.key or b"")[:512], (at.value or b"")[:LONGEST_VALUE]


def _json(value: Any) -> str:
    return to_json(value).decode()


def _runtime(values: Mapping[str, Any]) -> float | None:
    return next((found for name in RUNTIMES if (found := _number(values.get(name))) is not None), None)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
