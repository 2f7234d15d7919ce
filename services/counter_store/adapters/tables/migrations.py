"""The migrations of this service's tables, oldest first. A landed step is never changed."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from shared.ledger import Migration, sealed
from shared.ledger.step import running

# Version 1: the tables when versions began. An earlier ledger lacks some of them.
TABLES_1 = """
CREATE TABLE IF NOT EXISTS event (
    id TEXT PRIMARY KEY, type TEXT NOT NULL, time_us INTEGER NOT NULL, seq INTEGER NOT NULL,
    producer TEXT NOT NULL, epoch TEXT NOT NULL, site TEXT NOT NULL, category TEXT NOT NULL, severity TEXT NOT NULL,
    device TEXT, zone TEXT, data TEXT NOT NULL, metadata TEXT NOT NULL, seal INTEGER NOT NULL,
    point_ns INTEGER, steady_us INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS event_by_time ON event (type, steady_us);
CREATE INDEX IF NOT EXISTS event_moved ON event (type, time_us) WHERE steady_us <> time_us;
CREATE VIEW IF NOT EXISTS told AS
    SELECT rowid AS row, steady_us AS told_us, * FROM event WHERE steady_us = time_us
    UNION ALL SELECT rowid, time_us, * FROM event WHERE steady_us <> time_us;
CREATE INDEX IF NOT EXISTS event_by_incident ON event (json_extract(metadata, '$.incident'))
    WHERE json_extract(metadata, '$.incident') IS NOT NULL;
CREATE TABLE IF NOT EXISTS outlived (type TEXT NOT NULL, steady_us INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS outlived_by_time ON outlived (type, steady_us);
CREATE UNIQUE INDEX IF NOT EXISTS event_by_point ON event (type, point_ns) WHERE point_ns IS NOT NULL;
CREATE TABLE IF NOT EXISTS counter (
    type TEXT PRIMARY KEY, total INTEGER NOT NULL, last_time_us INTEGER NOT NULL, first_time_us INTEGER NOT NULL,
    point_ns INTEGER, seal INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS series (
    id INTEGER PRIMARY KEY, type TEXT NOT NULL, category TEXT NOT NULL, severity TEXT NOT NULL, device TEXT, zone TEXT,
    seal INTEGER NOT NULL);

CREATE TABLE IF NOT EXISTS hourly (
    hour INTEGER NOT NULL, series INTEGER NOT NULL, count INTEGER NOT NULL, first_us INTEGER NOT NULL,
    last_us INTEGER NOT NULL, seal INTEGER NOT NULL, PRIMARY KEY (hour, series)) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS daily (
    day INTEGER NOT NULL, series INTEGER NOT NULL, count INTEGER NOT NULL, first_us INTEGER NOT NULL,
    last_us INTEGER NOT NULL, seal INTEGER NOT NULL, PRIMARY KEY (day, series)) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS episode (
    series INTEGER NOT NULL, began_us INTEGER NOT NULL, ended_us INTEGER NOT NULL, count INTEGER NOT NULL,
    seal INTEGER NOT NULL, PRIMARY KEY (series, began_us)) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS credit (
    name TEXT NOT NULL, unit INTEGER NOT NULL, owner TEXT NOT NULL, count INTEGER NOT NULL, until_us INTEGER NOT NULL,
    PRIMARY KEY (name, unit, owner)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS point (seq INTEGER PRIMARY KEY AUTOINCREMENT, line TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS refused_point (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, line TEXT NOT NULL, reason TEXT NOT NULL, time TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS imported_place (
    producer TEXT NOT NULL, epoch TEXT NOT NULL, block INTEGER NOT NULL, bits BLOB NOT NULL,
    PRIMARY KEY (producer, epoch, block)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS imported_id (id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS opening (
    origin TEXT NOT NULL, type TEXT NOT NULL, count INTEGER NOT NULL, at_us INTEGER NOT NULL, label TEXT NOT NULL,
    PRIMARY KEY (origin, type)) WITHOUT ROWID;
"""

# Version 2: tables and columns in the field's words. ``seal`` covers values and not names, so no row changes.
NAMES_2 = """
DROP VIEW told;
DROP INDEX outlived_by_time;
ALTER TABLE event RENAME COLUMN steady_us TO monotonic_us;
ALTER TABLE outlived RENAME TO expired_event_time;
ALTER TABLE expired_event_time RENAME COLUMN steady_us TO monotonic_us;
CREATE INDEX expired_by_time ON expired_event_time (type, monotonic_us);
CREATE VIEW event_by_wall_time AS
    SELECT rowid AS row, monotonic_us AS wall_us, * FROM event WHERE monotonic_us = time_us
    UNION ALL SELECT rowid, time_us, * FROM event WHERE monotonic_us <> time_us;
"""
_TIMES = ("offset_us", "as_of_us", "observed_us")


def _part_times(db: sqlite3.Connection) -> None:
    """Store event time apart from the figures: the first versions had both in one row."""
    kept = {
        key: json.loads(value)
        for key, value in db.execute("SELECT key, value FROM state WHERE key LIKE 'counter_store%'")
    }
    if "counter_store" in kept and "counter_store/times" not in kept:
        times = json.dumps({name: kept["counter_store"][name] for name in _TIMES if name in kept["counter_store"]})
        db.execute("INSERT INTO state VALUES (?, ?, ?)", sealed("counter_store/times", times.encode()))


STEPS: Sequence[Migration] = (
    Migration("give every table of the first version", running(TABLES_1)),
    Migration("keep times apart from figures", _part_times),
    Migration("name tables and columns in the field's words", running(NAMES_2)),
)
