"""A service as a process: its flags, its exit codes, its signals."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import processes
from tests.support.brokers import free_port

ROOT = Path(__file__).parents[3]
COMMAND = [sys.executable, "-m", "services.alerter"]


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """Data and signs of health in a folder of the test's own; a broker that is not there."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("UPSKEEP_")}
    return kept | {
        "TMPDIR": str(tmp_path),
        "UPSKEEP_CONFIG": str(ROOT / "config"),
        "UPSKEEP_SUITE__DATA": str(tmp_path / "data"),
        "UPSKEEP_SUITE__BROKER__URL": f"mqtt://127.0.0.1:{free_port()}",
    }


def run(environ: dict[str, str], *flags: str) -> tuple[int, str]:
    done = processes.run(
        [*COMMAND, *flags], env=environ, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )
    assert "" == done.stdout
    return done.returncode, done.stderr


def stopped_by(environ: dict[str, str], act: Callable[[subprocess.Popen[str]], None]) -> tuple[int, str]:
    """Start the service, wait until it looks for its broker, act; returns exit code and the rest of its log."""
    with processes.Popen(COMMAND, env=environ, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        first = process.stderr.readline()
        assert re.search(r"WARNING +alerter: not connected: no broker at 127\.0\.0\.1:\d+: ", first), first
        act(process)
        _, rest = process.communicate(timeout=30)
    return process.returncode, rest


def test_check_reads_the_configuration_and_starts_nothing(environ: dict[str, str], tmp_path: Path) -> None:
    """Exit 0, no data folder."""
    assert (0, f"alerter: the configuration in {ROOT / 'config'} is good\n") == run(environ, "--check")
    assert not (tmp_path / "data").exists()


def test_a_wrong_configuration_is_exit_2(environ: dict[str, str]) -> None:
    """With every fault, from file and environment; with and without --check."""
    wrong = environ | {"UPSKEEP_SUITE__SITE": "a/b", "UPSKEEP_SUITE__DELIVERY__WINDOW": "wide"}

    code, said = run(wrong)

    assert 2 == code
    assert said.startswith("alerter: the configuration cannot be used:\nUPSKEEP_SUITE__SITE: site: String should match")
    assert "UPSKEEP_SUITE__DELIVERY__WINDOW: delivery.window: Input should be a valid integer" in said
    assert (code, said) == run(wrong, "--check")


def test_a_service_that_does_not_run_is_not_healthy(environ: dict[str, str]) -> None:
    """Exit 1, and why."""
    assert (1, "alerter: not connected yet, or not running\n") == run(environ, "--healthy")


def test_what_a_service_writes_is_closed_to_other_users(environ: dict[str, str], tmp_path: Path) -> None:
    """Ledger and folder, also where an earlier version left the folder open."""
    folder = tmp_path / "data" / "alerter"
    folder.mkdir(parents=True)
    folder.chmod(0o755)

    stopped_by(environ, lambda process: process.send_signal(signal.SIGTERM))

    modes = {path.name: path.stat().st_mode & 0o777 for path in (folder, *folder.iterdir())}
    assert {"alerter", "ledger.sqlite"} <= set(modes)
    assert {} == {name: oct(mode) for name, mode in modes.items() if mode & 0o007}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_cleanly_even_without_a_broker(environ: dict[str, str], number: signal.Signals) -> None:
    """Exit 0, nothing to complain of."""
    code, rest = stopped_by(environ, lambda process: process.send_signal(number))

    assert 0 == code
    assert "Traceback" not in rest


def test_a_ledger_that_cannot_be_opened_is_exit_74(environ: dict[str, str], tmp_path: Path) -> None:
    """It names the file and says what to do."""
    (tmp_path / "data").write_text("a file where the folder should be")

    code, said = run(environ)

    assert 74 == code
    assert f"CRITICAL alerter: [Errno 20] Not a directory: '{tmp_path}/data/alerter'" in said or (
        f"CRITICAL alerter: {tmp_path}/data/alerter/ledger.sqlite: " in said
    )
    assert "Traceback" not in said


def test_the_collector_leaves_alone_what_a_service_was_set_up_with(environ: dict[str, str]) -> None:
    """Nearly everything that is there before the loop; a search through all of it stops the service for 100 ms."""
    asks = (
        "import gc, shared.process as process\n"
        "process._loop = lambda *_: print(len(gc.get_objects()), gc.get_freeze_count())\n"
        "from services.alerter.app import run\n"
        "run()"
    )

    done = processes.run(
        [sys.executable, "-c", asks], env=environ, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )

    searched, left_alone = map(int, done.stdout.split())
    assert (True, True) == (left_alone > 20_000, searched < left_alone // 50), done.stdout
