"""The points that wait for InfluxDB, and those it refused: two tables of the ledger.

The counting side adds, the shipper takes from the front; each has a PointQueue over a Ledger of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from services.counter_store.core.influx.batches import Point
from shared.ledger import Ledger

SCHEMA = """
CREATE TABLE IF NOT EXISTS point (seq INTEGER PRIMARY KEY AUTOINCREMENT, line TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS refused_point (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, line TEXT NOT NULL, reason TEXT NOT NULL, time TEXT NOT NULL);
"""


class PointQueue:
    """The outbox for points. Numbers are never used twice, and rows leave only from the front."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._db = ledger.db

    def add(self, lines: Iterable[str], max_points: int) -> int:
        """Append lines inside the caller's transaction; return how many of the oldest were dropped at the bound."""
        self._db.executemany("INSERT INTO point (line) VALUES (?)", [(line,) for line in lines])
        _, last = self._ends()
        return self._db.execute("DELETE FROM point WHERE seq <= ?", (last - max_points,)).rowcount

    def pending(self) -> int:
        """Return how many points wait."""
        first, last = self._ends()
        return last - first + 1

    def oldest(self, limit: int) -> list[Point]:
        """Return up to ``limit`` points from the front."""
        rows = self._db.execute("SELECT seq, line FROM point ORDER BY seq LIMIT ?", (limit,)).fetchall()
        return [Point(seq, line) for seq, line in rows]

    def forget(self, points: Sequence[Point]) -> None:
        """Remove stored points, which are the first of the queue."""
        with self._ledger.transaction() as db:
            db.execute("DELETE FROM point WHERE seq BETWEEN ? AND ?", (points[0].seq, points[-1].seq))

    def set_aside(self, point: Point, reason: str, now: datetime, max_refused: int) -> None:
        """Move a refused point to the refused ones, with the reason; beyond ``max_refused`` the oldest are deleted."""
        with self._ledger.transaction() as db:
            db.execute("DELETE FROM point WHERE seq = ?", (point.seq,))
            row = db.execute(
                "INSERT INTO refused_point (line, reason, time) VALUES (?, ?, ?)",
                (point.line, reason, now.isoformat()),
            )
            db.execute("DELETE FROM refused_point WHERE seq <= ?", ((row.lastrowid or 0) - max_refused,))

    def refused(self) -> list[tuple[str, str]]:
        """Return (line, reason) of the points set aside, oldest first."""
        rows = self._db.execute("SELECT line, reason FROM refused_point ORDER BY seq").fetchall()
        return [(line, reason) for line, reason in rows]

    def _ends(self) -> tuple[int, int]:
        # One statement, since the other side may delete meanwhile; subqueries, so that both come from the tree's edges.
        first, last = self._db.execute("SELECT (SELECT min(seq) FROM point), (SELECT max(seq) FROM point)").fetchone()
        return (1, 0) if first is None else (int(first), int(last))
