"""Every incident, in the ledger; beyond the bound, the oldest of the sender with the most are deleted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from services.event_processor.core.correlation.correlator import IncidentSnapshot, Place
from services.event_processor.core.correlation.incidents import Incident
from services.event_processor.core.limits import INCIDENTS
from services.event_processor.core.shares import Shares
from shared.ledger import Ledger
from shared.limits import LimitReports

SCHEMA = """
CREATE TABLE IF NOT EXISTS incident (
    place INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, pattern TEXT NOT NULL, key TEXT NOT NULL,
    start_us INTEGER NOT NULL, last_us INTEGER NOT NULL, end_us INTEGER, why TEXT, count INTEGER NOT NULL,
    events TEXT NOT NULL, sender TEXT NOT NULL DEFAULT '');
CREATE INDEX IF NOT EXISTS incident_topic ON incident (pattern, key);
CREATE INDEX IF NOT EXISTS incident_sender ON incident (sender, place);
"""
PAGE_MOST = 500


class IncidentTable:
    """``most`` are kept. All writes belong inside the batch's transaction."""

    def __init__(self, ledger: Ledger, limits: LimitReports, most: int) -> None:
        self._db = ledger.db
        self._limits = limits
        held = ledger.db.execute("SELECT sender, count(*) FROM incident GROUP BY sender")
        self._shares = Shares(dict(held), most)

    def keep(self, changed: list[IncidentSnapshot], undone: list[str]) -> set[Place]:
        """Write incidents; ``undone`` are the ids of those that a new judgement has undone.

        Return the patterns and keys without any incident left.
        """
        for identity in undone:
            self._remove("DELETE FROM incident WHERE id = ? RETURNING sender", (identity,))
        for standing in changed:
            known = self._db.execute("SELECT 1 FROM incident WHERE id = ?", (standing.incident.id,)).fetchone()
            if known is None:
                self._shares.add(standing.sender)
        self._db.executemany(
            "INSERT INTO incident (id, pattern, key, start_us, last_us, end_us, why, count, events, sender) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET start_us = excluded.start_us, "
            "last_us = excluded.last_us, end_us = excluded.end_us, why = excluded.why, count = excluded.count, "
            "events = excluded.events",
            [_row(standing) for standing in changed],
        )
        return self._make_room()

    def forget(self, key: str) -> set[Place]:
        """Remove every incident of a device; returns their patterns and keys."""
        places = self._db.execute("SELECT DISTINCT pattern, key FROM incident WHERE key = ?", (key,)).fetchall()
        self._remove("DELETE FROM incident WHERE key = ? RETURNING sender", (key,))
        return {(str(pattern), str(of)) for pattern, of in places}

    def _remove(self, statement: str, values: tuple[Any, ...]) -> None:
        for (sender,) in self._db.execute(statement, values).fetchall():
            self._shares.add(sender, -1)

    def _make_room(self) -> set[Place]:
        gone: set[Place] = set()
        for sender, count in self._shares.excess():
            rows = self._db.execute(
                "DELETE FROM incident WHERE place IN "
                "(SELECT place FROM incident WHERE sender = ? ORDER BY place LIMIT ?) RETURNING pattern, key",
                (sender, count),
            ).fetchall()
            gone |= {(str(pattern), str(key)) for pattern, key in rows}
            self._limits.note(INCIDENTS, sender or "the suite itself", most=self._shares.most)
        return {place for place in gone if not self._has(place)}

    def _has(self, place: Place) -> bool:
        found = self._db.execute("SELECT 1 FROM incident WHERE pattern = ? AND key = ? LIMIT 1", place)
        return found.fetchone() is not None

    def newest(self) -> Iterator[IncidentSnapshot]:
        """Yield the newest incident of each pattern and key."""
        rows = self._db.execute("SELECT *, max(start_us) FROM incident GROUP BY pattern, key ORDER BY pattern, key")
        yield from (_standing(row[:-1])[1] for row in rows)

    def page(self, cursor: int | None, limit: int, open_only: bool) -> list[tuple[int, IncidentSnapshot]]:
        """Return (place, incident), newest first, of places before ``cursor``."""
        rows = self._db.execute(
            "SELECT * FROM incident WHERE place < ? AND (end_us IS NULL OR NOT ?) ORDER BY place DESC LIMIT ?",
            (2**62 if cursor is None else cursor, open_only, min(limit, PAGE_MOST)),
        )
        return [_standing(row) for row in rows]


def _row(standing: IncidentSnapshot) -> tuple[Any, ...]:
    i = standing.incident
    span = (i.start_us, i.last_us, i.end_us, i.why, i.count)
    return (i.id, standing.pattern, standing.key, *span, json.dumps(i.events), standing.sender)


def _standing(row: tuple[Any, ...]) -> tuple[int, IncidentSnapshot]:
    place, identity, pattern, key, start_us, last_us, end_us, why, count, events, sender = row
    incident = Incident(identity, start_us, last_us, count, tuple(json.loads(events)), end_us, why)
    return int(place), IncidentSnapshot(pattern, key, incident, sender)
