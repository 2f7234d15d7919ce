"""``upskeep doctor --report`` is for the public: secrets are planted wherever one can stand, and none comes out."""

from __future__ import annotations

import getpass
import socket
from pathlib import Path

import pytest
from click.testing import CliRunner

from shared.suite import BrokerSettings, SuiteSettings
from tests.support.live_suite import CONFIG, own_config
from upskeep.cli import cli
from upskeep.doctor import installation, machine
from upskeep.doctor.finding import Finding, Level, Patient
from upskeep.doctor.redaction import Redactor
from upskeep.doctor.report import report

SECRETS = {  # where it stands: what must not be in the report
    "host": "vault-of-anna",
    "user": "annabel",
    "broker user": "brokeruser",
    "broker host": "broker.secret-house.lan",
    "site": "annas-attic",
    "token": "tokenvalue-abc-123",
    "second line": "another line of it",
    "device": "bedroom_of_anna",
    "zone": "anna_zone",
    "webhook host": "hooks.secret-corp.example",
    "webhook path": "T0KENPATH",
    "description": "Anna Smith sleeps here",
    "event type": "ANNAS_DOOR_OPEN",
    "unknown key": "annaskey",
    "environment value": "env-secret-value",
    "environment name": "ANNAS_NAS",
    "NUT user": "nut_anna",
    "influx host": "influx.secret-house.lan",
    "folder": "folder-of-annabel",
    "refused": "sekrit)with bracket",
    "mail": "anna@smith.example",
    "address": "192.168.77.31",
    "address of six": "fd00:1234:5678::77",
    "service": "bedchamber",
}


@pytest.fixture
def patient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Patient:
    """A configuration with all of them, of a user and on a host whose names say something."""
    monkeypatch.setattr(socket, "gethostname", lambda: SECRETS["host"])
    monkeypatch.setattr(getpass, "getuser", lambda: SECRETS["user"])
    config, token = own_config(tmp_path), tmp_path / SECRETS["folder"] / "token"
    token.parent.mkdir()
    token.write_text(f"{SECRETS['token']}\n{SECRETS['second line']}\n")
    (config / "sensor_reader.yaml").write_text(
        f"source: i2c\ndevices:\n  - name: {SECRETS['device']}\n    zone: {SECRETS['zone']}\n    interval_s: 7\n"
        f"    nut: {{ups: rack, host: {SECRETS['address']}, username: {SECRETS['NUT user']}, password_file: {token}}}\n"
        f"  - {{name: six, nut: {{ups: rack, host: '{SECRETS['address of six']}'}}}}\n"
    )
    (config / "counter_store.yaml").write_text(
        f"influx: {{enabled: true, url: 'http://{SECRETS['influx host']}:8086', {SECRETS['unknown key']}: 1}}\n"
    )
    (config / "events.yaml").write_text(
        (config / "events.yaml").read_text()
        + f"  {SECRETS['event type']}: {{category: safety, severity: {SECRETS['mail']},"
        f" description: {SECRETS['description']}}}\n"
    )
    environ = {
        "UPSKEEP_USER": SECRETS["environment value"],
        f"UPSKEEP_GATEWAY__NUT__USERS__{SECRETS['environment name']}__PASSWORD_FILE": str(token),
        "UPSKEEP_HOST_AGENT__DRY_RUN": SECRETS["refused"],
        "UPSKEEP_PIPELINE__HANDLERS": f"{{x: 'https://{SECRETS['webhook host']}/{SECRETS['webhook path']}'}}",
    }
    broker = BrokerSettings(
        url=f"mqtt://{SECRETS['broker user']}@{SECRETS['broker host']}:1",
        username=SECRETS["broker user"],
        password_file=token,
    )
    return Patient(config, environ, SuiteSettings(data=tmp_path / "data", site=SECRETS["site"], broker=broker))


def test_no_secret_and_no_name_of_a_person_or_a_host_comes_out(patient: Patient) -> None:
    """What the checks themselves say, and what others could make them say; each is in one of the findings first."""
    findings = [*installation.configuration(patient), *machine.permissions(patient), *machine.disk(patient)]
    findings += [
        Finding("broker", Level.FAULT, f"no broker: got {SECRETS[name]!r}, {SECRETS[name]}") for name in SECRETS
    ]
    findings.append(Finding("broker", Level.FAULT, "it says 'words of annas own' and \"annas, too\""))
    findings.append(Finding("services", Level.FAULT, f"{SECRETS['service']} is offline"))

    shown = report(patient, findings).casefold()

    assert [] == [where for where, secret in SECRETS.items() if secret.casefold() in shown], shown
    assert "annas" not in shown, shown


def test_what_helps_comes_out(patient: Patient) -> None:
    """Versions, findings, and values that say nothing of anybody."""
    shown = report(patient, installation.configuration(patient))

    assert "### upskeep doctor --report" == shown.splitlines()[0]
    assert "unknown key" in shown
    assert "sensor_reader.yaml: source: i2c" in shown
    assert "sensor_reader.yaml: devices.0.interval_s: 7" in shown
    assert "sensor_reader.yaml: simulation.board: left out" in shown
    assert "events.yaml: events.‹name" in shown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mqtt://localhost:1883 answers", "mqtt://localhost:1883 answers"),
        ("mqtt://pi:1883 answers", "mqtt://‹address› answers"),
        ("mqtt://me:pw@localhost:1883 answers", "mqtt://‹address› answers"),
        ("at 14:02:11 and 14:02, 0x36, 1.2.3", "at 14:02:11 and 14:02, 0x36, 1.2.3"),
        ("10.0.0.7 and 127.0.0.1 and fe80::1", "‹address› and 127.0.0.1 and ‹address›"),
        ("/dev/i2c-1 and /home/x/ledger.sqlite and /home/x", "/dev/i2c-1 and …/ledger.sqlite and ‹path›"),
        ("Anna, ANNA, anna_nas; banana", "‹name 1›, ‹name 1›, ‹name 1›_nas; banana"),
        ("is 'online' or 'else'", "is 'online' or '…'"),
        ("must be true (got 'a (b)')", "must be true (got …)"),
        ("write to a.b@c.de", "write to ‹mail address›"),
    ],
)
def test_what_goes_and_what_stays(text: str, expected: str) -> None:
    """A line each."""
    assert expected == Redactor(["anna"], ["online", "ledger.sqlite"]).clean(text)


def test_the_command_prints_it_and_nothing_else() -> None:
    """On standard output, so that it can be piped; it goes not with --json."""
    done = CliRunner().invoke(cli, ["doctor", "--report", "--config", str(CONFIG), "--broker", "mqtt://127.0.0.1:1"])
    both = CliRunner().invoke(cli, ["doctor", "--report", "--json", "--config", str(CONFIG)])

    assert (1, "### upskeep doctor --report") == (done.exit_code, done.stdout.splitlines()[0])
    assert "read it before you send it: it is meant to name nobody" == done.stderr.strip()
    assert 2 == both.exit_code


def test_a_file_that_holds_what_differs_leaves_nothing_out(tmp_path: Path) -> None:
    """A key that it lacks has its shipped value."""
    (tmp_path / "suite.yaml").write_text("defaults: shipped\n")
    (tmp_path / "sensor_reader.yaml").write_text("speed: 7\n")
    shown = report(Patient(tmp_path, {}, SuiteSettings()), [])

    assert "sensor_reader.yaml: speed: 7" in shown
    assert "left out" not in shown
