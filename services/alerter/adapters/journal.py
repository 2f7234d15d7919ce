"""Every transition of every alert, in a table of the ledger that holds the newest ``ROOM`` of them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext

from services.alerter.core.alert_events import is_quiet
from shared.instants import time_to_us
from shared.ledger import Ledger
from shared.messages import Alert

ROOM = 10_000

SCHEMA = """
CREATE TABLE IF NOT EXISTS transition (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, time_us INTEGER NOT NULL, rule TEXT NOT NULL, key TEXT NOT NULL,
    alert TEXT NOT NULL);
"""


class Journal:
    """The transitions in an open ledger. ``write`` belongs inside the batch's transaction."""

    def __init__(self, ledger: Ledger, room: int = ROOM) -> None:
        self._ledger = ledger
        self._db = ledger.db
        self._room = room

    def write(self, alerts: Sequence[Alert]) -> None:
        """Append transitions, which may wait where nobody acts on them; beyond ``room`` the oldest are deleted."""
        with self._ledger.may_wait() if all(map(is_quiet, alerts)) else nullcontext():
            self._write(alerts)

    def _write(self, alerts: Sequence[Alert]) -> None:
        rows = [(time_to_us(alert.time), alert.rule, alert.key, alert.model_dump_json()) for alert in alerts]
        self._db.executemany("INSERT INTO transition (time_us, rule, key, alert) VALUES (?, ?, ?, ?)", rows)
        self._db.execute("DELETE FROM transition WHERE seq <= (SELECT MAX(seq) FROM transition) - ?", (self._room,))

    def read(self) -> list[Alert]:
        """Return the transitions in order of time, then of rule and key."""
        rows = self._db.execute("SELECT alert FROM transition ORDER BY time_us, rule, key, seq")
        return [Alert.model_validate_json(alert) for (alert,) in rows]
