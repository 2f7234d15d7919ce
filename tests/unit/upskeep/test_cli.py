"""The command line: its help, its tables, and its complaints."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from shared.messages import Alert, AlertState, Counter, Event, Severity
from shared.settings import ConfigError
from tests.support.brokers import free_port
from upskeep.check import check_config
from upskeep.cli import Sections, cli
from upskeep.commands.options import so_many
from upskeep.text.message_text import alert_table, counter_table, line

CONFIG = Path(__file__).parents[3] / "config"
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
LATER = datetime(2026, 1, 31, 13, 30, 5, tzinfo=UTC)


def call(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments, env={"UPSKEEP_BROKER": None, "UPSKEEP_CONFIG": None})


def rendered(thing: object) -> list[str]:
    console = Console(file=StringIO(), soft_wrap=True, highlight=False, width=100, color_system=None)
    console.print(thing)
    return [row.rstrip() for row in console.file.getvalue().splitlines()]  # type: ignore[attr-defined]


def alert(rule: str, state: AlertState, severity: Severity, message: str) -> Alert:
    return Alert(
        rule=rule,
        key="I2C_ERROR",
        state=state,
        severity=severity,
        since=NOON,
        time=LATER,
        value=6,
        threshold=5,
        window_s=3600,
        reason="over_limit",
        message=message,
    )


@pytest.mark.parametrize("name", cli.commands)
def test_every_command_and_every_option_explains_itself(name: str) -> None:
    """--help says what it does, and each option what it is for."""
    command = cli.commands[name]
    shown = call(name, "--help")

    assert 0 == shown.exit_code
    assert " ".join((command.help or "?").split()) in " ".join(shown.output.split())
    options = [option for option in command.params if isinstance(option, click.Option)]
    assert [] == [option.name for option in options if not option.help]


def test_the_overview_lists_every_command() -> None:
    """And -h is the same as --help."""
    shown = call("-h")

    assert [] == [name for name in cli.commands if f"  {name} " not in shown.output]
    assert shown.output == call("--help").output


def test_the_counters_are_a_table_most_counted_first() -> None:
    """Whole, as it is printed."""
    counters = [
        Counter(type="BATTERY_LOW", total=2, last_hour=0, last_day=1, last_time=NOON, as_of=LATER),
        Counter(type="sensor.threshold.exceeded", total=1234, last_hour=12, last_day=40, last_time=LATER, as_of=LATER),
        Counter(type="AC_POWER_LOSS", total=2, last_hour=1, last_day=2, last_time=LATER, as_of=LATER),
    ]

    assert [
        "event                      total  last hour  last day  last time",
        "sensor.threshold.exceeded  1,234         12        40  2026-01-31 13:30:05Z",
        "AC_POWER_LOSS                  2          1         2  2026-01-31 13:30:05Z",
        "BATTERY_LOW                    2          0         1  2026-01-31 12:00:00Z",
    ] == rendered(counter_table(counters))


def test_the_alerts_are_a_table_firing_ones_first() -> None:
    """Whole, as it is printed."""
    alerts = [
        alert("daily_rate", AlertState.RESOLVED, Severity.CRITICAL, "over"),
        alert("hourly_rate", AlertState.FIRING, Severity.WARNING, "I2C_ERROR: 6 in an hour"),
    ]

    assert [
        "alert        key        state     severity  since                 what",
        "hourly_rate  I2C_ERROR  firing    warning   2026-01-31 12:00:00Z  I2C_ERROR: 6 in an hour",
        "daily_rate   I2C_ERROR  resolved  critical  2026-01-31 12:00:00Z  over",
    ] == rendered(alert_table(alerts))


def test_an_event_and_an_alert_are_a_line_each() -> None:
    """Long data is cut, and only its first entries are shown."""
    event = Event(
        id="1",
        type="BATTERY_LOW",
        category="power",
        severity=Severity.WARNING,
        time=NOON,
        site="home",
        device="ups",
        data={"battery_voltage": 3.55, "note": "x" * 100, **{f"more{n}": n for n in range(9)}},
    )

    expected = "12:00:00Z  BATTERY_LOW               warning   ups       battery_voltage=3.55  "
    assert [f"{expected}note={'x' * 39}…  more0=0  more1=1  more2=2  more3=3"] == rendered(line(event))
    assert ["13:30:05Z  ALERT FIRING  hourly_rate  too many"] == rendered(
        line(alert("hourly_rate", AlertState.FIRING, Severity.WARNING, "too many"))
    )


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        (("emit", "X", "--data", "{"), 2, "--data is not JSON"),
        (("emit", "X", "--data", "[1]"), 2, "--data must be a JSON object, as in '{\"value\": 3}' (got '[1]')"),
        (
            ("emit", "A B"),
            1,
            "upskeep: type: String should match pattern '^[A-Za-z0-9_\\-]+(\\.[A-Za-z0-9_\\-]+)*$' (got 'A B')",
        ),
        (("emit", "X", "--device", "a/b"), 1, "upskeep: device: String should match pattern"),
        (("counters", "--broker", "localhost"), 2, "--broker: must look like mqtt://host:1883 or mqtts://host:8883"),
        (
            ("alerts", "--broker", "mqtt://me:secret@host"),
            2,
            "--broker: must not hold a password; put it into a file and name that as password_file",
        ),
        (("stats", "--broker", "mqtt://host:99999"), 2, "--broker: must name a port from 1 to 65535, or none for the"),
        (("stats", "--broker", "mqtt://host:x"), 2, "--broker: must name a port from 1 to 65535, or none for the"),
        (("stats", "--user", "me", "--password-file", "/nowhere/pw"), 2, "--password-file: /nowhere/pw is not a file"),
        (("check", "--config", "/nowhere"), 2, "/nowhere/suite.yaml: no such file"),
        (("history", "--severity", "bad"), 2, "'bad' is not one of 'info', 'warning', 'error', 'critical'"),
        (
            ("export", "history", "/nowhere/h.csv"),
            2,
            "/nowhere/h.csv: there is no folder /nowhere; make it first",
        ),
        (
            ("report", "--out", "/nowhere/r.html"),
            2,
            "/nowhere/r.html: there is no folder /nowhere; make it first",
        ),
        (
            ("analyze", "anomalies", "--days", "5"),
            2,
            "anomalies does not go by --days; it takes --",
        ),
        (("analyze", "performance", "--as-of", "7d"), 2, "performance does not go by --as-of; it takes no choice"),
        (("analyze", "anomalies", "--hours", "500"), 2, "--hours: Input should be less than or equal to 168"),
        (
            ("history", "--since", "2026-02-02", "--until", "2026-02-01"),
            2,
            "Error: since 2026-02-02T00:00:00+00:00",
        ),
        (
            ("history", "--related", "7", "--device", "ups"),
            2,
            "--related prints everything around an event",
        ),
        (("stats", "A B"), 2, "--type: String should match pattern"),
        (("export", "counters", "c.csv", "--device", "ups"), 2, "counters does not go by --device; it takes --type"),
        (
            ("export", "statistics", "c.csv", "--since", "1d"),
            2,
            "statistics does not go by --since; it takes",
        ),
        (
            ("export", "history", "c.csv", "--days", "3"),
            2,
            "history does not go by --days; it takes --type",
        ),
        (("export", "all", "c.json", "--type", "X"), 2, "all does not go by --type; it takes no choice"),
        (("export", "history", "-", "--format", "csv"), 2, "- is not a regular file; name one"),
        (("replay", "--verify", "--device", "ups"), 2, "--verify goes by --type, --since and --until alone"),
        (
            ("replay", "--verify", "--frames", __file__, "--since", "1d"),
            2,
            "--verify goes by --type alone",
        ),
        (("backtest", "no-such-file.csv"), 2, "'no-such-file.csv' does not exist"),
    ],
)
def test_a_mistake_is_answered_in_a_sentence(arguments: tuple[str, ...], code: int, complaint: str) -> None:
    """The exit code tells a wrong configuration (2) from a failure (1); no traceback, no secret."""
    result = call(*arguments)

    assert complaint in result.stderr
    assert code == result.exit_code
    assert isinstance(result.exception, SystemExit)
    assert "secret" not in result.stderr


def test_a_command_that_is_interrupted_ends_with_the_code_of_the_pages() -> None:
    """130, and not the 1 of what could not be done."""
    commands = Sections()

    @commands.command()
    def wait() -> None:
        raise KeyboardInterrupt

    assert 130 == CliRunner().invoke(commands, ["wait"]).exit_code


def test_where_nothing_can_be_printed_it_is_said_in_a_sentence() -> None:
    """A full disk behind a `>`: exit code 1, no traceback."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", "from upskeep.cli import main; main()", "--help"],
            check=False, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60,
        )  # fmt: skip

    assert 1 == done.returncode
    assert "upskeep: what is printed cannot be written: No space left on device\n" == done.stderr


def test_a_port_is_refused_where_the_environment_names_a_broker_that_runs() -> None:
    """The suite would wait for that one, and the port be passed over."""
    environ = {"UPSKEEP_BROKER": "mqtt://host", "UPSKEEP_CONFIG": "/nowhere"}

    result = CliRunner().invoke(cli, ["run", "--port", "1884"], env=environ)
    ours = CliRunner().invoke(cli, ["run", "--port", "1884", "--broker", "auto"], env=environ)

    assert (2, True) == (
        result.exit_code,
        "and UPSKEEP_BROKER names mqtt://host;" in result.stderr,
    )
    assert (2, True) == (ours.exit_code, "/nowhere/suite.yaml: no such file" in ours.stderr)


def test_what_is_counted_is_worded_as_one_or_as_many() -> None:
    """None are many."""
    assert ["0 events", "1 event", "1,205 events"] == [so_many(count, "event") for count in (0, 1, 1205)]


def test_severities_are_taken_in_any_case(monkeypatch: pytest.MonkeyPatch) -> None:
    """As config/event_counters.yaml has them, too: it is the broker that is missing here."""
    monkeypatch.setattr("shared.client.connect.CONNECT_S", 0.5)

    result = call("history", "--severity", "WARNING", "--broker", f"mqtt://127.0.0.1:{free_port()}")

    assert (1, True) == (result.exit_code, "no broker at" in result.stderr)


@pytest.mark.parametrize("arguments", [("export", "--force", "history"), ("report", "--out")])
def test_a_pipe_or_a_device_is_not_written_over(arguments: tuple[str, ...], tmp_path: Path) -> None:
    """Root who writes to /dev/stdout would else leave the machine without one; nobody is asked first."""
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)

    result = call(*arguments, str(pipe), "--broker", f"mqtt://127.0.0.1:{free_port()}")

    assert (2, True) == (result.exit_code, f"{pipe} is not a regular file; name one" in result.stderr)
    assert pipe.is_fifo()


@pytest.mark.parametrize("command", ["counters", "alerts", "tail", "emit"])
def test_without_a_broker_it_is_said_which_one_is_missing(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence, exit 1."""
    monkeypatch.setattr("shared.client.connect.CONNECT_S", 0.5)
    port = free_port()
    extra = ("BATTERY_LOW",) if command == "emit" else ()

    result = call(command, "--broker", f"mqtt://127.0.0.1:{port}", *extra)

    assert 1 == result.exit_code
    advice = "is the suite running? `make run` starts it, --broker names another"
    assert f"upskeep: no broker at 127.0.0.1:{port}: Connection refused; {advice}\n" == result.stderr


@pytest.mark.parametrize(
    ("more", "code", "complaint"),
    [
        (
            ("--timezone", "Mars/Phobos"),
            1,
            "--timezone: 'Mars/Phobos' is no time zone; write UTC, or as in Europe/Berl",
        ),
        (("--timezone", "../x"), 1, "--timezone: '../x' is no time zone"),
        (("--config", "/nowhere"), 2, "/nowhere/events.yaml: no such file"),
    ],
)
def test_an_import_of_the_seed_s_counters_needs_its_zone_and_the_catalogue(
    more: tuple[str, ...], code: int, complaint: str, tmp_path: Path
) -> None:
    """A zone that nobody knows, or no catalogue to say of what category they are, and nothing is counted."""
    path = tmp_path / "event_counters.json"
    path.write_text('{"counters": {"AC_POWER_LOSS": 1}, "last_updated": "2025-03-01T10:00:00"}')

    result = call("import", str(path), *more)

    assert (code, True) == (result.exit_code, complaint in result.stderr), result.output
    assert isinstance(result.exception, SystemExit)


def test_a_backtest_of_what_is_no_recording_is_explained(tmp_path: Path) -> None:
    """Which file, which line, what was found."""
    path = tmp_path / "notes.csv"
    path.write_text("when,what\n")

    result = call("backtest", str(path))

    assert 2 == result.exit_code
    assert f"recording: {path}:1: no column 'time' (found: when, what)" in result.stderr


def test_a_fault_that_several_services_find_is_named_once(tmp_path: Path) -> None:
    """Three services read the sentences of events.yaml."""
    shutil.copytree(CONFIG, tmp_path / "config")
    file = tmp_path / "config" / "events.yaml"
    row = '  MINE: {category: safety, severity: info, description: Mine, sentence: "a {"}'
    file.write_text(file.read_text(encoding="utf-8").replace("events:\n", f"events:\n{row}\n", 1), encoding="utf-8")

    with pytest.raises(ConfigError) as caught:
        check_config(tmp_path / "config", {})
    assert 1 == len(caught.value.faults)
