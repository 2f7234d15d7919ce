"""Programs run in order, are ended at their deadline with all they started, and are heard."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.host_agent.adapters.programs import Ended, Program, Programs
from tests.support.waiting import until


def python(code: str, timeout_s: float = 60.0) -> Program:
    return Program((sys.executable, "-c", code), timeout_s)


@pytest.fixture
def programs() -> Iterator[Programs]:
    running = Programs()
    yield running
    running.close()


def over(programs: Programs) -> list[Ended]:
    """Poll until a job is over."""
    return list(until(lambda: programs.poll(time.monotonic()), "a job is over"))


def test_programs_of_a_job_run_one_after_the_other(programs: Programs, tmp_path: Path) -> None:
    """With the environment they were given."""
    note = tmp_path / "note"
    write = f"import os; f = open({str(note)!r}, 'a'); f.write(os.environ['WHY'] + '%d;')"
    programs.start("hooks", [python(write.replace("%d", "1")), python(write.replace("%d", "2"))], {"WHY": "x"})
    assert [Ended("hooks", well=True)] == over(programs)
    assert ("x1;x2;", False) == (note.read_text(), programs.busy)


def test_a_job_of_nothing_is_over_at_once(programs: Programs) -> None:
    """And well."""
    programs.start("hooks", [], {})
    assert [Ended("hooks", well=True)] == programs.poll(0)


@pytest.mark.parametrize("first", [python("import sys; sys.exit(3)"), Program(("/no/such/program",), 5)])
def test_one_that_fails_does_not_keep_the_next_from_running(programs: Programs, tmp_path: Path, first: Program) -> None:
    """The job as a whole did not go well."""
    note = tmp_path / "note"
    programs.start("hooks", [first, python(f"open({str(note)!r}, 'w')")], {})
    assert [Ended("hooks", well=False)] == over(programs)
    assert note.exists()


def test_a_program_past_its_deadline_is_asked_to_end(programs: Programs, caplog: pytest.LogCaptureFixture) -> None:
    """What it said until then is in the log."""
    caplog.set_level(logging.INFO)
    programs.start("hooks", [Program(("sh", "-c", "echo said; exec sleep 600"), 1.0)], {})
    assert [Ended("hooks", well=False)] == over(programs)
    assert ["  said"] == [r.message for r in caplog.records if r.message.startswith("  ")]
    assert any("takes too long" in record.message for record in caplog.records)


def test_a_program_that_will_not_listen_is_killed(programs: Programs) -> None:
    """Two seconds later."""
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
    programs.start("hooks", [python(deaf, 1.0)], {})
    assert [Ended("hooks", well=False)] == over(programs)


def test_of_a_long_output_the_end_is_kept(programs: Programs, caplog: pytest.LogCaptureFixture) -> None:
    """The last 4000 bytes."""
    caplog.set_level(logging.INFO)
    programs.start("hooks", [python("print('a' * 10000 + 'z')")], {})
    over(programs)
    told = [record.message.strip() for record in caplog.records if record.message.startswith("  ")]
    assert ["a" * 3998 + "z"] == told


def test_a_job_begun_again_ends_the_one_that_runs(programs: Programs) -> None:
    """There is one of a name."""
    programs.start("warn", [python("import time; time.sleep(600)")], {})
    programs.poll(time.monotonic())
    programs.start("warn", [], {})
    assert [Ended("warn", well=True)] == programs.poll(time.monotonic())


def test_a_job_that_is_spared_runs_on(programs: Programs, tmp_path: Path) -> None:
    """The command that powers off outlives the agent."""
    note = tmp_path / "note"
    programs.start("action", [python(f"import time; time.sleep(0.5); open({str(note)!r}, 'w')")], {})
    programs.poll(time.monotonic())
    process = programs.jobs["action"].process
    assert process is not None
    programs.close(spare="action")
    assert 0 == process.wait(60)
    assert note.exists()
