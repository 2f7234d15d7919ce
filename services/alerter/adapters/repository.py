"""The alerter's state in its ledger: alerts, groups, silences and stops, each in a row of its own.

1. A batch writes only what it changed. Event times, of which an alert may have a thousand, are in a table of their own,
   where only new and dropped ones are written.
2. Every row is sealed (docs/adr/0007).
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from services.alerter.core.alert_record import AlertRecord, from_json, to_json
from services.alerter.core.keys import AlertId
from services.alerter.core.kinds.condition import Condition
from services.alerter.core.notify.groups import Group
from services.alerter.core.notify.silences import Silence
from shared.ledger import Ledger, sealed
from shared.messages import Alert

log = logging.getLogger(__name__)

SCHEMA = """
CREATE TABLE IF NOT EXISTS alert_record (
    rule TEXT NOT NULL, key TEXT NOT NULL, memory TEXT NOT NULL, seal INTEGER NOT NULL,
    PRIMARY KEY (rule, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS event_time (
    rule TEXT NOT NULL, key TEXT NOT NULL, time_us INTEGER NOT NULL, times INTEGER NOT NULL, seal INTEGER NOT NULL,
    PRIMARY KEY (rule, key, time_us)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS alert_group (
    key TEXT PRIMARY KEY, content TEXT NOT NULL, seal INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS alert_group_member (
    alert_group TEXT NOT NULL, rule TEXT NOT NULL, key TEXT NOT NULL, notified INTEGER NOT NULL, seal INTEGER NOT NULL,
    PRIMARY KEY (alert_group, rule, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS silence (id TEXT PRIMARY KEY, content TEXT NOT NULL, seal INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS cleared_topic (
    rule TEXT NOT NULL, key TEXT NOT NULL, time_us INTEGER NOT NULL, PRIMARY KEY (rule, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS emergency_stop (
    zone TEXT PRIMARY KEY, content TEXT NOT NULL, seal INTEGER NOT NULL) WITHOUT ROWID;
"""

TIMES = "times_us"


class AlertRepository:
    """Rows in an open ledger. Every write belongs inside the batch's transaction."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._db = ledger.db
        self._written: dict[AlertId, tuple[int, ...]] = {}  # the event times in the ledger
        self._members: dict[
            str, dict[AlertId, bool]
        ] = {}  # each group's members in the ledger, and whether they were notified

    # ---- alerts

    def records(self, condition: Callable[[AlertId], Condition | None]) -> Iterator[tuple[AlertId, AlertRecord]]:
        """Yield every record; ``condition`` gives the condition that its evidence is for, None without a rule."""
        times: dict[AlertId, list[int]] = {}
        for rule, key, time_us, number in self._db.execute(
            "SELECT rule, key, time_us, times FROM event_time ORDER BY 1,2,3"
        ):
            times.setdefault((rule, key), []).extend([time_us] * number)
        for rule, key, text in self._db.execute("SELECT rule, key, memory FROM alert_record ORDER BY rule, key"):
            alert_id = (rule, key)
            found = tuple(times.get(alert_id, ()))
            self._written[alert_id] = found
            yield alert_id, from_json(text, condition(alert_id), {TIMES: found} if found else {})

    def write(self, alert_id: AlertId, record: AlertRecord) -> None:
        """Write a record, and of its event times only new and dropped ones.

        The write is best-effort: the same samples make the same record, and a transition commits with the journal.
        """
        with self._ledger.may_wait():
            self._write(alert_id, record)

    def _write(self, alert_id: AlertId, record: AlertRecord) -> None:
        times = getattr(record.evidence, TIMES, ())
        text = to_json(record, without=TIMES)
        self._db.execute("INSERT OR REPLACE INTO alert_record VALUES (?, ?, ?, ?)", sealed(*alert_id, text))
        before = self._written.get(alert_id, ())
        if times is not before and times != before:
            self._write_times(alert_id, Counter(before), Counter(times))
        self._written[alert_id] = times

    def drop(self, alert_id: AlertId) -> None:
        """Delete a record with its event times. It may wait: a record that is there again is deleted again."""
        with self._ledger.may_wait():
            self._db.execute("DELETE FROM alert_record WHERE rule = ? AND key = ?", alert_id)
            if self._written.pop(alert_id, ()):
                self._db.execute("DELETE FROM event_time WHERE rule = ? AND key = ?", alert_id)

    def note_emptied(self, alert_id: AlertId, time_us: int) -> None:
        """Note that a topic was emptied, so that it is emptied again if the process dies before the message leaves.

        It may wait with the deletion of its record: where both are lost, both come again.
        """
        with self._ledger.may_wait():
            self._db.execute("INSERT OR REPLACE INTO cleared_topic VALUES (?, ?, ?)", (*alert_id, time_us))

    def emptied(self, since_us: int) -> list[AlertId]:
        """Return the alerts whose topics were emptied; those from before ``since_us`` are deleted."""
        self._db.execute("DELETE FROM cleared_topic WHERE time_us < ?", (since_us,))
        return [(rule, key) for rule, key in self._db.execute("SELECT rule, key FROM cleared_topic")]

    def _write_times(self, alert_id: AlertId, before: Counter[int], after: Counter[int]) -> None:
        gone = [(*alert_id, time_us) for time_us in before if time_us not in after]
        fresh = [sealed(*alert_id, time_us, number) for time_us, number in after.items() if before[time_us] != number]
        self._db.executemany("DELETE FROM event_time WHERE rule = ? AND key = ? AND time_us = ?", gone)
        self._db.executemany("INSERT OR REPLACE INTO event_time VALUES (?, ?, ?, ?, ?)", fresh)

    # ---- groups

    def groups(self) -> list[Group]:
        """Return every group."""
        for key, rule, name, notified in self._db.execute(
            "SELECT alert_group, rule, key, notified FROM alert_group_member"
        ):
            self._members.setdefault(key, {})[rule, name] = bool(notified)
        rows = self._db.execute("SELECT key, content FROM alert_group ORDER BY key")
        return [_group(json.loads(text), self._members.get(key, {})) for key, text in rows]

    def join(self, joined: Iterable[tuple[str, AlertId]]) -> None:
        """Write new members of groups, as (group, alert)."""
        fresh = [(key, alert_id) for key, alert_id in joined if alert_id not in self._members.setdefault(key, {})]
        for key, alert_id in fresh:
            self._members[key][alert_id] = False
        rows = [sealed(key, *alert_id, 0) for key, alert_id in fresh]
        self._db.executemany("INSERT OR REPLACE INTO alert_group_member VALUES (?, ?, ?, ?, ?)", rows)

    def write_group(self, key: str, group: Group | None) -> None:
        """Write a group and the changes of its members; None deletes it."""
        known = self._members.get(key, {})
        if group is None:
            self._db.execute("DELETE FROM alert_group WHERE key = ?", (key,))
            self._db.execute("DELETE FROM alert_group_member WHERE alert_group = ?", (key,))
            self._members.pop(key, None)
            return
        self._db.execute("INSERT OR REPLACE INTO alert_group VALUES (?, ?, ?)", sealed(key, _group_json(group)))
        members = {alert_id: alert_id in group.notified for alert_id in group.members}
        gone = [(key, *one) for one in known if one not in members]
        fresh = [
            sealed(key, *alert_id, int(is_notified))
            for alert_id, is_notified in members.items()
            if known.get(alert_id) is not is_notified
        ]
        self._db.executemany("DELETE FROM alert_group_member WHERE alert_group = ? AND rule = ? AND key = ?", gone)
        self._db.executemany("INSERT OR REPLACE INTO alert_group_member VALUES (?, ?, ?, ?, ?)", fresh)
        self._members[key] = members

    # ---- silences and stops

    def silences(self) -> list[Silence]:
        """Return every silence, expired ones included."""
        silences = []
        for identity, text in self._db.execute("SELECT id, content FROM silence ORDER BY id"):
            try:
                silences.append(Silence.model_validate_json(text))
            except ValidationError as error:  # an earlier version allowed its expression
                log.warning("the silence %s is left out: %s", identity, error.errors(include_url=False)[0]["msg"])
        return silences

    def write_silences(self, silences: Iterable[Silence], gone: Iterable[str] = ()) -> None:
        """Write silences, and delete others by their id."""
        rows = [sealed(silence.id, silence.model_dump_json()) for silence in silences]
        self._db.executemany("INSERT OR REPLACE INTO silence VALUES (?, ?, ?)", rows)
        self._db.executemany("DELETE FROM silence WHERE id = ?", [(identity,) for identity in gone])

    def stops(self) -> dict[str, Alert]:
        """Return every emergency stop by its zone, lifted ones included."""
        rows = self._db.execute("SELECT zone, content FROM emergency_stop ORDER BY zone")
        return {zone: Alert.model_validate_json(text) for zone, text in rows}

    def write_stop(self, zone: str, stop: Alert | None) -> None:
        """Write a stop; None deletes it."""
        if stop is None:
            self._db.execute("DELETE FROM emergency_stop WHERE zone = ?", (zone,))
        else:
            row = sealed(zone, stop.model_dump_json())
            self._db.execute("INSERT OR REPLACE INTO emergency_stop VALUES (?, ?, ?)", row)


def _group_json(group: Group) -> str:
    content: dict[str, Any] = {
        "route": group.route,
        "labels": dict(group.labels),
        "due": group.due.isoformat(),
        "notified_at": None if group.notified_at is None else group.notified_at.isoformat(),
        "number": group.number,
    }
    return json.dumps(content)


def _group(content: dict[str, Any], members: dict[AlertId, bool]) -> Group:
    return Group(
        route=content["route"],
        labels=tuple(sorted(content["labels"].items())),
        due=datetime.fromisoformat(content["due"]),
        members=frozenset(members),
        notified=frozenset(alert_id for alert_id, is_notified in members.items() if is_notified),
        notified_at=None if content["notified_at"] is None else datetime.fromisoformat(content["notified_at"]),
        number=content["number"],
    )
