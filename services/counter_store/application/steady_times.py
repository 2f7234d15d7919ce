"""The steady times of events that were read back, from the jumps of the clock among them.

Events are read in the order of their own times; a jump applies in the order in which they were made, which is ``seq``
within an epoch, and epochs by their first event (docs/adr/0008).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from shared.instants import span_to_us, time_to_us, us_to_time
from shared.jumps import CLOCK_JUMP, Jump, read_jump

_JUMPS = "SELECT epoch, seq, data FROM event WHERE type = ?"
_PLACE = "((SELECT rank FROM rank WHERE rank.epoch = event.epoch), seq)"
_FIRST, _LAST = (-1, 0), (2**62, 0)
_EPOCHS = "SELECT epoch FROM event GROUP BY epoch ORDER BY min(time_us)"


def rebuild_steady_times(db: sqlite3.Connection) -> tuple[int, dict[str | None, int]] | None:
    """Correct every event's steady time; return None if there were no jumps.

    Else return their sum, and since when each device has been observed by the present clock; all in µs.
    """
    ranks = {epoch: rank for rank, (epoch,) in enumerate(db.execute(_EPOCHS).fetchall())}
    places = sorted((ranks[epoch], seq, data) for epoch, seq, data in db.execute(_JUMPS, (CLOCK_JUMP,)).fetchall())
    jumps = [((rank, seq), jump) for rank, seq, data in places if (jump := read_jump(json.loads(data))) is not None]
    if not jumps:
        return None
    db.execute("CREATE TEMP TABLE rank (epoch TEXT PRIMARY KEY, rank INTEGER)")
    db.executemany("INSERT INTO rank VALUES (?, ?)", ranks.items())
    db.execute("UPDATE event SET monotonic_us = time_us")
    offset_us = 0
    for place, jump in jumps:
        _meet(db, place, jump, offset_us)
        offset_us += span_to_us(jump.step)
    observed_us = _observed(db, jumps)
    db.execute("DROP TABLE rank")
    return offset_us, observed_us


def _meet(db: sqlite3.Connection, place: tuple[int, int], jump: Jump, offset_us: int) -> None:
    """Apply a jump: events before it move if another clock reported them; those after it are ``step`` earlier."""
    if jump.since is not None and (by_us := span_to_us(jump.earlier - jump.step)):
        since_us = time_to_us(jump.since) - offset_us
        db.execute(
            f"UPDATE event SET monotonic_us = monotonic_us + ? WHERE {_PLACE} < (?, ?) AND monotonic_us < ?",  # noqa: S608
            (by_us, *place, since_us),
        )
    step_us = span_to_us(jump.step)
    db.execute(f"UPDATE event SET monotonic_us = monotonic_us - ? WHERE {_PLACE} >= (?, ?)", (step_us, *place))  # noqa: S608


def _observed(db: sqlite3.Connection, jumps: Sequence[tuple[tuple[int, int], Jump]]) -> dict[str | None, int]:
    """Return the first time of each device, moved by each jump that came after it."""
    first = f"SELECT device, min(time_us) FROM event WHERE {_PLACE} >= (?, ?) AND {_PLACE} < (?, ?) GROUP BY device"  # noqa: S608
    starts, ends = [_FIRST, *(place for place, _ in jumps)], [*(place for place, _ in jumps), _LAST]
    found: dict[str | None, int] = {}
    for start, end, jump in zip(starts, ends, (*(jump for _, jump in jumps), None), strict=True):
        for device, us in db.execute(first, (*start, *end)):
            found[device] = min(us, found.get(device, us))
        if jump is not None:
            found = {device: time_to_us(jump.moved(us_to_time(us))) for device, us in found.items()}
    return found
