"""What the commands print of a real database, and what its readers may not do."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner, Result

from fleet.settings import RulesSettings, ShareRule
from fleet.store import rule_store
from fleet.store.batches import Batch, Batches, Policy, Position
from fleet.store.connection import connect
from shared.site_records import SiteRecord
from tests.support.fleet_records import BEGIN, alert, arrivals, event, state
from tests.support.postgres import Postgres
from tools.grafana.fleet_board import PANELS
from upskeep.cli import cli
from upskeep.exit_codes import ExitCode

RECORDS: list[SiteRecord] = [
    *(event(f"hut-{n}", 1, at_s=n) for n in range(4)),
    *(event(f"hut-{n}", 2, "AC_POWER_RESTORED", at_s=500 + n) for n in range(2)),
    event("shop-1", 3, "BATTERY_LOW"),
    event("shop-1", 7, "BATTERY_LOW"),
    *(state("hut-1", 1, power="battery", runtime_s=1200), state("shop-1", 1)),
    alert("hut-1", 1),
]


@pytest.fixture(scope="module")
def folder(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A configuration whose database holds a small fleet."""
    url = postgres.make("questions")
    made = tmp_path_factory.mktemp("config")
    (made / "fleet.yaml").write_text(f"database: {{url: '{url}'}}\n")
    assert ExitCode.DONE == _call(made, "migrate").exit_code
    with connect(url) as connection:
        batches = Batches(connection, "t", Policy({}, frozenset({"AC_POWER_LOSS"}), 400))
        claim = batches.claim([0], "one", BEGIN)[0]
        arrived = arrivals([*RECORDS])
        batches.commit(Batch(arrived, {0: Position(claim.generation, len(RECORDS))}), BEGIN)
        rules = RulesSettings(share={"regional_outage": ShareRule(type="AC_POWER_LOSS", share=0.5)})
        rule_store.judge(connection, rules, BEGIN.replace(hour=20))
    return made


def _call(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(cli, ["fleet", *words, "--config", str(folder)], env={"COLUMNS": "110"})


def _json(folder: Path, *words: str) -> Any:
    done = _call(folder, *words, "--json")
    assert ExitCode.DONE == done.exit_code, done.output
    return json.loads(done.stdout)


def test_every_question_has_its_answer_as_json(folder: Path) -> None:
    """The figures are those of the records."""
    status = _json(folder, "status")
    assert (5, 1, 8, 1, 1, 3) == tuple(
        status[name] for name in ("sites", "on_battery", "events", "fleet_alerts", "site_alerts", "missing")
    )
    assert ["hut-1"] == [row["site"] for row in _json(folder, "sites", "--on-battery")]
    assert {"AC_POWER_LOSS": 4, "AC_POWER_RESTORED": 2} == {
        row["type"]: row["total"] for row in _json(folder, "counters", "--region", "hut")
    }
    found = _json(folder, "events", "--type", "BATTERY_LOW", "--since", "2026-11-01T12:04:00Z")
    assert [("shop-1", "2026-11-01T12:07:00.000000Z")] == [(row["site"], row["time"]) for row in found]
    assert [("fleet", "hut"), ("site", "hut-1")] == [(row["of"], row["place"]) for row in _json(folder, "alerts")]
    report = _json(folder, "report", "--since", "2026-11-01")
    assert [("hut", 2, 2)] == [(row["region"], row["sites"], row["outages"]) for row in report["outages"]]
    assert ["regional_outage"] == [row["rule"] for row in report["alerts"]]


def test_every_question_has_a_table(folder: Path) -> None:
    """With what a person looks for in it."""
    for words, wanted in (
        (("status",), ["5 sites", "3 numbers are missing", "hut", "shop"]),
        (("sites",), ["battery", "20 min"]),
        (("counters", "--site", "shop-1"), ["BATTERY_LOW", "2"]),
        (("events", "--limit", "1"), ["AC_POWER_RESTORED", "2026-11-01 12:08:21Z"]),
        (("alerts",), ["regional_outage", "share of its sites is 0.75"]),
        (("report", "--since", "2026-11-01"), ["Outages", "no site reports the health"]),
    ):
        done = _call(folder, *words)
        assert (ExitCode.DONE, []) == (done.exit_code, [each for each in wanted if each not in done.stdout]), (
            done.output
        )


def test_a_reader_reads_and_changes_nothing(folder: Path, postgres: Postgres) -> None:
    """Neither a table nor what it may itself."""
    with psycopg.connect(postgres.url("questions"), autocommit=True) as owner:
        owner.execute("CREATE ROLE grafana LOGIN IN ROLE upskeep_fleet_reader")
    with psycopg.connect(postgres.url("questions", "grafana"), autocommit=True) as reader:
        assert (5,) == reader.execute("SELECT count(*) FROM fleet.site_status").fetchone()
        for statement in ("DELETE FROM fleet.counts", "CREATE TABLE fleet.mine (n int)", "SELECT 1 INTO fleet.mine"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute(statement)


def test_what_is_wrong_is_one_sentence(folder: Path, postgres: Postgres, tmp_path: Path) -> None:
    """No server, no database, no tables, no setting of that name; each with its exit code."""
    for url, words in (
        ("postgresql:///none?host=/nowhere", "/nowhere"),
        (postgres.url("nothing"), 'database "nothing" does not exist'),
        (postgres.make("bare"), "run `upskeep fleet migrate`"),
    ):
        (tmp_path / "fleet.yaml").write_text(f"database: {{url: '{url}'}}\n")
        done = _call(tmp_path, "status")
        assert (ExitCode.FAILED, True) == (done.exit_code, words in done.stderr), done.stderr
        assert "Traceback" not in done.stderr
    (tmp_path / "fleet.yaml").write_text("databse: {}\n")
    assert ExitCode.USAGE == _call(tmp_path, "status").exit_code


def test_every_query_of_the_dashboard_runs(folder: Path, postgres: Postgres) -> None:
    """With Grafana's macros as its plugin writes them."""
    macros = (
        (r"\$__timeFilter\((\w+)\)", r"\1 BETWEEN '2026-01-01T00:00:00Z' AND '2027-01-01T00:00:00Z'"),
        (r"\$__timeGroupAlias\((\w+), \$__interval\)", r'floor(extract(epoch FROM \1) / 60) * 60 AS "time"'),
        (r"\$region", "'hut', 'shop'"),
    )
    answers = {}
    with psycopg.connect(postgres.url("questions"), autocommit=True) as connection:
        for panel in PANELS:
            query = panel.query
            for macro, written in macros:
                query = re.sub(macro, written, query)
            answers[panel.title] = connection.execute(query.encode()).fetchall()

    assert ([(5,)], [(1,)]) == (answers["Sites"], answers["On battery"])
    empty = {"Health of batteries by region", "The most worn batteries"}
    assert empty == {title for title, rows in answers.items() if not rows}
