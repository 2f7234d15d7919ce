"""The tables that every ledger has, as a new ledger makes them. A change needs a step in ``history`` (CONTRIBUTING)."""

from __future__ import annotations

TABLES = """
CREATE TABLE life (name TEXT PRIMARY KEY, value TEXT NOT NULL, seal INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE outbox (
    stream TEXT NOT NULL, seq INTEGER NOT NULL, topic TEXT NOT NULL, payload BLOB NOT NULL, attributes TEXT,
    written REAL NOT NULL, seal INTEGER NOT NULL, PRIMARY KEY (stream, seq)) WITHOUT ROWID;
CREATE TABLE stream (
    name TEXT PRIMARY KEY, head INTEGER NOT NULL, published INTEGER NOT NULL, seal INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE consumer (
    site TEXT NOT NULL, name TEXT NOT NULL, stream TEXT NOT NULL, seq INTEGER NOT NULL, seal INTEGER NOT NULL,
    PRIMARY KEY (site, name, stream)) WITHOUT ROWID;
CREATE TABLE applied (
    site TEXT NOT NULL, producer TEXT NOT NULL, stream TEXT NOT NULL, epoch TEXT NOT NULL, seq INTEGER NOT NULL,
    latest INTEGER NOT NULL, seal INTEGER NOT NULL, PRIMARY KEY (site, producer, stream, epoch)) WITHOUT ROWID;
CREATE TABLE obeyed (
    id TEXT PRIMARY KEY, result BLOB NOT NULL, place INTEGER NOT NULL, seal INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE state (key TEXT PRIMARY KEY, value BLOB NOT NULL, seal INTEGER NOT NULL) WITHOUT ROWID;
"""
