"""What the gateway takes: the first byte of each page, and what it costs with no console open and with fifty."""

from __future__ import annotations

import http.client
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

from tools.bench.calm import DEADLINE_S, SCENARIO, SPEED, WARM_S, Calm, broker_port, calm_span

PAGES = ("/", "/alerts", "/events", "/counters", "/health", "/reports", "/suite", "/api/overview", "/metrics")
ROUNDS = 20
CONSOLES = 50


def measure(seconds: float, folder: Path, say: Callable[[str], None]) -> None:
    """Print it: of a suite that reads a simulated UPS once a second."""
    place = ["--data", str(folder / "data"), "--port", str(broker_port())]
    command = [sys.executable, "-c", "from upskeep.cli import main; main()", "run", *place]
    run = subprocess.Popen(  # noqa: S603 - our own command line
        [*command, "--source", f"sim:{SCENARIO}", "--speed", SPEED],
        env={**os.environ, "UPSKEEP_GATEWAY__HTTP__PORT": "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        address = _address(run)
        time.sleep(WARM_S)
        say(f"{'page':<16}{'first byte, ms':>16}{'worst':>8}")
        for page in PAGES:
            taken = [_first_byte_s(address, page) * 1000 for _ in range(ROUNDS)]
            say(f"{page:<16}{median(taken):>16.1f}{max(taken):>8.1f}")
        say(f"{'consoles':<16}{'gateway, % of a core':>22}{'PSS, MB':>9}{'all, % of a core':>18}")
        for consoles in (0, CONSOLES):
            with ExitStack() as stack:
                for _ in range(consoles):
                    stack.enter_context(closing(_follow(address)))
                rows = [*calm_span(run.pid, seconds)]
            say(f"{consoles:<16}{_costs(rows)}")
    finally:
        run.send_signal(signal.SIGINT)
        run.wait(DEADLINE_S)


def _costs(rows: list[Calm]) -> str:
    gateway = next(row for row in rows if "gateway" in row.name)
    return f"{gateway.cpu_percent:>22.2f}{gateway.pss_mb:>9.1f}{sum(row.cpu_percent for row in rows):>18.2f}"


def _address(run: subprocess.Popen[str]) -> tuple[str, int]:
    assert run.stdout is not None  # noqa: S101 - it is a pipe
    for line in run.stdout:
        if found := re.search(r"console: (http://\S+)", line):
            place = urlsplit(found[1])
            return place.hostname or "", place.port or 0
    raise RuntimeError("the run ended before its console was there")


def _first_byte_s(address: tuple[str, int], page: str) -> float:
    with closing(http.client.HTTPConnection(*address, timeout=30)) as connection:
        began = time.perf_counter()
        connection.request("GET", page)
        answer = connection.getresponse()
        taken = time.perf_counter() - began
        if answer.status != 200:
            raise RuntimeError(f"{page}: {answer.status} {answer.reason}")
        answer.read()
        return taken


def _follow(address: tuple[str, int]) -> http.client.HTTPConnection:
    """Return the connection of an open console, which follows what changes and reads nothing here."""
    connection = http.client.HTTPConnection(*address, timeout=30)
    connection.request("GET", "/api/stream?kind=state&kind=alert&kind=status")
    connection.getresponse()
    return connection
