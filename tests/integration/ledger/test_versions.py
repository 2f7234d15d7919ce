"""Ledgers of every version so far, opened by today's services: every row is there, and every count is equal.

``tests/ledgers`` holds them, as the services of their time wrote them; ``counts.json`` says what is in them.
"""

from __future__ import annotations

import gzip
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from services.alerter.app import SERVICE as ALERTER
from services.counter_store.app import SERVICE as COUNTER_STORE
from services.event_processor.app import SERVICE as EVENT_PROCESSOR
from services.host_agent.app import SERVICE as HOST_AGENT
from services.sensor_reader.app import SERVICE as SENSOR_READER
from shared.ledger import Ledger
from shared.ledger.examine import examine
from shared.ledger.migrations import Version, write_version
from shared.ledger.quarantine import closed_cleanly, open_ledger
from shared.process import EXIT_NEWER_LEDGER, Service
from tests.support import processes
from tests.support.brokers import EMBEDDED, Broker

ROOT = Path(__file__).resolve().parents[3]
LEDGERS = ROOT / "tests" / "ledgers"
NOW = datetime(2026, 12, 1, tzinfo=UTC)
DEADLINE_S = 120.0
SERVICES = {
    "alerter": ALERTER,
    "counter_store": COUNTER_STORE,
    "event_processor": EVENT_PROCESSOR,
    "host_agent": HOST_AGENT,
    "sensor_reader": SENSOR_READER,
}
# What a table of an older version is called today.
RENAMED = {
    "outlived": "expired_event_time",
    "watch": "alert_record",
    "moment": "event_time",
    "gathering": "alert_group",
    "member": "alert_group_member",
    "stop": "emergency_stop",
    "emptied": "cleared_topic",
    "heard": "seen_event",
    "sight": "event_ref",
}
# Tables, by their first names, of which a start alone changes no row.
KEPT = {
    "alerter": ("heard", "silence", "stop"),
    "counter_store": ("event", "imported_id", "opening"),
    "event_processor": ("incident", "pattern_group"),  # its work goes on, so the others grow
    "host_agent": ("applied", "obeyed"),
    "sensor_reader": ("applied", "obeyed"),
}
EACH = [(file.parent.name, name) for file in sorted(LEDGERS.glob("v*/counts.json")) for name in SERVICES]
each_old_ledger = pytest.mark.parametrize(("version", "name"), EACH)


def unpack(version: str, name: str, folder: Path) -> Path:
    """Put a ledger where its service finds it in the data folder."""
    path = folder / name / "ledger.sqlite"
    path.parent.mkdir(parents=True)
    path.write_bytes(gzip.decompress((LEDGERS / version / f"{name}.sqlite.gz").read_bytes()))
    return path


def written(version: str) -> dict[str, Any]:
    """Return what the ledgers of a version held when they were written."""
    found: dict[str, Any] = json.loads((LEDGERS / version / "counts.json").read_text())
    return found


def rows(db: sqlite3.Connection) -> dict[str, int]:
    """Return how many rows each table has."""
    names = db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'").fetchall()
    return {name: db.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for (name,) in names}  # noqa: S608


def counts(path: Path) -> dict[str, Any]:
    """Return what a store counts."""
    with closing(sqlite3.connect(path)) as db:
        return {
            "totals": dict(db.execute("SELECT type, total FROM counter ORDER BY 1").fetchall()),
            "hourly": db.execute("SELECT sum(count) FROM hourly").fetchone()[0],
            "daily": db.execute("SELECT sum(count) FROM daily").fetchone()[0],
        }


def streams(db: sqlite3.Connection) -> dict[tuple[str, str], int]:
    """Return the last number of each (epoch, stream)."""
    ((epoch,),) = db.execute("SELECT value FROM life WHERE name = 'epoch'").fetchall()
    return {(epoch, stream): head for stream, head in db.execute("SELECT name, head FROM stream")}


def shape(db: sqlite3.Connection) -> dict[str, str]:
    """Return how everything was made, whatever its spaces and quotes."""
    made = db.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite%'")
    return {name: "".join(sql.replace('"', "").split()) for name, sql in made}


@each_old_ledger
def test_every_table_of_an_old_ledger_is_filled(version: str, name: str) -> None:
    """A migration that forgets a table must show."""
    assert all(written(version)[name].values())


@each_old_ledger
def test_an_old_ledger_keeps_every_row(tmp_path: Path, version: str, name: str) -> None:
    """In the tables as they are called today, and every seal fits."""
    path = unpack(version, name, tmp_path)
    with closing(open_ledger(path, SERVICES[name].schema, NOW)) as ledger:
        found = rows(ledger.db)
        assert ledger.db.execute("SELECT 1 FROM life WHERE name = 'damage'").fetchone() is None
    closed_cleanly(path)
    expected = {RENAMED.get(table, table): count for table, count in written(version)[name].items()}
    expected["life"] += 1  # the version
    assert expected == {table: found[table] for table in expected}
    assert examine(path, suspect=True) is None


@each_old_ledger
def test_an_old_ledger_becomes_what_a_new_one_is(tmp_path: Path, version: str, name: str) -> None:
    """Where this fails, a table was changed without a step: see "Change a table" in CONTRIBUTING.md."""
    schema = SERVICES[name].schema
    with (
        closing(open_ledger(unpack(version, name, tmp_path), schema, NOW)) as led,
        closing(Ledger(tmp_path / "new.sqlite", schema)) as made,
    ):
        assert shape(made.db) == shape(led.db)


@pytest.mark.parametrize("version", sorted({version for version, _ in EACH}))
def test_what_an_old_alerter_had_reported_is_known_by_todays_name(tmp_path: Path, version: str) -> None:
    """Last transitions and times of notices were ``told``, with the same values."""
    path = unpack(version, "alerter", tmp_path)
    with closing(sqlite3.connect(path)) as db:
        (records,) = db.execute("SELECT json_group_array(json_extract(memory, '$.told')) FROM watch").fetchone()
        (groups,) = db.execute("SELECT json_group_array(json_extract(content, '$.told_at')) FROM gathering").fetchone()
    with closing(open_ledger(path, ALERTER.schema, NOW)) as ledger:
        rules = ledger.db.execute("SELECT json_group_array(json_extract(memory, '$.last')) FROM alert_record")
        notices = ledger.db.execute("SELECT json_group_array(json_extract(content, '$.notified_at')) FROM alert_group")
        assert (records, groups) == (rules.fetchone()[0], notices.fetchone()[0])
    assert any(json.loads(records))
    assert any(json.loads(groups))


def test_when_due_calibrations_were_reported_is_known_by_todays_name(tmp_path: Path) -> None:
    """A reader reports them once a day, also on the day of its upgrade."""
    path = unpack("v1", "sensor_reader", tmp_path)
    with closing(Ledger(path)) as ledger, ledger.transaction():
        ledger.put("calibrations_told", b"2026-11-30T00:00:00+00:00")
    with closing(open_ledger(path, SENSOR_READER.schema, NOW)) as ledger:
        assert b"2026-11-30T00:00:00+00:00" == ledger.get("calibrations_reported")
        assert ledger.get("calibrations_told") is None
    assert examine(path, suspect=True) is None


@pytest.mark.parametrize("version", sorted({version for version, _ in EACH}))
def test_a_damaged_old_ledger_is_salvaged_by_todays_store(tmp_path: Path, version: str) -> None:
    """What is read from a damaged ledger has the names of the version that wrote it."""
    path = unpack(version, "counter_store", tmp_path)
    path.with_name("ledger.sqlite.suspect").write_text('{"found": "a test", "certain": true}')
    open_ledger(path, COUNTER_STORE.schema, NOW, COUNTER_STORE.salvage).close()
    assert written(version)["totals"] == counts(path)["totals"]


class Run:
    """One service, started as a user starts it, over an old ledger and an empty broker."""

    def __init__(self, service: Service, data: Path, broker: Broker) -> None:
        given = {"UPSKEEP_SUITE__DATA": str(data), "UPSKEEP_SUITE__BROKER__URL": broker.settings.url}
        self.environ = {**os.environ, **given, "UPSKEEP_CONFIG": str(ROOT / "config")}
        self.command = [sys.executable, "-m", f"services.{service.route.name}"]
        self.process = processes.Popen(self.command, cwd=ROOT, env=self.environ, stderr=subprocess.PIPE, text=True)

    def until_healthy(self) -> None:
        command = [*self.command, "--healthy"]
        deadline = time.monotonic() + DEADLINE_S
        while processes.run(command, check=False, cwd=ROOT, env=self.environ, capture_output=True).returncode:
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < deadline, "not healthy in time"

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        self.said()
        return self.process.returncode

    def said(self) -> str:
        return self.process.communicate(timeout=DEADLINE_S)[1]


@pytest.fixture
def broker(start_broker: Callable[..., Broker]) -> Broker:
    """The broker that Upskeep brings along."""
    return start_broker(EMBEDDED)


@each_old_ledger
def test_a_service_goes_on_with_its_old_ledger(tmp_path: Path, broker: Broker, version: str, name: str) -> None:
    """It starts, is healthy, stops cleanly; what it counted or kept is there, and its streams go on where they were."""
    path = unpack(version, name, tmp_path)
    with closing(sqlite3.connect(path)) as db:
        before = streams(db)
    run = Run(SERVICES[name], tmp_path, broker)
    run.until_healthy()
    assert 0 == run.stop()

    if name == "counter_store":
        expected = {key: written(version)[key] for key in ("totals", "hourly", "daily")}
        assert expected == counts(path)
    with closing(sqlite3.connect(path)) as db:
        found, after = rows(db), streams(db)
    old = written(version)[name]
    assert {RENAMED.get(table, table): old[table] for table in KEPT[name]} == {
        RENAMED.get(table, table): found[RENAMED.get(table, table)] for table in KEPT[name]
    }
    assert before.keys() <= after.keys()  # a new epoch would be a key of its own
    assert all(after[stream] >= head for stream, head in before.items())
    assert not list(path.parent.glob("*.damaged-*"))


def test_a_service_refuses_a_newer_ledger_in_a_sentence(tmp_path: Path, broker: Broker) -> None:
    """As after going back a version: exit code 78, nothing changed, and it says what to do."""
    path = unpack("v1", "host_agent", tmp_path)
    with closing(Ledger(path, HOST_AGENT.schema)) as ledger, ledger.transaction() as db:
        write_version(db, Version(99, 0, "9.9.9"))
    before = path.read_bytes()

    run = Run(HOST_AGENT, tmp_path, broker)
    said = run.said()

    assert EXIT_NEWER_LEDGER == run.process.returncode
    assert "Upskeep 9.9.9 wrote this ledger (tables 99.0)" in said
    assert "Traceback" not in said
    assert before == path.read_bytes()
