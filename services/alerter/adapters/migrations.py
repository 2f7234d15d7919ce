"""The migrations of this service's tables, oldest first. A landed step is never changed."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from shared.instants import time_to_us
from shared.ledger import Migration, sealed
from shared.ledger.step import running

# Version 1: the tables when versions began. An earlier ledger lacks some of them.
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


def _gather_memories(db: sqlite3.Connection) -> None:
    """Move the records of version 0, which were rows ``rule/{name}/{key}`` of ``state``."""
    for key, text in db.execute("SELECT key, value FROM state WHERE key >= 'rule/' AND key < 'rule0'").fetchall():
        rule, event_type = key.removeprefix("rule/").split("/", 1)
        content = json.loads(text)
        memory = json.dumps(_memory(content, event_type), separators=(",", ":"))
        db.execute("INSERT OR REPLACE INTO watch VALUES (?, ?, ?, ?)", sealed(rule, event_type, memory))
        times = [sealed(rule, event_type, us, number) for us, number in Counter(content["times_us"]).items()]
        db.executemany("INSERT OR REPLACE INTO moment VALUES (?, ?, ?, ?, ?)", times)
        db.execute("DELETE FROM state WHERE key = ?", (key,))


def _memory(content: dict[str, Any], event_type: str) -> dict[str, Any]:
    memory: dict[str, Any] = {"evidence": {"lost_us": content["lost_us"]}, "labels": {"type": event_type}}
    if content["now_us"] is not None:
        memory["now_us"] = content["now_us"]
    alert = content["alert"]
    if alert is None:
        return memory | {"state": "resolved", "since_us": 0}
    since_us, time_us = (time_to_us(datetime.fromisoformat(alert[name])) for name in ("since", "time"))
    told = [time_us, alert["value"], alert["threshold"], alert["reason"], alert["message"], "warning", 0.0]
    return memory | {"state": alert["state"], "since_us": since_us, "told": told, "fires_us": [since_us]}


# Version 3: tables and columns in the field's words. ``seal`` covers values and not names, so no row changes.
NAMES_3 = """
ALTER TABLE watch RENAME TO alert_record;
ALTER TABLE moment RENAME TO event_time;
ALTER TABLE gathering RENAME TO alert_group;
ALTER TABLE member RENAME TO alert_group_member;
ALTER TABLE alert_group_member RENAME COLUMN gathering TO alert_group;
ALTER TABLE alert_group_member RENAME COLUMN told TO notified;
ALTER TABLE stop RENAME TO emergency_stop;
ALTER TABLE emptied RENAME TO cleared_topic;
ALTER TABLE heard RENAME TO seen_event;
"""


def _name_evidence(db: sqlite3.Connection) -> None:
    """Rename the evidence's ``alight`` to ``holds`` (a flag) or ``firing`` (a list of alerts)."""
    for rule, key, text in db.execute("SELECT rule, key, memory FROM alert_record").fetchall():
        memory = json.loads(text)
        if "alight" in memory["evidence"]:
            alight = memory["evidence"].pop("alight")
            memory["evidence"]["firing" if isinstance(alight, list) else "holds"] = alight
            row = sealed(rule, key, json.dumps(memory, separators=(",", ":")))
            db.execute("INSERT OR REPLACE INTO alert_record VALUES (?, ?, ?, ?)", row)


# Version 5: "told" becomes reported and notified.
INDEX_5 = """
DROP INDEX delivery_untold;
CREATE INDEX delivery_given_up ON delivery (channel, notice) WHERE state = 'given_up';
"""


def _name_reports(db: sqlite3.Connection) -> None:
    for rule, key, text in db.execute("SELECT rule, key, memory FROM alert_record").fetchall():
        memory = json.loads(text)
        if "told" in memory:
            memory["last"] = memory.pop("told")
            row = sealed(rule, key, json.dumps(memory, separators=(",", ":")))
            db.execute("INSERT OR REPLACE INTO alert_record VALUES (?, ?, ?, ?)", row)
    for key, text in db.execute("SELECT key, content FROM alert_group").fetchall():
        content = json.loads(text)
        content["notified_at"] = content.pop("told_at")
        db.execute("INSERT OR REPLACE INTO alert_group VALUES (?, ?, ?)", sealed(key, json.dumps(content)))


STEPS: Sequence[Migration] = (
    Migration("give every table of the first version", running(TABLES_1)),
    Migration("gather the memories of alerts in a table of their own", _gather_memories),
    Migration("name tables and columns in the field's words", running(NAMES_3)),
    Migration("name what evidence holds", _name_evidence, rewrites=True),
    Migration("name the index of what was given up", running(INDEX_5)),
    Migration("name what was reported and notified", _name_reports, rewrites=True),
)
