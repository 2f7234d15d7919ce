"""Notices in the ledger, with their state on each of the receiver's channels.

A row commits with the decision that it comes from. A channel's worker (over a connection of its own) reads the
``heads``, sends them, and writes their states.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from services.alerter.core.notify.delivery import DeliveryState
from shared.instants import span_to_us, time_to_us
from shared.ledger import Ledger
from shared.notices import Notice

ROOM = 10_000
NO_ROOM = "too many notices wait; the oldest went unsent"
NO_CHANNEL = "its channel is no longer in config/alerts.yaml"

SCHEMA = """
CREATE TABLE IF NOT EXISTS notice (
    place INTEGER PRIMARY KEY AUTOINCREMENT, time_us INTEGER NOT NULL, receiver TEXT NOT NULL, content TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS delivery (
    channel TEXT NOT NULL, notice INTEGER NOT NULL, id TEXT NOT NULL, receiver TEXT NOT NULL,
    queued_us INTEGER NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL, reason TEXT NOT NULL,
    PRIMARY KEY (notice, channel)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS delivery_open ON delivery (channel, notice) WHERE state IN ('waiting', 'under_way');
CREATE INDEX IF NOT EXISTS delivery_given_up ON delivery (channel, notice) WHERE state = 'given_up';
CREATE INDEX IF NOT EXISTS delivery_by_id ON delivery (id);
"""
_OPEN = "state IN ('waiting', 'under_way')"


@dataclass(frozen=True, slots=True)
class QueuedNotice:
    """The oldest notice that a channel has yet to send. ``content`` is its JSON."""

    place: int
    content: str
    queued_us: int
    state: DeliveryState
    attempts: int


@dataclass(frozen=True, slots=True)
class DeliveryLoss:
    """Notices that a channel gave up: their number, and place and reason of the last one."""

    channel: str
    receiver: str
    notices: int
    last: int
    reason: str


class NoticeStore:
    """The newest ``room`` notices in an open ledger. Every write belongs inside a transaction."""

    def __init__(self, ledger: Ledger, channels: Mapping[str, Sequence[str]] | None = None, room: int = ROOM) -> None:
        self._db = ledger.db
        self._channels = channels or {}
        self._room = room

    def put(self, notices: Sequence[Notice]) -> None:
        """Append notices; without room the oldest are deleted, and given up if they were not sent."""
        for notice in notices:
            row = (time_to_us(notice.time), notice.receiver, notice.model_dump_json())
            place = self._db.execute("INSERT INTO notice (time_us, receiver, content) VALUES (?, ?, ?)", row).lastrowid
            rows = [
                (name, place, notice.id, notice.receiver, row[0]) for name in self._channels.get(notice.receiver, ())
            ]
            self._db.executemany("INSERT INTO delivery VALUES (?, ?, ?, ?, ?, 'waiting', 0, '')", rows)
        if notices:
            self._make_room()

    def newest(self, limit: int = 100) -> list[Notice]:
        """Return the newest notices, newest first, sent or not."""
        rows = self._db.execute("SELECT content FROM notice ORDER BY place DESC LIMIT ?", (limit,))
        return [Notice.model_validate_json(content) for (content,) in rows]

    def shift(self, by: timedelta) -> None:
        """Move the times of waiting notices along with a step of the wall clock, so that their ages stay the same."""
        self._db.execute(f"UPDATE delivery SET queued_us = queued_us + ? WHERE {_OPEN}", (span_to_us(by),))  # noqa: S608

    def drop_strangers(self) -> None:
        """Give up the notices that wait for channels that were removed."""
        known = json.dumps([name for names in self._channels.values() for name in names])
        self._db.execute(
            f"UPDATE delivery SET state = 'given_up', reason = ? WHERE {_OPEN} "  # noqa: S608
            "AND channel NOT IN (SELECT value FROM json_each(?))",
            (NO_CHANNEL, known),
        )

    def losses(self) -> list[DeliveryLoss]:
        """Return the notices given up since the last call, summed for each channel, and mark them as reported."""
        rows = self._db.execute(
            "SELECT channel, receiver, count(*), max(notice), reason FROM delivery "
            "WHERE state = 'given_up' GROUP BY channel, receiver"
        ).fetchall()
        if rows:
            self._db.execute("UPDATE delivery SET state = 'lost' WHERE state = 'given_up'")
        return [DeliveryLoss(*row) for row in rows]

    def delivery(self, ids: Sequence[str]) -> list[dict[str, str | int]]:
        """Return the state of notices by their ids: a row for each channel."""
        rows = self._db.execute(
            "SELECT id, receiver, channel, state, attempts, reason FROM delivery "
            "WHERE id IN (SELECT value FROM json_each(?)) ORDER BY notice, channel",
            (json.dumps(list(ids)),),
        )
        names = ("id", "receiver", "channel", "state", "attempts", "reason")
        return [dict(zip(names, row, strict=True)) for row in rows]

    # ---- for a channel's worker

    def heads(self, channel: str, limit: int) -> list[QueuedNotice]:
        """Return the next notices of a channel, oldest first."""
        rows = self._db.execute(
            f"SELECT notice, content, queued_us, state, attempts FROM delivery LEFT JOIN notice ON place = notice "  # noqa: S608
            f"WHERE channel = ? AND {_OPEN} ORDER BY notice LIMIT ?",
            (channel, limit),
        ).fetchall()
        return [QueuedNotice(row[0], row[1] or "", row[2], DeliveryState(row[3]), row[4]) for row in rows]

    def note(self, channel: str, place: int, state: DeliveryState, reason: str = "", tries: int = 0) -> None:
        """Write the state of a notice after ``tries`` more attempts; one that was given up meanwhile stays so."""
        self._db.execute(
            f"UPDATE delivery SET state = ?, reason = ?, attempts = attempts + ? "  # noqa: S608
            f"WHERE channel = ? AND notice = ? AND {_OPEN}",
            (state.value, reason[:500], tries, channel, place),
        )

    def waiting(self) -> Counter[str]:
        """Return how many notices wait, by channel."""
        rows = self._db.execute(f"SELECT channel, count(*) FROM delivery WHERE {_OPEN} GROUP BY 1")  # noqa: S608
        return Counter(dict(rows.fetchall()))

    def oldest_us(self) -> int | None:
        """Return when the oldest waiting notice was made, None without one."""
        (queued_us,) = self._db.execute(f"SELECT min(queued_us) FROM delivery WHERE {_OPEN}").fetchone()  # noqa: S608
        return None if queued_us is None else int(queued_us)

    def _make_room(self) -> None:
        (last,) = self._db.execute("SELECT max(place) FROM notice").fetchone()
        old = last - self._room
        if old <= 0:
            return
        self._db.execute(
            f"UPDATE delivery SET state = 'given_up', reason = ? WHERE notice <= ? AND {_OPEN}",  # noqa: S608
            (NO_ROOM, old),
        )
        self._db.execute("DELETE FROM delivery WHERE notice <= ? AND state IN ('sent', 'lost')", (old,))
        self._db.execute("DELETE FROM notice WHERE place <= ?", (old,))
