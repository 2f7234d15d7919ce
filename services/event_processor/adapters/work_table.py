"""The queue of handlers' work in the ledger: durable, bounded, critical events first, then in order of arrival."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping

from services.event_processor.core.pipeline.plan import RANK
from services.event_processor.core.pipeline.work import CRITICAL, Leaves, Task, who_leaves
from shared.ledger import Ledger
from shared.messages import Event

SCHEMA = """
CREATE TABLE IF NOT EXISTS work (
    place INTEGER PRIMARY KEY AUTOINCREMENT, handler TEXT NOT NULL, event TEXT NOT NULL, rank INTEGER NOT NULL,
    queued REAL NOT NULL, due REAL NOT NULL, attempts INTEGER NOT NULL, begun INTEGER NOT NULL, payload BLOB NOT NULL,
    UNIQUE (handler, event));
CREATE INDEX IF NOT EXISTS work_turn ON work (handler, begun, rank DESC, place);
CREATE INDEX IF NOT EXISTS work_least ON work (rank, place);
"""
DROPPED = "queue_dropped"


class WorkTable:
    """Work by handler. All calls belong inside the batch's transaction; times are seconds since 1970."""

    def __init__(self, ledger: Ledger, most: int) -> None:
        self._ledger = ledger
        self._db = ledger.db
        self._most = most
        self.waiting = int(self._db.execute("SELECT count(*) FROM work").fetchone()[0])
        self.dropped: Counter[str] = Counter(json.loads(ledger.get(DROPPED) or "{}"))  # by severity, ever

    def add(self, handler: str, event: Event, now: float) -> None:
        """Queue an event for a handler, unless it is there already; a full queue drops work by ``who_leaves``."""
        rank = RANK[event.severity]
        if self.waiting >= self._most:
            least = self._least()
            leaves = who_leaves(rank, least[1] if least else None)
            if leaves is Leaves.NEWCOMER:
                self._drop(rank)
                return
            if leaves is Leaves.WAITING and least is not None:
                self.done(least[0])
                self._drop(least[1])
        payload = event.model_dump_json(exclude={"producer", "epoch", "seq"}, exclude_none=True).encode()
        added = self._db.execute(
            "INSERT INTO work (handler, event, rank, queued, due, attempts, begun, payload) "
            "VALUES (?, ?, ?, ?, ?, 0, 0, ?) ON CONFLICT DO NOTHING",
            (handler, event.id, rank, now, now, payload),
        )
        self.waiting += added.rowcount

    def _least(self) -> tuple[int, int] | None:
        row = self._db.execute(
            "SELECT place, rank FROM work WHERE rank < ? AND begun = 0 ORDER BY rank, place LIMIT 1", (CRITICAL,)
        ).fetchone()
        return None if row is None else (int(row[0]), int(row[1]))

    def _drop(self, rank: int) -> None:
        self.dropped[next(severity.value for severity, each in RANK.items() if each == rank)] += 1
        self._ledger.put(DROPPED, json.dumps(self.dropped).encode())

    def begin(self, handler: str, now: float, most: int = 1) -> list[Task]:
        """Return the next ``most`` due tasks, marked as under way."""
        rows = self._db.execute(
            "SELECT place, handler, event, payload, attempts + 1 FROM work "
            "WHERE handler = ? AND begun = 0 AND due <= ? ORDER BY rank DESC, place LIMIT ?",
            (handler, now, most),
        ).fetchall()
        self._db.executemany(
            "UPDATE work SET begun = 1, attempts = attempts + 1 WHERE place = ?", [(row[0],) for row in rows]
        )
        return [Task(*row) for row in rows]

    def done(self, place: int) -> None:
        """Delete work."""
        self.waiting -= self._db.execute("DELETE FROM work WHERE place = ?", (place,)).rowcount

    def again(self, place: int, due: float) -> None:
        """Put work back until ``due``."""
        self._db.execute("UPDATE work SET begun = 0, due = ? WHERE place = ?", (due, place))

    def give_back(self, place: int) -> None:
        """Put work back that was marked and never begun."""
        self._db.execute("UPDATE work SET begun = 0, attempts = attempts - 1 WHERE place = ?", (place,))

    def left(self) -> Iterator[Task]:
        """Yield the work that was under way when the last process died."""
        rows = self._db.execute("SELECT place, handler, event, payload, attempts FROM work WHERE begun = 1").fetchall()
        yield from (Task(*row) for row in rows)

    def of_strangers(self, known: Mapping[str, object]) -> Iterator[Task]:
        """Yield the work of handlers that were removed."""
        for (name,) in self._db.execute("SELECT DISTINCT handler FROM work").fetchall():
            if name not in known:
                rows = self._db.execute(
                    "SELECT place, handler, event, payload, attempts FROM work WHERE handler = ?", (name,)
                ).fetchall()
                yield from (Task(*row) for row in rows)

    def next_due(self) -> float | None:
        """Return when the next work that is not under way is due."""
        if not self.waiting:
            return None
        (due,) = self._db.execute("SELECT min(due) FROM work WHERE begun = 0").fetchone()
        return None if due is None else float(due)

    def oldest(self) -> float | None:
        """Return when the oldest work was queued."""
        (queued,) = self._db.execute("SELECT min(queued) FROM work").fetchone()
        return None if queued is None else float(queued)

    def by_handler(self) -> dict[str, int]:
        """Return how much waits for each handler."""
        return {
            str(name): int(n) for name, n in self._db.execute("SELECT handler, count(*) FROM work GROUP BY handler")
        }
