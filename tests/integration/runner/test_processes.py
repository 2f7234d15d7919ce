"""What tests start by fork is what they would have started by executing it (ADR 0042)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import processes
from tests.support.brokers import free_port

ROOT = Path(__file__).resolve().parents[3]
ALERTER = [sys.executable, "-m", "services.alerter"]
UPSKEEP = [sys.executable, "-c", processes.UPSKEEP]


@pytest.mark.parametrize(
    "command",
    [
        [*ALERTER, "--nonsense"],
        [*UPSKEEP, "--help"],
        [*UPSKEEP, "check", "--config", "/nowhere"],
        [str(Path(sys.executable).with_name("upskeep")), "run", "--speed", "fast"],
    ],
    ids=lambda command: " ".join(command[1:]),
)
def test_it_prints_the_same_and_ends_with_the_same_code(command: list[str], tmp_path: Path) -> None:
    environ = os.environ | {"UPSKEEP_CONFIG": str(ROOT / "config"), "COLUMNS": "90"}
    forked, executed = (
        start(command, cwd=tmp_path, env=environ, capture_output=True, text=True)
        for start in (processes.run, subprocess.run)
    )

    assert (executed.returncode, executed.stdout, executed.stderr) == (forked.returncode, forked.stdout, forked.stderr)


def test_it_is_a_child_of_ours_that_can_be_killed(tmp_path: Path) -> None:
    """By its own number, and it says by which signal it ended; nobody else waits for it."""
    environ = os.environ | {"UPSKEEP_CONFIG": str(ROOT / "config"), "UPSKEEP_SUITE__DATA": str(tmp_path)}
    environ["UPSKEEP_SUITE__BROKER__URL"] = "mqtt://127.0.0.1:9"
    with processes.Popen(ALERTER, env=environ, cwd=tmp_path, stderr=subprocess.PIPE, start_new_session=True) as alerter:
        assert alerter.stderr is not None
        assert b"not connected" in alerter.stderr.readline()
        parent = Path(f"/proc/{alerter.pid}/stat").read_text().rpartition(")")[2].split()[1]
        assert (os.getpid(), alerter.pid) == (int(parent), os.getsid(alerter.pid))
        assert b"-m services.alerter" in Path(f"/proc/{alerter.pid}/cmdline").read_bytes()
        assert tmp_path == Path(f"/proc/{alerter.pid}/cwd").readlink()
        os.kill(alerter.pid, signal.SIGKILL)
    assert -signal.SIGKILL == alerter.returncode


def test_what_is_none_of_our_programs_is_executed(tmp_path: Path) -> None:
    """And so is what wants another interpreter than the parent has."""
    assert "7\n" == processes.run([sys.executable, "-c", "print(7)"], capture_output=True, text=True).stdout

    environ = os.environ | {"PYTHONPATH": str(tmp_path)}
    (tmp_path / "services").mkdir()
    (tmp_path / "services" / "alerter.py").write_text("print('another')\n")
    (tmp_path / "services" / "__init__.py").touch()
    done = processes.run(ALERTER, cwd=tmp_path, env=environ, capture_output=True, text=True)
    assert ("another\n", "") == (done.stdout, done.stderr)


def test_a_shell_gets_a_program_that_ends_as_the_forked_one_does(tmp_path: Path) -> None:
    """With its exit code, its output, the folder and the environment of the shell; a signal goes through."""
    program = processes.upskeep_of_a_shell(tmp_path)
    environ = os.environ | {"UPSKEEP_GATEWAY__ENABLED": "false", "PORT": str(free_port()), "UPSKEEP": str(program)}
    script = """
        "$UPSKEEP" check --config nowhere; echo "ended with $?"
        "$UPSKEEP" run --config "$1" --data data --port $PORT --source sim:outage >log 2>&1 &
        until grep -q online log; do sleep 0.05; done
        kill $!; wait $!; echo "ended with $?"; tail -n 1 log
    """
    command = ["bash", "-c", script, "bash", str(ROOT / "config")]
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=240, check=False)

    assert ["ended with 2", "ended with 0", "upskeep  stopping"] == done.stdout.splitlines()
    assert "nowhere" in done.stderr
