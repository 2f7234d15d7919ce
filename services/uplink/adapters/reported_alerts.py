"""Which alerts the fleet's log was last said to fire: a table of the ledger, written with the records that say so."""

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
    """The newest ``MOST`` of them; an older one is forgotten, and not said to be over if it vanishes."""

    def __init__(self, ledger: Ledger) -> None:
        self._db = ledger.db
        self._firing: dict[Key, Alert] = {}
        for row in self._db.execute("SELECT rule, key, alert, seal FROM reported_alert ORDER BY place"):
            if not is_sound(row):
                raise ledger.damaged("an alert that was reported to the fleet's log is not as it was written")
            self._firing[row[0], row[1]] = Alert.model_validate_json(row[2])

    def note(self, alert: Alert) -> None:
        """Note what a record says of an alert; inside the transaction that adds the record."""
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
        """Return the alert as it was last said to fire; None where it was not."""
        return self._firing.get(key)

    def keys(self) -> set[Key]:
        """Return all that fire."""
        return {*self._firing}

    def _delete(self, key: Key) -> None:
        self._db.execute("DELETE FROM reported_alert WHERE rule = ? AND key = ?", key)
