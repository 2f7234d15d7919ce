"""The steps that the shared tables have behind them, oldest first. A step is frozen once it has landed."""

from __future__ import annotations

from collections.abc import Sequence

from shared.ledger.step import Migration, rewriting, running

# Version 1: the tables as they were when versions began. A ledger of before lacks some of them.
TABLES_1 = """
CREATE TABLE IF NOT EXISTS life (name TEXT PRIMARY KEY, value TEXT NOT NULL, seal INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS outbox (
    stream TEXT NOT NULL, seq INTEGER NOT NULL, topic TEXT NOT NULL, payload BLOB NOT NULL, attributes TEXT,
    written REAL NOT NULL, seal INTEGER NOT NULL, PRIMARY KEY (stream, seq)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS stream (
    name TEXT PRIMARY KEY, head INTEGER NOT NULL, published INTEGER NOT NULL, seal INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS consumer (
    name TEXT NOT NULL, stream TEXT NOT NULL, seq INTEGER NOT NULL, seal INTEGER NOT NULL,
    PRIMARY KEY (name, stream)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS applied (
    producer TEXT NOT NULL, stream TEXT NOT NULL, epoch TEXT NOT NULL, seq INTEGER NOT NULL, latest INTEGER NOT NULL,
    seal INTEGER NOT NULL, PRIMARY KEY (producer, stream, epoch)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS obeyed (
    id TEXT PRIMARY KEY, result BLOB NOT NULL, place INTEGER NOT NULL, seal INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS state (key TEXT PRIMARY KEY, value BLOB NOT NULL, seal INTEGER NOT NULL) WITHOUT ROWID;
"""

CONSUMER_2 = """
CREATE TABLE consumer (
    site TEXT NOT NULL, name TEXT NOT NULL, stream TEXT NOT NULL, seq INTEGER NOT NULL, seal INTEGER NOT NULL,
    PRIMARY KEY (site, name, stream)) WITHOUT ROWID
"""
APPLIED_2 = """
CREATE TABLE applied (
    site TEXT NOT NULL, producer TEXT NOT NULL, stream TEXT NOT NULL, epoch TEXT NOT NULL, seq INTEGER NOT NULL,
    latest INTEGER NOT NULL, seal INTEGER NOT NULL, PRIMARY KEY (site, producer, stream, epoch)) WITHOUT ROWID
"""

SHARED_STEPS: Sequence[Migration] = (
    Migration("give every table of the first version", running(TABLES_1)),
    Migration("name the site of every consumer", rewriting(CONSUMER_2, {"site": "site()"}), rewrites=True),
    Migration("name the site of every track", rewriting(APPLIED_2, {"site": "site()"}), rewrites=True),
)
