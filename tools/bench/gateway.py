"""The cost of the gateway: first byte and first paint, its cost without clients, and with fifty consoles.

Everything is of ``upskeep run`` on this machine. The consoles are those of ``tools.bench.consoles``; Debian's Chromium
paints the pages. What the consoles change for the pipeline is measured in turns, without and with them, for a machine
that does other work does it to both.
"""

from __future__ import annotations

import http.client
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import pairwise
from pathlib import Path
from statistics import median, quantiles
from urllib.parse import urlsplit

from tools.bench.calm import DEADLINE_S, WARM_S, Calm, broker_port, calm_span
from tools.bench.large_history import KEPT, filled
from tools.bench.live import Live
from tools.bench.throughput import latency, throughput, ups_load
from upskeep.runner.supervisor import SERVICES

SCENARIO, SPEED = "full_cycle", "10"  # a reading each second; it charges for hours, and nothing happens
PAGES = ("/", "/alerts", "/events", "/counters", "/health", "/reports", "/suite", "/api/overview", "/metrics")
PAINTED = ("/", "/alerts", "/events", "/reports", "/suite")
ROUNDS = 20
PAINTS = 5
CONSOLES = 50
HISTORIES = (1_000, 100_000)  # events in the counter store's history
LOOKED_FOR = (
    "/events",
    "/events?until=2026-01-01T12:00",
    "/events?type=AC_POWER_LOSS",
    "/events?device=device-3&severity=warning",
    "/reports?days=365",
)
TURNS = 9
FRAMES = 12_000
LATENCY_S = 11.0  # the first second is left out
FIRST_PAINT = """() => new Promise(done => new PerformanceObserver(list => {
  const found = list.getEntriesByName("first-contentful-paint")[0];
  if (found) done(found.startTime);
}).observe({type: "paint", buffered: true}))"""


class WithGateway(Live):
    """The suite with its gateway, whether anybody looks or not."""

    names = (*SERVICES, "gateway")


def measure(seconds: float, folder: Path, say: Callable[[str], None]) -> None:
    """Print it: of a suite that reads a simulated UPS once a second, then of one that works at its limit."""
    say(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with running(folder / "data") as (pid, port):
        time.sleep(WARM_S)
        say(f"{'page':<16}{'first byte, ms':>16}{'worst':>8}")
        for page in PAGES:
            taken = [first_byte_s(port, page) * 1000 for _ in range(ROUNDS)]
            say(f"{page:<16}{median(taken):>16.1f}{max(taken):>8.1f}")
        _paints(port, say)
        say(f"{'consoles':<16}{'gateway, % of a core':>22}{'PSS, MB':>9}{'all, % of a core':>18}")
        for number in (0, CONSOLES):
            with consoles(port, number, lambda _: None):
                time.sleep(2.0)
                rows = [*calm_span(pid, seconds)]
            say(f"{number:<16}{_costs(rows)}")
    _histories(folder, say)
    _side_by_side(say)


def _histories(folder: Path, say: Callable[[str], None]) -> None:
    """Print how long a page of events takes, whether there are few or many in the store."""
    say(f"{'events':<10}{'page':<46}{'first byte, ms':>16}{'worst':>8}")
    for events in HISTORIES:
        data = folder / f"history-{events}"
        filled(data / "counter_store" / "ledger.sqlite", events)
        with running(data, **KEPT) as (_, port):
            time.sleep(WARM_S)
            for page in LOOKED_FOR:
                taken = [first_byte_s(port, page) * 1000 for _ in range(ROUNDS)]
                say(f"{events:<10,}{page:<46}{median(taken):>16.1f}{max(taken):>8.1f}")
            _paints(port, say, ("/events", "/events?until=2026-01-01T12:00"))


def _costs(rows: list[Calm]) -> str:
    gateway = next(row for row in rows if "gateway" in row.name)
    ours = sum(row.cpu_percent for row in rows)
    return f"{gateway.cpu_percent:>22.2f}{gateway.pss_mb:>9.1f}{ours:>18.2f}"


def _paints(port: int, say: Callable[[str], None], pages: Sequence[str] = PAINTED) -> None:
    """Print when Chromium has painted something of a page, each time with nothing in its cache."""
    program = shutil.which("chromium")
    if program is None:
        say("first paint: not measured, there is no chromium here")
        return
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        say("first paint: not measured, for playwright comes with what tests compare with: make .venv/.oracles")
        return

    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=sandbox)
        say(f"{'page':<16}{'first paint, ms':>16}{'worst':>8}")
        for page in pages:
            taken = []
            for _ in range(PAINTS):
                with closing(browser.new_context()) as context:
                    shown = context.new_page()
                    shown.goto(f"http://127.0.0.1:{port}{page}", wait_until="load")
                    taken.append(float(shown.evaluate(FIRST_PAINT)))
            say(f"{page:<16}{median(taken):>16.0f}{max(taken):>8.0f}")
        browser.close()


def _side_by_side(say: Callable[[str], None]) -> None:
    """Print frames a second and the p99 of a frame's way to its counted event, without and with open consoles.

    In turns, each beginning with the other: what the machine does besides falls on both. A turn's latencies are of a
    thousand frames, so its p99 is that of ten of them; the answer is the median of what the turns say, pair by pair,
    beside how far two turns without consoles differ.
    """
    say(f"{'consoles':<16}{'frames/s':>22}{'p50, ms':>9}{'p99, ms':>9}{'pages loaded':>18}")
    turns = [{number: _turn(number, say) for number in _order(turn)} for turn in range(TURNS)]
    names = ("frames/s", "p50", "p99")
    changes = [[each[CONSOLES][at] / each[0][at] - 1 for each in turns] for at in range(len(names))]
    said = ", ".join(f"{name} {median(found):+.1%}" for name, found in zip(names, changes, strict=True))
    say(f"{CONSOLES} consoles change: {said} (medians of {TURNS} pairs)")
    alike = [median(abs(one[0][at] / other[0][at] - 1) for one, other in pairwise(turns)) for at in range(len(names))]
    said = ", ".join(f"{name} {found:.1%}" for name, found in zip(names, alike, strict=True))
    say(f"two turns without any differ by: {said} (medians)")


def _order(turn: int) -> tuple[int, ...]:
    return (0, CONSOLES) if turn % 2 == 0 else (CONSOLES, 0)


def _turn(number: int, say: Callable[[str], None]) -> tuple[float, float, float]:
    """Return frames a second, p50 and p99 in ms with so many consoles open, and print them."""
    port, loads = broker_port(), list[int]()
    os.environ["UPSKEEP_GATEWAY__HTTP__PORT"] = str(port)
    with tempfile.TemporaryDirectory() as folder, consoles(port, number, loads.append):
        speed = throughput("embedded", ups_load(FRAMES), Path(folder), WithGateway).frames_per_s
    with tempfile.TemporaryDirectory() as folder, consoles(port, number, loads.append):
        taken = latency("embedded", LATENCY_S, Path(folder), WithGateway)
    p50, p99 = median(taken), quantiles(taken, n=100)[98]
    say(f"{number:<16}{speed:>22,.0f}{p50:>9.1f}{p99:>9.1f}{sum(loads):>18,}")
    return speed, p50, p99


@contextmanager
def consoles(port: int, number: int, loaded: Callable[[int], object]) -> Iterator[None]:
    """Keep so many consoles open; ``loaded`` is called with how many pages they loaded."""
    if not number:
        yield
        return
    command = [sys.executable, "-m", "tools.bench.consoles", str(port), str(number)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own program
    try:
        yield
    finally:
        child.send_signal(signal.SIGTERM)
        loaded(int(child.communicate(timeout=DEADLINE_S)[0] or 0))


@contextmanager
def running(data: Path, source: str = f"sim:{SCENARIO}", **environ: str) -> Iterator[tuple[int, int]]:
    """Run the suite; yields its process and the port of its console."""
    place = ["--data", str(data), "--port", str(broker_port())]
    command = [sys.executable, "-c", "from upskeep.cli import main; main()", "run", *place]
    run = subprocess.Popen(  # noqa: S603 - our own command line
        [*command, "--source", source, "--speed", SPEED],
        env={**os.environ, "UPSKEEP_GATEWAY__HTTP__PORT": "0", **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield run.pid, _port(run)
    finally:
        run.send_signal(signal.SIGINT)
        run.wait(DEADLINE_S)


def _port(run: subprocess.Popen[str]) -> int:
    assert run.stdout is not None  # noqa: S101 - it is a pipe
    for line in run.stdout:
        if found := re.search(r"console: (http://\S+)", line):
            return urlsplit(found[1]).port or 0
    raise RuntimeError("the run ended before its console was there")


def first_byte_s(port: int, page: str) -> float:
    """Return how long the first byte of a page takes, on a connection of its own."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        began = time.perf_counter()
        connection.request("GET", page)
        answer = connection.getresponse()
        taken = time.perf_counter() - began
        if answer.status != 200:
            raise RuntimeError(f"{page}: {answer.status} {answer.reason}")
        answer.read()
        return taken
