"""``upskeep influx restore``: a lost ledger comes back from a real InfluxDB, byte for byte."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from services.counter_store.service import LEDGER_SCHEMA, CounterStore
from services.counter_store.settings import CounterStoreSettings, InfluxSettings
from shared.delivery.handler import InMemoryPublisher
from shared.ledger import Ledger
from shared.process import _sign_path
from tests.support.influx.influxd import InfluxServer
from tests.support.influx.suite import ROOT, count, frames, ship
from upskeep.cli import cli

pytestmark = pytest.mark.influxdb
Rows = list[tuple[object, ...]]
GIVEN = {"enabled", "api", "url", "database", "org", "bucket", "token_file", "readings_to"}


def ledger(data: Path) -> Path:
    return data / "counter_store" / "ledger.sqlite"


def rows(path: Path) -> dict[str, Rows]:
    """Every event with all of its columns, and every counter but for where its next point goes."""
    with closing(sqlite3.connect(path)) as db:
        events = db.execute("SELECT * FROM event ORDER BY id").fetchall()
        totals = db.execute("SELECT type, total, last_time_us, first_time_us FROM counter ORDER BY type").fetchall()
        return {"event": events, "counter": totals}


def counters(path: Path, influx: InfluxSettings) -> str:
    """What the store publishes once it has heard how far event time has come."""
    with closing(Ledger(path, LEDGER_SCHEMA)) as opened:
        store = CounterStore(CounterStoreSettings(influx=influx), opened, InMemoryPublisher(), site="home")
        with opened.transaction():
            store.advance(frames()[-1].time)
            store.flush()
        return "\n".join(counter.model_dump_json() for counter in store.counters())


def restore(influx: InfluxSettings, data: Path, *more: str) -> Result:
    key = "UPSKEEP_COUNTER_STORE__INFLUX__"
    environ = {f"{key}{name.upper()}": str(value) for name, value in influx if name in GIVEN and value is not None}
    words = ["influx", "restore", "--config", str(ROOT / "config"), "--data", str(data), *more]
    return CliRunner(env=environ).invoke(cli, words)


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger after a suite's day, from which nothing has been shipped yet."""
    made = tmp_path_factory.mktemp("counted") / "ledger.sqlite"
    count(InfluxSettings(enabled=True, api="v1", database="upskeep", readings_to="upskeep_readings"), made, frames())
    return made


@pytest.fixture
def filled(influxdb: InfluxServer, counted: Path, tmp_path: Path) -> InfluxSettings:
    """InfluxDB after that day; the ledger that filled it is in ``data``."""
    influx = influxdb.settings(readings_to="upskeep_readings")
    ledger(tmp_path / "data").parent.mkdir(parents=True)
    shutil.copy(counted, ledger(tmp_path / "data"))
    ship(influx, ledger(tmp_path / "data"))
    return influx


def test_a_lost_ledger_comes_back_byte_for_byte(filled: InfluxSettings, tmp_path: Path) -> None:
    """Events with all of their columns and seals, counters, and what is published of them."""
    path = ledger(tmp_path / "data")
    before, told = rows(path), counters(path, filled)
    for file in path.parent.iterdir():
        file.unlink()
    done = restore(filled, tmp_path / "data")
    assert (0, f"restored {len(before['event'])} events of {len(before['counter'])} types\n") == (
        done.exit_code,
        done.stdout,
    )
    assert before["event"] == rows(path)["event"]
    assert told == counters(path, filled)
    assert before["counter"] == rows(path)["counter"]
    assert len(before["event"]) > 2000
    assert ["ledger.sqlite"] == sorted(file.name for file in path.parent.iterdir())


def test_a_ledger_that_holds_events_is_left_alone_unless_forced(filled: InfluxSettings, tmp_path: Path) -> None:
    """With ``--force`` it is set aside, whole."""
    path = ledger(tmp_path / "data")
    before = rows(path)
    refused = restore(filled, tmp_path / "data")
    assert 1 == refused.exit_code
    assert f"holds {len(before['event'])} events; with --force it is set aside" in refused.stderr
    assert before == rows(path)

    assert 0 == restore(filled, tmp_path / "data", "--force").exit_code
    (aside,) = path.parent.glob("ledger.sqlite.replaced-*Z")
    assert before == rows(aside)
    assert before["event"] == rows(path)["event"]


def test_nothing_is_changed_where_there_is_nothing_to_read(filled: InfluxSettings, tmp_path: Path) -> None:
    """Another database, no server, or a service that is running."""
    path = ledger(tmp_path / "data")
    before = rows(path)
    empty = filled.at("elsewhere")
    assert "holds no events of site home; nothing is changed" in restore(empty, tmp_path / "data", "--force").stderr
    away = filled.model_copy(update={"url": "http://127.0.0.1:1"})
    assert "cannot be reached" in restore(away, tmp_path / "data", "--force").stderr
    path.with_name("ledger.sqlite.running").touch()
    sign = _sign_path(tmp_path / "data", "counter_store")
    sign.touch()
    assert "is running over" in restore(filled, tmp_path / "data", "--force").stderr
    sign.unlink()
    assert before == rows(path)
