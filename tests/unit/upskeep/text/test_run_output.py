"""What a run prints where the journal of systemd takes it, and elsewhere."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import pytest

from shared.messages import Alert, AlertState, Event, Message, Severity
from upskeep.text.message_text import PLAIN
from upskeep.text.run_output import RunOutput

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def event(severity: Severity) -> Message:
    return Event(id="1", type="X", category="power", severity=severity, time=NOON, site="home", device="ups")


def alert(state: AlertState) -> Message:
    return Alert(
        rule="r", key="k", state=state, severity=Severity.CRITICAL, since=NOON, time=NOON,
        value=1, threshold=0, window_s=0, reason="over_limit", message="m",
    )  # fmt: skip


def name_the_output(monkeypatch: pytest.MonkeyPatch) -> None:
    """As systemd names this output. Call it in the test: in a fixture, output is another file."""
    named = os.fstat(1)
    monkeypatch.setenv("JOURNAL_STREAM", f"{named.st_dev}:{named.st_ino}")


@pytest.mark.parametrize(
    ("message", "priority"),
    [
        (event(Severity.INFO), 6),
        (event(Severity.WARNING), 4),
        (event(Severity.ERROR), 3),
        (event(Severity.CRITICAL), 2),
        (alert(AlertState.FIRING), 2),
        (alert(AlertState.RESOLVED), 6),
    ],
)
def test_the_journal_has_what_happens_by_its_severity(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], message: Message, priority: int
) -> None:
    """`journalctl -p warning` shows what a person should look at; an alert that is over is nothing to look at."""
    name_the_output(monkeypatch)
    RunOutput(PLAIN).show(message)

    assert capfd.readouterr().out.startswith(f"<{priority}>12:00:00Z  ")


def test_the_journal_has_what_the_runner_says(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Without its name, which the journal adds."""
    name_the_output(monkeypatch)
    out = RunOutput(PLAIN)
    out.say("broker: embedded")
    out.say("the broker is away", loud=True)

    assert "<6>broker: embedded\n<4>the broker is away\n" == capfd.readouterr().out


def test_elsewhere_no_line_has_a_priority(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe and a file of somebody whose session was started by systemd among them."""
    monkeypatch.setenv("JOURNAL_STREAM", "8:1")
    RunOutput(PLAIN).say("broker: embedded")

    assert "upskeep  broker: embedded\n" == capfd.readouterr().out


def test_who_wants_json_hears_nothing_else(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    """On neither stream."""
    out = RunOutput(PLAIN, silent=True)
    out.say("broker: embedded", loud=True)
    out.show(event(Severity.CRITICAL))

    assert ("", "") == capfd.readouterr()
