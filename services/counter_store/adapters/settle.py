"""The steady times of events that were read back: the jumps of the clock among them, met again in their places.

Events come back in the order of their own times; a jump has its place in the order in which they were made, which is
``seq`` within an epoch, and epochs follow one another by their first event (docs/adr/0008).
"""

from __future__ import annotations

import json
import sqlite3

from services.counter_store.core.counting import DAY_US
from shared.instants import span_to_us, time_to_us
from shared.jumps import CLOCK_JUMP, Jump, read_jump

_JUMPS = "SELECT epoch, seq, data FROM event WHERE type = ?"
_EPOCHS = "SELECT epoch FROM event GROUP BY epoch ORDER BY min(time_us)"


def settle(db: sqlite3.Connection) -> int | None:
    """Put every event's steady time right and return the sum of the jumps in microseconds; None: there were none."""
    ranks = {epoch: rank for rank, (epoch,) in enumerate(db.execute(_EPOCHS).fetchall())}
    places = sorted((ranks[epoch], seq, data) for epoch, seq, data in db.execute(_JUMPS, (CLOCK_JUMP,)).fetchall())
    jumps = [(rank, seq, jump) for rank, seq, data in places if (jump := read_jump(json.loads(data))) is not None]
    if not jumps:
        return None
    db.execute("CREATE TEMP TABLE rank (epoch TEXT PRIMARY KEY, rank INTEGER)")
    db.executemany("INSERT INTO rank VALUES (?, ?)", ranks.items())
    db.execute("UPDATE event SET steady_us = time_us")
    offset_us = 0
    for rank, seq, jump in jumps:
        _meet(db, (rank, seq), jump, offset_us)
        offset_us += span_to_us(jump.step)
    db.execute("DROP TABLE rank")
    return offset_us


def _meet(db: sqlite3.Connection, place: tuple[int, int], jump: Jump, offset_us: int) -> None:
    """What was told before is moved if another clock told it; what comes after runs on by ``step`` less."""
    place_of = "((SELECT rank FROM rank WHERE rank.epoch = event.epoch), seq)"
    if jump.since is not None and (by_us := span_to_us(jump.earlier - jump.step)):
        since_us = time_to_us(jump.since) - offset_us
        (reached_us,) = db.execute(f"SELECT max(steady_us) FROM event WHERE {place_of} < (?, ?)", place).fetchone()  # noqa: S608
        oldest_us = min(since_us, since_us if reached_us is None else reached_us) - DAY_US
        db.execute(
            f"UPDATE event SET steady_us = steady_us + ? WHERE {place_of} < (?, ?)"  # noqa: S608
            " AND steady_us >= ? AND steady_us < ?",
            (by_us, *place, oldest_us, since_us),
        )
    step_us = span_to_us(jump.step)
    db.execute(f"UPDATE event SET steady_us = steady_us - ? WHERE {place_of} >= (?, ?)", (step_us, *place))  # noqa: S608
