"""The steps that this service's tables have behind them, oldest first. A step is frozen once it has landed."""

from __future__ import annotations

from collections.abc import Sequence

from shared.ledger import Migration
from shared.ledger.step import running

# Version 1: the tables as they were when versions began. A ledger of before lacks some of them.
TABLES_1 = """
CREATE TABLE IF NOT EXISTS transition (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, time_us INTEGER NOT NULL, rule TEXT NOT NULL, key TEXT NOT NULL,
    alert TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS heard (place INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS watch (
    rule TEXT NOT NULL, key TEXT NOT NULL, memory TEXT NOT NULL, seal INTEGER NOT NULL,
    PRIMARY KEY (rule, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS moment (
    rule TEXT NOT NULL, key TEXT NOT NULL, time_us INTEGER NOT NULL, times INTEGER NOT NULL, seal INTEGER NOT NULL,
    PRIMARY KEY (rule, key, time_us)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS gathering (key TEXT PRIMARY KEY, content TEXT NOT NULL, seal INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS member (
    gathering TEXT NOT NULL, rule TEXT NOT NULL, key TEXT NOT NULL, told INTEGER NOT NULL, seal INTEGER NOT NULL,
    PRIMARY KEY (gathering, rule, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS silence (id TEXT PRIMARY KEY, content TEXT NOT NULL, seal INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS emptied (
    rule TEXT NOT NULL, key TEXT NOT NULL, time_us INTEGER NOT NULL, PRIMARY KEY (rule, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS stop (zone TEXT PRIMARY KEY, content TEXT NOT NULL, seal INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS notice (
    place INTEGER PRIMARY KEY AUTOINCREMENT, time_us INTEGER NOT NULL, receiver TEXT NOT NULL, content TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS delivery (
    channel TEXT NOT NULL, notice INTEGER NOT NULL, id TEXT NOT NULL, receiver TEXT NOT NULL,
    queued_us INTEGER NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL, reason TEXT NOT NULL,
    PRIMARY KEY (notice, channel)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS delivery_open ON delivery (channel, notice) WHERE state IN ('waiting', 'under_way');
CREATE INDEX IF NOT EXISTS delivery_untold ON delivery (channel, notice) WHERE state = 'given_up';
CREATE INDEX IF NOT EXISTS delivery_by_id ON delivery (id);
"""

STEPS: Sequence[Migration] = (Migration("give every table of the first version", running(TABLES_1)),)
