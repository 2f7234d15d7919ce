"""What ``upskeep run`` costs a small machine while nothing happens: bytes written, wake-ups, processor time, memory.

A UPS at one reading a second: live hardware, as the NUT server of ``upsd`` shows it. A simulation would not do, for
it is exact to the frame and commits each one. The figures are the kernel's, of each process.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from statistics import median
from threading import Thread

from tools.bench.upsd import ON_MAINS, Upsd
from upskeep.runner import broker

INTERVAL_S = 1.0
TICKS = os.sysconf("SC_CLK_TCK")
WARM_S = 20.0
DAY_S = 86_400
ROUNDS = 5
DEADLINE_S = 120.0
PROC = Path("/proc")
COMMAND = (sys.executable, "-c", "from upskeep.cli import main; main()")
EVENT_LINE = re.compile(r"\d\d:\d\d:\d\dZ  (?!ALERT)")
Measure = Callable[[float, Path, Callable[[str], None]], None]


@dataclass(frozen=True, slots=True)
class Use:
    """What a process has used since its start; ``pss_mb`` is what it holds now, shared memory by its share."""

    written: int
    cpu_s: float
    wakeups: int
    pss_mb: float


@dataclass(frozen=True, slots=True)
class Calm:
    """A process over a calm span."""

    name: str
    written_mb_a_day: float
    cpu_percent: float
    wakeups_a_second: float
    pss_mb: float


@dataclass(frozen=True, slots=True)
class Span:
    """What the suite costs over a span, from its start to its first event, and the lines of events in the span."""

    rows: Sequence[Calm]
    first_s: float
    events: int

    @property
    def total(self) -> Calm:
        """Return the sum over all processes."""
        return Calm("all", *(sum(column) for column in zip(*(astuple(row)[1:] for row in self.rows), strict=True)))


def measure(seconds: float, folder: Path, say: Callable[[str], None]) -> None:
    """Print what the suite costs while nothing happens, and how long the commands of every day take."""
    found = calm(seconds, folder)
    say(f"{'process':<18}{'MB a day':>10}{'% of a core':>13}{'wake-ups/s':>12}{'PSS, MB':>9}")
    for row in [*found.rows, found.total]:
        used = f"{row.cpu_percent:>13.2f}{row.wakeups_a_second:>12.1f}{row.pss_mb:>9.1f}"
        say(f"{row.name:<18}{row.written_mb_a_day:>10,.0f}{used}")
    say(f"start to the first event: {found.first_s:.1f} s")
    say(f"upskeep check: {takes_s('check'):.2f} s, median of {ROUNDS}")


def calm(
    seconds: float,
    folder: Path,
    devices: int = 1,
    variables: Callable[[], Mapping[str, str]] = lambda: ON_MAINS,
) -> Span:
    """Run the suite over UPSes that are read once a second, and return what it costs over a span."""
    upsd = Upsd(variables)
    environ = {**os.environ, **upsd.environ(INTERVAL_S, devices), "UPSKEEP_GATEWAY__HTTP__PORT": "0"}
    place = ["--data", str(folder / "data"), "--port", str(broker_port())]
    began = time.monotonic()
    run = subprocess.Popen(  # noqa: S603 - our own command line
        [*COMMAND, "run", "--source", "i2c", *place],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        first_s = _first_event(run) - began
        lines = _Lines(run)
        time.sleep(WARM_S)
        before = lines.events
        rows = list(calm_span(run.pid, seconds))
        return Span(rows, first_s, lines.events - before)
    finally:
        run.send_signal(signal.SIGINT)
        run.wait(DEADLINE_S)
        upsd.close()


class _Lines:
    """Reads on what the suite prints; ``events`` are the lines of its events so far."""

    def __init__(self, run: subprocess.Popen[str]) -> None:
        self.events = 0
        self._run = run
        Thread(target=self._read, name="lines", daemon=True).start()

    def _read(self) -> None:
        for line in self._run.stdout or ():
            self.events += EVENT_LINE.match(line) is not None


def calm_span(root: int, seconds: float) -> Iterator[Calm]:
    """Yield the use of each process below ``root`` over a span; one that starts or ends within it is left out."""
    before, began = _uses(root), time.monotonic()
    time.sleep(seconds)
    after, span = _uses(root), time.monotonic() - began
    for pid, (name, use) in after.items():
        if pid in before:
            was = before[pid][1]
            yield Calm(
                name,
                (use.written - was.written) / span * DAY_S / 1e6,
                100 * (use.cpu_s - was.cpu_s) / span,
                (use.wakeups - was.wakeups) / span,
                use.pss_mb,
            )


def broker_port() -> int:
    """Return a free port."""
    with socket.socket() as probe:
        probe.bind((broker.HOST, 0))
        return int(probe.getsockname()[1])


def _first_event(run: subprocess.Popen[str]) -> float:
    assert run.stdout is not None  # noqa: S101 - it is a pipe
    for text in run.stdout:
        if "SYSTEM_STARTUP" in text:
            return time.monotonic()
    raise RuntimeError("the run ended before its first event")


def takes_s(*arguments: str) -> float:
    """Return how long a command of ours takes, the median of ``ROUNDS``."""
    times = []
    for _ in range(ROUNDS):
        began = time.monotonic()
        subprocess.run([*COMMAND, *arguments], check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own command line
        times.append(time.monotonic() - began)
    return median(times)


def _uses(root: int) -> Mapping[int, tuple[str, Use]]:
    parents = {int(entry.name): _parent(entry) for entry in PROC.iterdir() if entry.name.isdecimal()}
    found, grown = {root}, True
    while grown:
        below = {pid for pid, parent in parents.items() if parent in found}
        grown = not below <= found
        found |= below
    return {pid: (_name(pid, root), _use(PROC / str(pid))) for pid in sorted(found)}


def _parent(entry: Path) -> int:
    try:
        return int(entry.joinpath("stat").read_text().rsplit(")", 1)[1].split()[1])
    except OSError:
        return 0


def _name(pid: int, root: int) -> str:
    if pid == root:
        return "upskeep run"
    title = PROC.joinpath(str(pid), "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
    return title.removeprefix("upskeep: ").removeprefix("services.").partition(" -")[0].rpartition("/")[2]


def _use(entry: Path) -> Use:
    fields = entry.joinpath("stat").read_text().rsplit(")", 1)[1].split()
    io = dict(line.split(": ") for line in entry.joinpath("io").read_text().splitlines())
    switches = [
        int(line.split()[1])
        for task in (entry / "task").iterdir()
        for line in task.joinpath("status").read_text().splitlines()
        if line.startswith("voluntary_ctxt_switches")
    ]
    rollup = entry.joinpath("smaps_rollup").read_text().splitlines()
    pss = next(int(line.split()[1]) for line in rollup if line.startswith("Pss:"))
    return Use(int(io["write_bytes"]), (int(fields[11]) + int(fields[12])) / TICKS, sum(switches), pss / 1024)
