"""Programs run for a shutdown: one after the other within a job, each with a deadline, without blocking.

Rules:
1. A program has a process group of its own. At its deadline the group gets SIGTERM, and ``KILL_AFTER_S`` later SIGKILL.
2. Its output goes to the log when it has ended, at most the last ``OUTPUT_BYTES``.
3. If a program fails, cannot be started or is ended, the next one of its job still runs.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO

log = logging.getLogger(__name__)

KILL_AFTER_S = 2.0
OUTPUT_BYTES = 4000


@dataclass(frozen=True, slots=True)
class Program:
    """A command line, and how long it may take."""

    words: tuple[str, ...]
    timeout_s: float


@dataclass(frozen=True, slots=True)
class Ended:
    """A job is over; ``well``: every program of it ended with exit code 0."""

    job: str
    well: bool


@dataclass(slots=True)
class _Job:
    waiting: list[Program]
    environ: Mapping[str, str]
    well: bool = True
    process: subprocess.Popen[bytes] | None = None
    output: IO[bytes] | None = None
    program: Program | None = None
    deadline_s: float = 0.0
    asked_to_end: bool = False


@dataclass(slots=True)
class Programs:
    """All running jobs, by name."""

    jobs: dict[str, _Job] = field(default_factory=dict)

    @property
    def busy(self) -> bool:
        """Whether something runs."""
        return bool(self.jobs)

    def start(self, job: str, programs: Sequence[Program], environ: Mapping[str, str]) -> None:
        """Begin a job; ``environ`` is added to this process's. A running job of that name is ended first."""
        self.end(job)
        self.jobs[job] = _Job(list(programs), {**os.environ, **environ})

    def end(self, job: str) -> None:
        """End a job at once, with all processes of its group."""
        running = self.jobs.pop(job, None)
        if running is not None and running.process is not None:
            _signal(running.process, signal.SIGKILL)
            running.process.wait()
            _report(running, "was ended: it is no longer wanted")

    def close(self, spare: str = "") -> None:
        """End every job but ``spare``, which continues without this process."""
        spared = self.jobs.pop(spare, None)
        if spared is not None and spared.output is not None:
            spared.output.close()
        for job in list(self.jobs):
            self.end(job)

    def poll(self, now_s: float) -> list[Ended]:
        """Start what is next, end what is past its deadline, and return the jobs that are over."""
        over = [name for name, job in self.jobs.items() if _advance(name, job, now_s)]
        return [Ended(name, self.jobs.pop(name).well) for name in over]


def _advance(name: str, job: _Job, now_s: float) -> bool:
    """Advance a job; return whether it is over."""
    while True:
        if job.process is None:
            if not job.waiting:
                return True
            _start(name, job, job.waiting.pop(0), now_s)
        elif (code := job.process.poll()) is not None:
            if job.asked_to_end:
                _signal(job.process, signal.SIGKILL)  # what of its group would not listen
            job.well = job.well and code == 0 and not job.asked_to_end
            _report(job, f"ended (signal {-code})" if code < 0 else f"ended with exit code {code}")
            job.process = None
        else:
            _watch(job, job.process, now_s)
            return False


def _start(name: str, job: _Job, program: Program, now_s: float) -> None:
    job.program, job.asked_to_end, job.deadline_s = program, False, now_s + program.timeout_s
    job.output = None
    with suppress(OSError):  # a full disk: it runs without its output
        job.output = tempfile.TemporaryFile()  # noqa: SIM115 - closed when its text is in the log
    try:
        job.process = subprocess.Popen(  # noqa: S603 - the words are the configuration's
            program.words,
            env=job.environ,
            stdin=subprocess.DEVNULL,
            stdout=job.output or subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        job.well = False
        _report(job, f"cannot be started: {error}")
    else:
        log.info("%s: %s runs, for %g s at most", name, " ".join(program.words), program.timeout_s)


def _watch(job: _Job, process: subprocess.Popen[bytes], now_s: float) -> None:
    if now_s >= job.deadline_s + KILL_AFTER_S and job.asked_to_end:
        _signal(process, signal.SIGKILL)
    elif now_s >= job.deadline_s and not job.asked_to_end:
        job.asked_to_end = True
        log.warning("%s takes too long; it is asked to end", " ".join(process.args))  # type: ignore[arg-type]
        _signal(process, signal.SIGTERM)


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Signal the process's whole group; it may be gone already."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _report(job: _Job, how: str) -> None:
    words = " ".join(job.program.words) if job.program else "?"
    log.info("%s %s", words, how)
    if job.output is None:
        return
    with job.output as output:
        size = output.seek(0, os.SEEK_END)
        output.seek(max(0, size - OUTPUT_BYTES))
        for line in output.read().decode("utf-8", "replace").splitlines():
            log.info("  %s", line)
    job.output = None
