"""What ``upskeep doctor`` finds, and what it says to do about it."""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from services.counter_store.app import SERVICE as COUNTER_STORE
from shared.ledger import Ledger
from shared.ledger.migrations import newest, write_version
from shared.suite import BrokerSettings, SuiteSettings
from tests.support.brokers import free_port
from upskeep.cli import cli
from upskeep.doctor import installation, machine
from upskeep.doctor.finding import Level, Patient

CONFIG = Path(__file__).parents[4] / "config"


@pytest.fixture
def patient(tmp_path: Path) -> Patient:
    """The shipped configuration, and a data folder of its own."""
    return Patient(CONFIG, {}, SuiteSettings(data=tmp_path / "data"))


def test_a_bus_that_is_not_there_is_a_fault_only_where_it_is_needed(tmp_path: Path) -> None:
    """With `source: auto` a board is simulated instead, which the line says."""
    missing = machine.bus(tmp_path / "i2c-1", needed=True)
    assert (missing.level, "raspi-config" in missing.advice) == (Level.FAULT, True)
    assert "simulated" in machine.bus(tmp_path / "i2c-1", needed=False).found
    (tmp_path / "i2c-1").touch()
    assert machine.bus(tmp_path / "i2c-1", needed=True).level is Level.OK


@pytest.mark.parametrize(
    ("life", "expected"),
    [("0x01 0x02\n", Level.OK), ("0x02 0x0a\n", Level.WARNING), ("0x00 0x00\n", None), ("x", None)],
)
def test_a_card_says_how_worn_it_is(tmp_path: Path, life: str, expected: Level | None) -> None:
    """By the worse of its two figures; 0 means that it does not say."""
    folder = tmp_path / "mmcblk0" / "device"
    folder.mkdir(parents=True)
    (folder / "life_time").write_text(life)
    assert [expected] * (expected is not None) == [finding.level for finding in machine.wear(tmp_path)]


def test_a_secret_that_others_can_read_is_named(patient: Patient, tmp_path: Path) -> None:
    """With the command that mends it."""
    secret = tmp_path / "password"
    secret.write_text("x")
    secret.chmod(0o644)
    broker = BrokerSettings(username="me", password_file=secret, cert_file=secret, key_file=tmp_path / "gone")
    found = [*machine.permissions(replace(patient, suite=patient.suite.model_copy(update={"broker": broker})))]
    assert [Level.WARNING, Level.FAULT] == [finding.level for finding in found[-2:]]
    assert f"`chmod 600 {secret}`" == found[-2].advice
    secret.chmod(0o600)
    assert Level.OK in [finding.level for finding in machine.permissions(patient)]


def test_ledgers_of_this_version_an_older_and_a_newer_one(patient: Patient) -> None:
    """Only the newer one and one that is no ledger are faults."""
    path = patient.suite.data / "counter_store" / "ledger.sqlite"
    assert "there is none" in next(installation.ledgers(patient)).found
    path.parent.mkdir(parents=True)
    with closing(Ledger(path, COUNTER_STORE.schema)) as ledger:
        known = newest(COUNTER_STORE.schema)
        assert [Level.OK] == [finding.level for finding in installation.ledgers(patient)]
        with ledger.transaction() as db:
            write_version(db, replace(known, own=known.own + 1, by="9.0.0"))
    newer = next(installation.ledgers(patient))
    assert (newer.level, "written by Upskeep 9.0.0" in newer.found) == (Level.FAULT, True)
    with closing(Ledger(path)) as ledger, ledger.transaction() as db:
        write_version(db, replace(known, own=known.own - 1))
    older = next(installation.ledgers(patient))
    assert (older.level, "upgraded at the next start" in older.advice) == (Level.OK, True)
    path.write_bytes(b"no ledger" * 1000)
    (path.parent / "ledger.sqlite.damaged-20260101T000000Z").touch()
    assert [Level.FAULT, Level.WARNING] == [finding.level for finding in installation.ledgers(patient)]


def test_a_configuration_with_a_slip_is_found(patient: Patient, tmp_path: Path) -> None:
    """Each fault is a line of its own."""
    assert [Level.OK] == [finding.level for finding in installation.configuration(patient)]
    folder = tmp_path / "config"
    shutil.copytree(CONFIG, folder)
    (folder / "suite.yaml").write_text("site: home\ncolour: blue\n")
    found = [*installation.configuration(replace(patient, config=folder))]
    assert [Level.FAULT] == [finding.level for finding in found]
    assert "colour" in found[0].found


def test_an_influxdb_that_does_not_answer_is_a_fault(patient: Patient, tmp_path: Path) -> None:
    """One that is not used is none."""
    assert "not used" in next(installation.influxdb(patient)).found
    environ = {"UPSKEEP_COUNTER_STORE__INFLUX__ENABLED": "true", "UPSKEEP_COUNTER_STORE__INFLUX__BUCKET": "b",
               "UPSKEEP_COUNTER_STORE__INFLUX__TOKEN_FILE": str(tmp_path), "UPSKEEP_COUNTER_STORE__INFLUX__ORG": "o",
               "UPSKEEP_COUNTER_STORE__INFLUX__URL": f"http://127.0.0.1:{free_port()}"}  # fmt: skip
    found = next(installation.influxdb(replace(patient, environ=environ)))
    assert (found.level, "does not answer" in found.found) == (Level.FAULT, True)


def test_the_command_ends_with_1_where_there_is_a_fault_and_prints_what_to_do(tmp_path: Path) -> None:
    """Here no broker; in words and as JSON."""
    options = ["doctor", "--config", str(CONFIG), "--broker", f"mqtt://127.0.0.1:{free_port()}"]
    shown = CliRunner().invoke(cli, options)
    assert (1, True) == (shown.exit_code, "is the suite running?" in shown.output)
    rows = json.loads(CliRunner().invoke(cli, [*options, "--json"]).output)
    assert {"configuration", "broker", "ledgers", "permissions", "disk", "clock"} <= {row["check"] for row in rows}
    assert all(row["advice"] or row["check"] == "broker" for row in rows if row["level"] == "fault")
