"""What people ask of the fleet: each question one statement over the views, its answer plain rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, LiteralString

import psycopg

from fleet.store.connection import Connection, classified

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Question:
    """A statement; ``where`` are the conditions that a choice adds, by the choice's name."""

    select: LiteralString
    rest: LiteralString = ""
    where: Mapping[str, LiteralString] = field(default_factory=dict)


OF_REGION: LiteralString = "region = %(region)s"
OF_SITE: LiteralString = "site = %(site)s"
SITES = Question(
    "SELECT site, region, power, charge, runtime_s, health, alerts, last_heard FROM site_status",
    "ORDER BY power = 'battery' DESC NULLS LAST, runtime_s NULLS LAST, alerts DESC, site LIMIT %(limit)s",
    {
        "region": OF_REGION,
        "on_battery": "power = 'battery'",
        "silent_before": "last_heard < %(silent_before)s",
    },
)
COUNTERS = Question(
    "SELECT c.type, sum(c.total)::bigint AS total, count(*) AS sites, max(c.last_time) AS last_time"
    " FROM counts c JOIN sites s USING (site)",
    "GROUP BY 1 ORDER BY 2 DESC, 1",
    {"region": OF_REGION, "site": OF_SITE},
)
EVENTS = Question(
    "SELECT e.time, e.site, e.device, e.severity, e.type, e.data FROM events e JOIN sites s USING (site)",
    "ORDER BY e.time DESC, e.site, e.id LIMIT %(limit)s",
    {
        "region": OF_REGION,
        "site": OF_SITE,
        "type": "e.type = %(type)s",
        "since": "e.time >= %(since)s",
        "until": "e.time < %(until)s",
    },
)
ALERTS = Question(
    "SELECT of, place, rule, key, state, severity, since, time, message FROM open_alerts",
    "ORDER BY of, since DESC, place, rule, key LIMIT %(limit)s",
    {"fleet_only": "of = 'fleet'"},
)
PAST_ALERTS = Question(
    "SELECT rule, key, state, severity, since, time, value, threshold, message FROM fleet_alerts",
    "ORDER BY since",
    {"since": "since >= %(since)s", "until": "since < %(until)s", "region": "key = %(region)s"},
)
OUTAGES = Question(
    "SELECT region, count(DISTINCT site) AS sites, count(*) AS outages,"
    " sum(outage_s) AS total_s, max(outage_s) AS longest_s FROM outages",
    "GROUP BY 1 ORDER BY 3 DESC, 1",
    {"since": "time >= %(since)s", "until": "time < %(until)s", "region": OF_REGION},
)
WORN = Question(
    "SELECT region, site, device, health, cycles FROM battery_health",
    "ORDER BY health NULLS LAST, site, device LIMIT 10",
    {"region": OF_REGION},
)
GAPS = Question("SELECT site, producer, first, last FROM gaps", "ORDER BY site, producer, first LIMIT %(limit)s")
LETTERS = Question("SELECT at, partition, log_offset, reason FROM dead_letters", "ORDER BY at DESC LIMIT %(limit)s")
REGIONS = Question(
    "SELECT region, sites, on_battery, runtime_s, alerts, longest_silent FROM region_status", "ORDER BY 1"
)
LOG = Question(
    "SELECT topic, partition, next_offset, owner, committed_at, records, repeats, refused FROM log_positions",
    "ORDER BY topic, partition",
)
TOTALS: LiteralString = """
SELECT (SELECT count(*) FROM sites) AS sites,
(SELECT count(*) FROM site_status WHERE power = 'battery') AS on_battery,
(SELECT count(*) FROM sites WHERE last_heard < %(silent_before)s) AS silent,
(SELECT coalesce(sum(total), 0)::bigint FROM counts) AS events,
(SELECT count(*) FROM events WHERE time >= %(hour)s) AS events_last_hour,
(SELECT count(*) FROM open_alerts WHERE of = 'fleet') AS fleet_alerts,
(SELECT count(*) FROM open_alerts WHERE of = 'site') AS site_alerts,
(SELECT coalesce(sum(last - first + 1), 0)::bigint FROM gaps) + (SELECT coalesce(sum(given_up), 0)::bigint FROM places)
AS missing,
(SELECT count(*) FROM dead_letters) AS dead_letters"""


def ask(connection: Connection, question: Question, choices: Mapping[str, Any]) -> list[Row]:
    """Return the rows of an answer; a choice that is None or False is none."""
    chosen = {name: value for name, value in choices.items() if value is not None and value is not False}
    conditions = [text for name, text in question.where.items() if name in chosen]
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return _rows(connection, f"{question.select}{where} {question.rest}", chosen)


def totals(connection: Connection, now: datetime) -> Row:
    """Return the fleet's totals in one row: the last hour is the last whole one and the present part."""
    hour = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
    return _rows(connection, TOTALS, {"silent_before": now - timedelta(days=1), "hour": hour})[0]


def _rows(connection: Connection, statement: LiteralString, values: Mapping[str, Any]) -> list[Row]:
    try:
        done = connection.execute(statement, values)
        names: Sequence[str] = [each.name for each in done.description or ()]
        return [dict(zip(names, row, strict=True)) for row in done.fetchall()]
    except psycopg.Error as error:
        raise classified(error) from error
