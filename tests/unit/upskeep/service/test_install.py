"""What ``upskeep install`` would do, step by step, and what it says of what is there."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from upskeep.cli import cli
from upskeep.service.state import read
from upskeep.service.steps import UNIT_FOLDER, Put, Run, StepError, install, uninstall
from upskeep.service.units import AGENT, BACKUP, SUITE, TIMER, UNITS, unit_text, why_not

PROGRAMS = Path("/opt/pipx/venvs/upskeep/bin")
SHOWN = """\
Id=upskeep.service
LoadState=loaded
ActiveState=active
SubState=running
UnitFileState=enabled
StatusText=5 services are online
NRestarts=2

Id=upskeep-host-agent.service
LoadState=not-found
ActiveState=inactive
SubState=dead
UnitFileState=
"""


def test_units_start_the_program_where_it_lies() -> None:
    """And nothing of the place that they were written for is left."""
    for name in UNITS:
        assert "/opt/upskeep/" not in unit_text(name, PROGRAMS)
    assert f"ExecStart={PROGRAMS}/upskeep run" in unit_text(SUITE, PROGRAMS)
    assert "ExecStart=/a\\x20b/python" in unit_text(AGENT, Path("/a b"))


def test_a_program_in_somebodys_home_is_refused_with_a_remedy(tmp_path: Path) -> None:
    """ProtectHome would hide it from the unit."""
    assert "Install it for the machine" in (why_not(Path("/home/me/.local/bin")) or "")
    assert "there is no program" in (why_not(tmp_path) or "")
    (tmp_path / "upskeep").touch()
    assert why_not(tmp_path) is None


def test_it_makes_user_folders_and_units_and_starts_what_was_asked_for() -> None:
    """In an order in which each step finds what it needs."""
    steps = [str(step) for step in install(PROGRAMS, agent=True, backup=True, start=True, users=["root"])]

    user = next(number for number, step in enumerate(steps) if step.startswith("useradd"))
    owned = next(number for number, step in enumerate(steps) if "-o upskeep" in step)
    units = [steps.index(f"write {UNIT_FOLDER / name}") for name in UNITS]
    reload = steps.index("systemctl daemon-reload")
    assert user < owned < min(units) < max(units) < reload
    assert [f"systemctl {verb} {SUITE} {TIMER} {AGENT}" for verb in ("enable", "restart")] == steps[-2:]


def test_a_second_time_the_user_is_there_and_what_is_not_wanted_is_not_started() -> None:
    """So that it can be run after each upgrade."""
    steps = [str(step) for step in install(PROGRAMS, agent=False, backup=False, start=False, users=["upskeep"])]

    assert f"systemctl enable {SUITE}" == steps[-1]
    assert not any(step.startswith("useradd") for step in steps)


def test_uninstalling_touches_no_data() -> None:
    """Units and the rule go; folders and user stay."""
    steps = [str(step) for step in uninstall()]
    assert not any(place in step for step in steps for place in ("/var/", "/etc/upskeep", "userdel"))
    assert {f"remove {UNIT_FOLDER / name}" for name in (SUITE, AGENT, BACKUP, TIMER)} <= {*steps}


def test_a_step_that_fails_says_which_and_why(tmp_path: Path) -> None:
    """The command and what it printed; the file and the reason."""
    with pytest.raises(StepError, match=r"^ls /nonexistent: .*No such file"):
        Run(("ls", "/nonexistent")).do()
    with pytest.raises(StepError, match=r"^nonexistent: "):
        Run(("nonexistent",)).do()
    Run(("false",), or_else=True).do()
    (tmp_path / "file").touch()
    with pytest.raises(StepError, match=r"^write .*/file/unit: "):
        Put(tmp_path / "file" / "unit", "").do()
    Put(tmp_path / "folder" / "unit", "text").do()
    assert "text" == (tmp_path / "folder" / "unit").read_text()


def test_the_state_of_units_is_read_as_systemd_shows_it() -> None:
    """What is not installed is nothing to worry about, unless it is the suite."""
    suite, agent = read(SHOWN)

    assert "upskeep.service             active    at boot      5 services are online, restarted 2 times" == str(suite)
    assert "upskeep-host-agent.service  not installed" == str(agent)
    assert (True, True) == (suite.is_well, agent.is_well)
    (dead,) = read("Id=upskeep.service\nLoadState=not-found\nActiveState=inactive\n")
    assert not dead.is_well


def test_a_dry_run_prints_each_step_and_needs_no_root() -> None:
    """Whatever this machine is."""
    done = CliRunner().invoke(cli, ["install", "--dry-run", "--host-agent"])
    assert (0, True) == (done.exit_code, "write /etc/systemd/system/upskeep.service" in done.output)
    done = CliRunner().invoke(cli, ["uninstall", "--dry-run"])
    assert (0, True) == (done.exit_code, "remove /etc/systemd/system/upskeep.service" in done.output)
