"""How long a service that died waits for its restart, and where its code comes from."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from shared.process import EXIT_NEWER_LEDGER
from upskeep.runner.service_process import service_command
from upskeep.runner.supervisor import RESTART_S, STEADY_S, Child, NewerLedgerError, Supervisor, restart_pause_s


@pytest.mark.parametrize(
    ("failures", "pause_s"), [(1, RESTART_S[0]), (2, RESTART_S[1]), (6, RESTART_S[-1]), (99, RESTART_S[-1])]
)
def test_the_pause_grows_with_the_failures(failures: int, pause_s: float) -> None:
    assert pause_s == restart_pause_s(failures)


@pytest.mark.parametrize(("ran_s", "failures", "pause_s"), [(STEADY_S + 1, 5, RESTART_S[0]), (1.0, 1, RESTART_S[1])])
def test_a_steady_service_that_dies_once_starts_again_at_once(
    tmp_path: Path, ran_s: float, failures: int, pause_s: float
) -> None:
    """However often it failed before that; one that is not steady waits longer each time."""
    said: list[str] = []
    supervisor = Supervisor({}, tmp_path, said.append, ("alerter",))
    with subprocess.Popen(["true"]) as process:
        process.wait()
        child = Child("alerter", process, time.monotonic() - ran_s, failures)
        supervisor.children["alerter"] = child
        supervisor.watch()

    assert pause_s == pytest.approx(child.due - time.monotonic(), abs=0.5)
    assert [f"alerter ended (exit code 0); it starts again in {pause_s:g} s"] == said


def test_a_folder_of_the_same_name_in_the_working_directory_is_not_imported(tmp_path: Path) -> None:
    """People keep things in folders called shared, and files called click.py."""
    for name in ("shared", "services"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise SystemExit('the wrong one')\n", encoding="utf-8")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("UPSKEEP_", "PYTHON"))}
    environ["UPSKEEP_CONFIG"] = str(tmp_path / "no config")

    ours = subprocess.run(
        service_command("alerter"), cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
    )
    unsafe = [part for part in service_command("alerter") if part != "-P"]
    theirs = subprocess.run(unsafe, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)

    assert (2, True) == (ours.returncode, "no such file; copy it from the project's config folder" in ours.stderr)
    assert "the wrong one" in theirs.stderr  # what is prevented


def test_a_ledger_of_a_newer_version_ends_the_run(tmp_path: Path) -> None:
    """As after going back a version: it would be refused at each start again, and the others would wait for it."""
    (tmp_path / "counter_store.log").write_text("12:00:00 CRITICAL counter_store: /data: Upskeep 9 wrote this ledger\n")
    supervisor = Supervisor({}, tmp_path, print, ("counter_store",))
    with subprocess.Popen(["sh", "-c", f"exit {EXIT_NEWER_LEDGER}"]) as process:
        process.wait()
        supervisor.children["counter_store"] = Child("counter_store", process, time.monotonic())
        with pytest.raises(NewerLedgerError, match=r"^counter_store: /data: Upskeep 9 wrote this ledger$"):
            supervisor.watch()
