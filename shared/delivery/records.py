"""What delivery keeps in the ledger: the outbox, the stream heads, consumers' marks, and what was applied."""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Mapping, Sequence

from shared.delivery.fresh_rows import FreshRows
from shared.delivery.outbound import Outbound
from shared.delivery.row import Row as Row
from shared.delivery.track import Track
from shared.ledger import Ledger, is_sound, keep_value, sealed
from shared.messages import Continued

EPOCHS_KEPT = 8
CONTINUED_KEPT = 32
AHEAD = "ahead"  # the epoch of which rows may have left before they were committed
COMMANDS_KEPT = 10_000
COMMANDS_SPARE = 100  # how many more there may be: the oldest go together, for each look costs as much as there are


class Records:
    """The delivery tables of one ledger. Writes belong inside ``Ledger.transaction``."""

    def __init__(self, ledger: Ledger, site: str = "home") -> None:
        self.ledger = ledger
        self.site = site
        self.db: sqlite3.Connection = ledger.db
        self._fresh = FreshRows()
        self._commands: int | None = None  # the place of the last one, once it was looked up
        with ledger.transaction():
            self.epoch = self._epoch()
        kept = json.loads(self.value("continued") or "[]")
        self.continued = tuple(Continued.model_validate(each) for each in kept)

    def _epoch(self) -> str:
        """The life of this disk: made once, with the ledger."""
        kept = self.value("epoch")
        if kept is None:
            kept = secrets.token_hex(6)
            self.save_value("epoch", kept)
        return kept

    def renew_epoch(self, continued: Continued) -> None:
        """Begin a new epoch that goes on with the numbers of the one before; the outbox is stamped anew."""
        self._fresh.clear()
        old, self.epoch = self.epoch, secrets.token_hex(6)
        self.continued = (*self.continued, continued)[-CONTINUED_KEPT:]
        self.save_value("epoch", self.epoch)
        self.save_value("continued", json.dumps([each.model_dump() for each in self.continued]))
        before, after = f'"epoch":"{old}"'.encode(), f'"epoch":"{self.epoch}"'.encode()
        rows = self.db.execute("SELECT * FROM outbox").fetchall()
        anew = (sealed(*row[:3], row[3].replace(before, after, 1), *row[4:-1]) for row in rows)
        self.db.executemany("INSERT OR REPLACE INTO outbox VALUES (?, ?, ?, ?, ?, ?, ?)", anew)

    # ---- rows that leave before they commit

    @property
    def ahead(self) -> bool:
        """Whether rows of this epoch may have left that are not here: its numbers must not be used again."""
        return self.value(AHEAD) == self.epoch

    def go_ahead(self) -> None:
        """Note that rows will leave before they commit; to be committed before the first of them."""
        self.save_value(AHEAD, self.epoch)

    def come_back(self) -> None:
        """Note that every row that has left is here."""
        self.drop_value(AHEAD)

    # ---- outbox

    def outbound(self, stream: str, awaited: tuple[str, ...], window: int, copies: int = 1) -> Outbound:
        """Return the stream's machine as the ledger knows it; ``copies`` is how many confirmations a row needs."""
        head, published = self._one("SELECT head, published FROM stream WHERE name = ?", stream) or (0, 0)
        (floor,) = self._one("SELECT min(seq) FROM outbox WHERE stream = ?", stream) or (None,)
        marks = {
            str(name): int(seq)
            for name, seq in self.db.execute(
                "SELECT name, seq FROM consumer WHERE site = ? AND stream = ?", (self.site, stream)
            )
            if name in awaited
        }
        return Outbound(
            awaited=awaited,
            window=window,
            early=tuple(set() for _ in range(copies)),
            floor=head + 1 if floor is None else int(floor),
            head=int(head),
            published=int(published),
            sent=int(published),
            furthest=int(head),
            marks=marks,
        )

    def append(self, rows: Sequence[Row]) -> None:
        """Write rows to the outbox."""
        values = (sealed(*row[:-1]) for row in rows)
        self.db.executemany("INSERT INTO outbox VALUES (?, ?, ?, ?, ?, ?, ?)", values)
        self._fresh.add(rows)

    def read(self, stream: str, seqs: range) -> list[Row]:
        """Return the rows of ``seqs``, in order; raises LedgerDamagedError unless all are there as written."""
        if (fresh := self._fresh.take(stream, seqs)) is not None:
            return fresh
        query = "SELECT * FROM outbox WHERE stream = ? AND seq BETWEEN ? AND ? ORDER BY seq"
        rows = self.db.execute(query, (stream, seqs.start, seqs.stop - 1)).fetchall()
        if len(rows) != len(seqs) or not all(map(is_sound, rows)):
            raise self.ledger.damaged(
                f"not all of {stream} {seqs.start} to {seqs.stop - 1} in the outbox is as written"
            )
        return [Row(*row[:-1]) for row in rows]

    def save_stream(self, stream: str, out: Outbound) -> None:
        """Keep where a stream stands: head, confirmed cursor, consumers' marks."""
        self.db.execute("INSERT OR REPLACE INTO stream VALUES (?, ?, ?, ?)", sealed(stream, out.head, out.published))
        marks = (sealed(self.site, name, stream, seq) for name, seq in out.marks.items())
        self.db.executemany("INSERT OR REPLACE INTO consumer VALUES (?, ?, ?, ?, ?)", marks)

    def trim(self, stream: str, through: int) -> int:
        """Delete rows up to ``through``; returns how many there were."""
        return self.db.execute("DELETE FROM outbox WHERE stream = ? AND seq <= ?", (stream, through)).rowcount

    def older_than(self, stream: str, written: float) -> int:
        """Return the last seq written before ``written``, 0 if none."""
        row = self._one("SELECT max(seq) FROM outbox WHERE stream = ? AND written < ?", stream, written)
        return int(row[0]) if row and row[0] is not None else 0

    # ---- applied

    def applied(self) -> dict[Track, int]:
        """Return the last applied seq of each track of this site, the newest epochs last, and of two one not over."""
        query = "SELECT site, producer, stream, epoch, seq FROM applied WHERE site = ? ORDER BY latest, seq DESC"
        return {Track(*map(str, track)): int(seq) for *track, seq in self.db.execute(query, (self.site,))}

    def save_applied(self, marks: Mapping[Track, int]) -> None:
        """Keep the last applied seq of each track."""
        (latest,) = self._one("SELECT coalesce(max(latest), 0) + 1 FROM applied") or (1,)
        values = (sealed(*track, seq, latest) for track, seq in marks.items())
        self.db.executemany("INSERT OR REPLACE INTO applied VALUES (?, ?, ?, ?, ?, ?, ?)", values)

    def forget_epochs(self, producer: str, stream: str) -> None:
        """Keep only the newest epochs of a producer's stream."""
        self.db.execute(
            "DELETE FROM applied WHERE site = :site AND producer = :producer AND stream = :stream AND epoch NOT IN "
            "(SELECT epoch FROM applied WHERE site = :site AND producer = :producer AND stream = :stream "
            "ORDER BY latest DESC LIMIT :kept)",
            {"site": self.site, "producer": producer, "stream": stream, "kept": EPOCHS_KEPT},
        )

    # ---- commands executed

    def result(self, command: str) -> bytes | None:
        """Return what came of the command with this id, as JSON; None if it has not been taken."""
        row = self.db.execute("SELECT result FROM obeyed WHERE id = ?", (command,)).fetchone()
        return None if row is None else bytes(row[0])

    def save_result(self, command: str, result: bytes) -> None:
        """Keep what came of a command, and forget the oldest ones."""
        if self._commands is None:
            (self._commands,) = self._one("SELECT coalesce(max(place), 0) FROM obeyed") or (0,)
        self._commands += 1
        self.db.execute("INSERT OR REPLACE INTO obeyed VALUES (?, ?, ?, ?)", sealed(command, result, self._commands))
        if self._commands % COMMANDS_SPARE == 0:
            self.db.execute("DELETE FROM obeyed WHERE place <= ?", (self._commands - COMMANDS_KEPT,))

    # ---- single values

    def value(self, name: str) -> str | None:
        """Return a kept single value."""
        row = self._one("SELECT value FROM life WHERE name = ?", name)
        return None if row is None else str(row[0])

    def save_value(self, name: str, value: str) -> None:
        """Keep a single value."""
        keep_value(self.db, name, value)

    def drop_value(self, name: str) -> None:
        """Forget a single value."""
        self.db.execute("DELETE FROM life WHERE name = ?", (name,))

    def _one(self, query: str, *values: str | float) -> tuple[int, ...] | None:
        row = self.db.execute(query, values).fetchone()
        return None if row is None else tuple(row)
