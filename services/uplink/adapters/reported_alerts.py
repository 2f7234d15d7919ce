"""Which alerts fire by the records sent to the fleet's log: a table of the ledger, written with those records."""

from __future__ import annotations

from services.uplink.core.news import MOST
from shared.ledger import Ledger, Migration, is_sound, sealed
from shared.ledger.step import running
from shared.messages import Alert, AlertState

TABLE = """
CREATE TABLE reported_alert (
    rule TEXT NOT NULL, key TEXT NOT NULL, alert BLOB NOT NULL, seal INTEGER NOT NULL,
    place INTEGER PRIMARY KEY AUTOINCREMENT, UNIQUE (rule, key));
"""
STEP = Migration("remember which alerts the fleet's log was said to fire", running(TABLE))
FIRES = (AlertState.FIRING, AlertState.ACKNOWLEDGED)

Key = tuple[str, str]  # an alert's rule and key


class ReportedAlerts:
    """The newest ``MOST`` of them; an older one is forgotten, and its end is not recorded if it vanishes."""

    def __init__(self, ledger: Ledger) -> None:
        self._db = ledger.db
        self._firing: dict[Key, Alert] = {}
        for row in self._db.execute("SELECT rule, key, alert, seal FROM reported_alert ORDER BY place"):
            if not is_sound(row):
                raise ledger.damaged("an alert that was reported to the fleet's log is not as it was written")
            self._firing[row[0], row[1]] = Alert.model_validate_json(row[2])

    def note(self, alert: Alert) -> None:
        """Note an alert's record; inside the transaction that adds the record."""
        key = (alert.rule, alert.key)
        if self._firing.pop(key, None) is not None:
            self._delete(key)
        if alert.state not in FIRES:
            return
        row = sealed(*key, alert.model_dump_json(exclude_none=True).encode())
        self._db.execute("INSERT INTO reported_alert (rule, key, alert, seal) VALUES (?, ?, ?, ?)", row)
        self._firing[key] = alert
        if len(self._firing) > MOST:
            oldest = next(iter(self._firing))
            del self._firing[oldest]
            self._delete(oldest)

    def firing(self, key: Key) -> Alert | None:
        """Return the alert of its last firing record; None without one."""
        return self._firing.get(key)

    def keys(self) -> set[Key]:
        """Return all that fire."""
        return {*self._firing}

    def _delete(self, key: Key) -> None:
        self._db.execute("DELETE FROM reported_alert WHERE rule = ? AND key = ?", key)
