"""The migrations of this service's tables, oldest first. A landed step is never changed."""

from __future__ import annotations

from collections.abc import Sequence

from shared.ledger import Migration
from shared.ledger.step import running

# Version 1: the tables when versions began. An earlier ledger lacks some of them.
TABLES_1 = """
CREATE TABLE IF NOT EXISTS offered (
    place INTEGER PRIMARY KEY AUTOINCREMENT, producer TEXT NOT NULL, id TEXT NOT NULL, UNIQUE (producer, id));
CREATE TABLE IF NOT EXISTS bucket (
    type TEXT NOT NULL, source TEXT NOT NULL, tokens REAL NOT NULL, at_us INTEGER NOT NULL, skipped INTEGER NOT NULL,
    PRIMARY KEY (type, source)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sight (
    place INTEGER PRIMARY KEY AUTOINCREMENT, time_us INTEGER NOT NULL, id TEXT NOT NULL, device TEXT, zone TEXT);
CREATE TABLE IF NOT EXISTS pattern_group (
    pattern TEXT NOT NULL, key TEXT NOT NULL, content TEXT NOT NULL, touched INTEGER NOT NULL,
    PRIMARY KEY (pattern, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS incident (
    place INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, pattern TEXT NOT NULL, key TEXT NOT NULL,
    start_us INTEGER NOT NULL, last_us INTEGER NOT NULL, end_us INTEGER, why TEXT, count INTEGER NOT NULL,
    events TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS work (
    place INTEGER PRIMARY KEY AUTOINCREMENT, handler TEXT NOT NULL, event TEXT NOT NULL, rank INTEGER NOT NULL,
    queued REAL NOT NULL, due REAL NOT NULL, attempts INTEGER NOT NULL, begun INTEGER NOT NULL, payload BLOB NOT NULL,
    UNIQUE (handler, event));
CREATE INDEX IF NOT EXISTS work_turn ON work (handler, begun, rank DESC, place);
CREATE INDEX IF NOT EXISTS work_least ON work (rank, place);
CREATE TABLE IF NOT EXISTS frequency (
    hour INTEGER NOT NULL, type TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (hour, type)) WITHOUT ROWID;
"""
INCIDENT_SENDERS = """
ALTER TABLE incident ADD COLUMN sender TEXT NOT NULL DEFAULT '';
CREATE INDEX incident_topic ON incident (pattern, key);
CREATE INDEX incident_sender ON incident (sender, place);
"""

STEPS: Sequence[Migration] = (
    Migration("give every table of the first version", running(TABLES_1)),
    Migration("name a table in the field's words", running("ALTER TABLE sight RENAME TO event_ref;")),
    Migration("say who sent what an incident began with", running(INCIDENT_SENDERS)),
)
