"""What keeps the tables within their bounds: months that are too old, and sets that a sender can grow."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import LiteralString

import psycopg

from fleet.store import months
from fleet.store.connection import Connection, classified

MOST_LETTERS = 10_000
MOST_DEVICES, MOST_ALERTS = 1_000, 1_000  # of a site
RESOLVED_KEPT = timedelta(days=31)
BOUNDS: tuple[LiteralString, ...] = (
    "DELETE FROM dead_letters WHERE at < (SELECT at FROM dead_letters ORDER BY at DESC OFFSET %(letters)s LIMIT 1)",
    "DELETE FROM signals WHERE at < %(signals)s",
    "DELETE FROM site_alerts WHERE state = 'resolved' AND time < %(resolved)s",
    "DELETE FROM fleet_alerts WHERE state = 'resolved' AND time < %(since)s",
    """DELETE FROM states s USING (
    SELECT site, device, row_number() OVER (PARTITION BY site ORDER BY time DESC) AS place FROM states
    WHERE site IN (SELECT site FROM states GROUP BY site HAVING count(*) > %(devices)s)) old
    WHERE s.site = old.site AND s.device = old.device AND old.place > %(devices)s""",
    """DELETE FROM raw_devices d USING sites s WHERE s.site = d.site
    AND (d.said_at < least(s.last_time, %(now)s) - %(kept)s OR s.last_heard < %(now)s - %(kept)s)""",
    """DELETE FROM site_alerts a USING (
    SELECT site, rule, key, row_number() OVER (PARTITION BY site ORDER BY time DESC) AS place FROM site_alerts
    WHERE site IN (SELECT site FROM site_alerts GROUP BY site HAVING count(*) > %(alerts)s)) old
    WHERE a.site = old.site AND a.rule = old.rule AND a.key = old.key AND old.place > %(alerts)s""",
)


def keep_bounds(connection: Connection, keep_days: int, signals_kept: timedelta, now: datetime) -> None:
    """Take away what is too old or too much: the oldest goes first."""
    since = now - timedelta(days=keep_days)
    values = {"letters": MOST_LETTERS - 1, "devices": MOST_DEVICES, "alerts": MOST_ALERTS}
    times = {"signals": now - signals_kept, "resolved": now - RESOLVED_KEPT, "since": since}
    kept = {"now": now, "kept": timedelta(days=keep_days)}
    try:
        for statement in BOUNDS:
            connection.execute(statement, {**values, **times, **kept})
        months.drop_before(connection, since)
    except psycopg.Error as error:
        raise classified(error) from error
