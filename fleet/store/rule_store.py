"""The rules over many sites, looked at by one worker: what they see and what comes of it commit together.

Rules:
1. The worker that looks holds an advisory lock of its session; when it dies, the server releases the lock and another
   worker looks.
2. A share is looked at in the regions that had fresh signals and in those where an alert fires. It is judged by the
   region's own time, the newest that a site of it has said, but never beyond the centre's clock.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import LiteralString

import psycopg

from fleet.core.fleet_rules import Spell, above, judged, spell_of, spells_of
from fleet.core.shares import course
from fleet.settings import RulesSettings, RuntimeRule, ShareRule, SilentRule
from fleet.store.connection import Connection, classified
from services.alerter.core.alert_record import from_json, to_json
from services.alerter.core.rules import Rule
from services.alerter.core.transitions import begin
from shared.instants import span_to_us, time_to_us

LOCK = 0x55504B_03
EVERYWHERE = "all"
SIGNALS_KEPT = timedelta(days=31)
FRESH: LiteralString = """
WITH seen AS (UPDATE signals SET fresh = false WHERE fresh AND type = %s RETURNING site, time)
SELECT s.region, min(seen.time) FROM seen JOIN sites s USING (site) GROUP BY 1"""
OPEN: LiteralString = "SELECT key, since FROM fleet_alerts WHERE rule = %s AND state <> 'resolved'"
BEFORE: LiteralString = """
SELECT since FROM fleet_alerts WHERE rule = %s AND key = %s AND since <= %s AND (state <> 'resolved' OR time >= %s)
ORDER BY since DESC LIMIT 1"""
REGION: LiteralString = """
SELECT count(*), max(least(last_time, %s)) FROM sites WHERE region = %s"""
EVENTS: LiteralString = """
SELECT g.time, g.site FROM signals g JOIN sites s USING (site) WHERE g.type = %s AND g.time > %s AND s.region = %s"""
ADD: LiteralString = """
INSERT INTO fleet_alerts AS a (rule, key, since, state, severity, time, value, threshold, message)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (rule, key, since) DO UPDATE
SET state = excluded.state, severity = excluded.severity, time = excluded.time, value = excluded.value,
threshold = excluded.threshold, message = excluded.message"""
SILENT: LiteralString = """
SELECT region, count(*) FILTER (WHERE last_heard < %s) FROM sites GROUP BY 1"""
SHORT: LiteralString = """
SELECT count(DISTINCT site) FROM states WHERE power = 'battery' AND runtime_s < %s AND NOT simulated"""
REMEMBER: LiteralString = """
INSERT INTO rule_memory (rule, key, record) VALUES (%s, %s, %s)
ON CONFLICT (rule, key) DO UPDATE SET record = excluded.record"""


def lead(connection: Connection) -> bool:
    """Take the lock if it is free; return whether it was."""
    try:
        row = connection.execute("SELECT pg_try_advisory_lock(%s)", [LOCK]).fetchone()
    except psycopg.Error as error:
        raise classified(error) from error
    return row is not None and bool(row[0])


def judge(connection: Connection, rules: RulesSettings, now: datetime) -> int:
    """Look at every rule; returns how many alerts changed."""
    changed = 0
    try:
        for name, share in rules.share.items():
            changed += _judge_share(connection, name, share, now)
        with connection.transaction():
            for name, silent in rules.silent.items():
                changed += _judge_silent(connection, name, silent, now)
            for name, short in rules.runtime.items():
                changed += _judge_runtime(connection, name, short, now)
    except psycopg.Error as error:
        raise classified(error) from error
    return changed


def _judge_share(connection: Connection, name: str, rule: ShareRule, now: datetime) -> int:
    changed = 0
    with connection.transaction():
        affected: dict[str, datetime] = dict(connection.execute(FRESH, [rule.type]).fetchall())
        for key, since in connection.execute(OPEN, [name]).fetchall():
            affected[key] = min(since, affected.get(key, since))
        for region, earliest in sorted(affected.items()):
            changed += _judge_region(connection, name, rule, region, earliest, now)
    return changed


def _judge_region(
    connection: Connection, name: str, rule: ShareRule, region: str, earliest: datetime, now: datetime
) -> int:
    sites, time = connection.execute(REGION, [now, region]).fetchone() or (0, None)
    if sites < rule.least_sites or time is None:
        return 0
    window = timedelta(minutes=rule.within_minutes)
    quiet = _quiet_before(connection, name, region, earliest - window, window)
    events = connection.execute(EVENTS, [rule.type, quiet - window, region]).fetchall()
    steps = course(((time_to_us(at), site) for at, site in events), sites, span_to_us(window))
    judge_ = above(name, "share of its sites", rule.share, rule.severity, rule.summary)
    spells = spells_of(judge_, region, steps, time_to_us(quiet), time_to_us(time))
    ask = (
        "SELECT since, state, time, value FROM fleet_alerts WHERE rule = %s AND key = %s AND since >= %s ORDER BY since"
    )
    have = connection.execute(ask, [name, region, quiet]).fetchall()
    if have == [(each.since, each.state.value, each.time, each.value) for each in spells]:
        return 0
    gone = [since for since, *_ in have if since not in {each.since for each in spells}]
    connection.execute(
        "DELETE FROM fleet_alerts WHERE rule = %s AND key = %s AND since = ANY(%s)", [name, region, gone]
    )
    _keep(connection, spells)
    return len(spells) + len(gone)


def _quiet_before(connection: Connection, name: str, region: str, at: datetime, window: timedelta) -> datetime:
    """Return a time not after ``at`` at which no alert fired, nor had just ended."""
    while (row := connection.execute(BEFORE, [name, region, at, at - window]).fetchone()) is not None:
        at = row[0] - window
    return at


def _judge_silent(connection: Connection, name: str, rule: SilentRule, now: datetime) -> int:
    figures = connection.execute(SILENT, [now - timedelta(hours=rule.hours)]).fetchall()
    judge_ = above(name, "silent sites", rule.more_than, rule.severity, rule.summary)
    return _judge_now(connection, judge_, figures, now)


def _judge_runtime(connection: Connection, name: str, rule: RuntimeRule, now: datetime) -> int:
    figures = [(EVERYWHERE, row[0]) for row in connection.execute(SHORT, [rule.below_minutes * 60]).fetchall()]
    judge_ = above(name, "sites with little runtime left", rule.more_than, rule.severity, rule.summary, "fleet")
    return _judge_now(connection, judge_, figures, now)


def _judge_now(connection: Connection, rule: Rule, figures: Iterable[tuple[str, int]], now: datetime) -> int:
    kept: dict[str, str] = dict(
        connection.execute("SELECT key, record FROM rule_memory WHERE rule = %s", [rule.name]).fetchall()
    )
    changed = 0
    for key, value in figures:
        before = from_json(kept[key], rule.condition) if key in kept else begin(rule, {rule.by[0]: key})
        record, alerts = judged(rule, key, before, time_to_us(now), float(value))
        if alerts:
            connection.execute(REMEMBER, [rule.name, key, to_json(record)])
            _keep(connection, map(spell_of, alerts))
            changed += len(alerts)
    return changed


def _keep(connection: Connection, spells: Iterable[Spell]) -> None:
    for each in spells:
        values = [each.rule, each.key, each.since, each.state.value, each.severity.value, each.time]
        connection.execute(ADD, [*values, each.value, each.threshold, each.message])
