"""Notices that wait to be sent: the table between who decides and who ships.

A row is written in the transaction of the decision, so a notice is there exactly if what it tells of is. Who ships it
reads ``waiting`` (over a ledger of its own if it has a thread of its own) and calls ``settle``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from services.alerter.core.notify.notice import Notice
from shared.instants import time_to_us
from shared.ledger import Ledger

ROOM = 10_000

SCHEMA = """
CREATE TABLE IF NOT EXISTS notice (
    place INTEGER PRIMARY KEY AUTOINCREMENT, time_us INTEGER NOT NULL, receiver TEXT NOT NULL, content TEXT NOT NULL,
    settled INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS notice_waiting ON notice (settled, place);
"""


class Notices:
    """The newest ``room`` notices in an open ledger: a NoticeBox. Every write belongs inside a transaction."""

    def __init__(self, ledger: Ledger, room: int = ROOM) -> None:
        self._db = ledger.db
        self._room = room
        self.dropped = 0  # gone unsent for want of room, since the start

    def put(self, notices: Sequence[Notice]) -> None:
        """Append notices; the oldest go where there is no room, counted if they had not been sent."""
        if not notices:
            return
        rows = [(time_to_us(notice.time), notice.receiver, notice.model_dump_json()) for notice in notices]
        self._db.executemany("INSERT INTO notice (time_us, receiver, content) VALUES (?, ?, ?)", rows)
        (last,) = self._db.execute("SELECT max(place) FROM notice").fetchone()
        old = (last - self._room,)
        (unsent,) = self._db.execute("SELECT count(*) FROM notice WHERE place <= ? AND NOT settled", old).fetchone()
        self._db.execute("DELETE FROM notice WHERE place <= ?", old)
        self.dropped += unsent

    def waiting(self, limit: int = 100) -> list[tuple[int, Notice]]:
        """Return the oldest notices that have not been sent, each with its place."""
        rows = self._db.execute("SELECT place, content FROM notice WHERE NOT settled ORDER BY place LIMIT ?", (limit,))
        return [(place, Notice.model_validate_json(content)) for place, content in rows]

    def settle(self, places: Iterable[int]) -> None:
        """Mark notices as done with: sent, or given up."""
        self._db.executemany("UPDATE notice SET settled = 1 WHERE place = ?", [(place,) for place in places])

    def newest(self, limit: int = 100) -> list[Notice]:
        """Return the newest notices, newest first, sent or not."""
        rows = self._db.execute("SELECT content FROM notice ORDER BY place DESC LIMIT ?", (limit,))
        return [Notice.model_validate_json(content) for (content,) in rows]
