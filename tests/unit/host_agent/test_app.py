"""The agent as a process of its own, and as one of the suite's."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.support import processes
from upskeep.runner.run import services_of
from upskeep.runner.supervisor import SERVICES, Supervisor

ROOT = Path(__file__).parents[3]


def run(tmp_path: Path, *flags: str, **environ: str) -> tuple[int, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("UPSKEEP_")}
    mine = {"UPSKEEP_CONFIG": str(ROOT / "config"), "UPSKEEP_SUITE__DATA": str(tmp_path / "data"), **environ}
    command = [sys.executable, "-m", "services.host_agent", *flags]
    done = processes.run(command, cwd=ROOT, env=kept | mine, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stderr


def test_check_reads_the_configuration_and_starts_nothing(tmp_path: Path) -> None:
    """As the page says it."""
    assert (0, f"host_agent: the configuration in {ROOT / 'config'} is good\n") == run(tmp_path, "--check")
    assert not (tmp_path / "data").exists()


def test_in_earnest_without_its_program_it_does_not_start(tmp_path: Path) -> None:
    """Exit code 2, and systemd does not try again."""
    environ = {"UPSKEEP_HOST_AGENT__DRY_RUN": "false", "UPSKEEP_HOST_AGENT__ACTION__RUN": "[no-such-program]"}
    code, said = run(tmp_path, **environ)
    assert (2, True) == (code, "action.run: there is no program 'no-such-program' to run here" in said)


def test_health_is_asked_by_the_hosts_own_name(tmp_path: Path) -> None:
    """Two agents of one machine's tests, or of one site, are two services."""
    asked = run(tmp_path, "--healthy", UPSKEEP_HOST_AGENT__NAME="nas")
    assert (1, "host_agent-nas: not connected yet, or not running\n") == asked


@pytest.mark.parametrize(("text", "more"), [("", ()), ("enabled: true\n", ("host_agent",))])
def test_the_suite_runs_it_where_it_is_enabled(tmp_path: Path, text: str, more: tuple[str, ...]) -> None:
    """It stands after the pipeline; the gateway as shipped is the last."""
    config = shutil.copytree(ROOT / "config", tmp_path / "config")
    (config / "host_agent.yaml").write_text(text)
    names = services_of(config, os.environ)
    assert (*SERVICES, *more, "gateway") == names
    assert list(names) == list(Supervisor({}, tmp_path, print, names).children)
