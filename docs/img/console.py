"""The console's pictures, of suites that run: an outage after an invented month, and a tent whose air is controlled.

.venv/bin/python docs/img/console.py

Everything shown is what the suite says of simulated devices; only the month before, for the charts, is invented as in
``docs/img/report.py`` and imported. It needs Debian's Chromium, and playwright: make .venv/.oracles.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

FOLDER = Path(__file__).parent
sys.path.insert(0, str(FOLDER))

from report import END, month  # noqa: E402 - a script beside this one

DESKTOP, PHONE = (1160, 720), (390, 844)
DEADLINE_S = 300.0
LOW = 64  # of the charge, in per cent
READINGS = 12  # one in so many is imported, or nothing else would be seen
UPSKEEP = (sys.executable, "-m", "upskeep")


@dataclass(frozen=True, slots=True)
class Picture:
    """A page as somebody sees it. ``does`` is what they do first; ``whole``: all of the page's length."""

    name: str
    path: str
    size: tuple[int, int] = DESKTOP
    theme: Literal["light", "dark"] = "light"
    does: Callable[[Any], None] = lambda _: None
    whole: bool = False


def why(page: Any) -> None:
    """Open why an alert fires, and ask why another one does not."""
    page.locator("article.alert summary").first.click()
    page.get_by_label("Rule").fill("hourly_rate")
    page.get_by_label("Key").fill("BATTERY_LOW")
    page.get_by_role("button", name="Ask").click()
    page.locator("section[role=status] dl").wait_for()
    page.locator("article.alert summary").first.click()
    page.evaluate("document.activeElement.blur()")


def opened(page: Any) -> None:
    """Open the newest event that is more than information."""
    page.locator(".events li:not(.info) summary").first.click()
    page.evaluate("document.activeElement.blur()")


OUTAGE = (
    Picture("console-now", "/"),
    Picture("console-now-dark", "/", theme="dark"),
    Picture("console-alerts", "/alerts", does=why, whole=True),
    Picture("console-events", "/events", does=opened),
    Picture("console-counters", "/counters"),
    Picture("console-reports", "/reports?days=30"),
    Picture("console-phone", "/", PHONE, "dark", whole=True),
    Picture("console-alerts-phone", "/alerts", PHONE, whole=True),
)
TENT = (
    Picture("console-climate", "/climate"),
    Picture("console-climate-phone", "/climate", PHONE, "dark", whole=True),
)


class Suite:
    """``upskeep run``, with ports and data of its own."""

    def __init__(self, folder: Path, source: str, speed: str, **environ: str) -> None:
        self.port, self.console = _free_port(), _free_port()
        self._environ = {**os.environ, "UPSKEEP_GATEWAY__HTTP__PORT": str(self.console), "COLUMNS": "100", **environ}
        given = ("--source", source, "--speed", speed, "--port", str(self.port), "--data", str(folder))
        self.process = subprocess.Popen([*UPSKEEP, "run", *given], env=self._environ)  # noqa: S603 - our own command line

    def command(self, *words: str) -> bool:
        """Give a command to this suite; returns whether it went well."""
        call = [*UPSKEEP, *words, "--broker", f"mqtt://127.0.0.1:{self.port}"]
        done = subprocess.run(call, env=self._environ, check=False, capture_output=True)  # noqa: S603
        return done.returncode == 0

    def get(self, path: str) -> Any:
        """Return what the API answers; None while it answers nothing."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.console}{path}", timeout=30) as answer:
                return json.load(answer)
        except OSError:
            return None

    def until(self, holds: Callable[[], Any], what: str) -> None:
        """Wait for a condition."""
        deadline = time.monotonic() + DEADLINE_S
        while not holds():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{what}: it did not come to that")
            time.sleep(0.5)


@contextmanager
def suite(source: str, speed: str, **environ: str) -> Iterator[Suite]:
    """Run a suite until its console answers; it is stopped in the end."""
    with tempfile.TemporaryDirectory() as folder:
        run = Suite(Path(folder), source, speed, **environ)
        try:
            run.until(lambda: run.get("/api/overview"), "the console answers")
            yield run
        finally:
            run.process.send_signal(signal.SIGINT)
            run.process.wait(60)


def take(pictures: tuple[Picture, ...], run: Suite, only: set[str]) -> None:
    """Take these pictures, or those of them that are asked for."""
    from playwright.sync_api import sync_playwright

    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=sandbox)
        for each in pictures:
            if only and each.name not in only:
                continue
            width, height = each.size
            context = browser.new_context(
                viewport={"width": width, "height": height},
                color_scheme=each.theme,
                timezone_id="Europe/Berlin",
                locale="en-GB",
            )
            page = context.new_page()
            page.goto(f"http://127.0.0.1:{run.console}{each.path}", wait_until="load")
            each.does(page)
            page.screenshot(path=FOLDER / f"{each.name}.png", full_page=each.whole)
            context.close()
        browser.close()


def history(file: Path) -> None:
    """Write the invented month, moved so that it ends now."""
    moved = datetime.now(UTC) - END
    with file.open("w", encoding="utf-8") as out:
        for number, event in enumerate(month()):
            if event.category != "sensor" or number % READINGS == 0:
                out.write(event.model_copy(update={"time": event.time + moved}).model_dump_json() + "\n")


def drained(run: Suite) -> bool:
    """Whether the mains are away, an alert fires because of it, and the battery has given a part."""
    alerts = (run.get("/api/alerts") or {}).get("items", ())
    fires = any(each["rule"] == "on_battery" and each["state"] == "firing" for each in alerts)
    ups = run.get("/api/devices/ups")
    return fires and ups is not None and ups["state"]["values"]["state_of_charge"] < LOW


def main() -> None:
    """Take all pictures, or those that are named."""
    only = set(sys.argv[1:])
    if not only or only & {each.name for each in OUTAGE}:
        with suite("sim:full_cycle", "30") as run, tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "month.jsonl"
            history(file)
            run.until(lambda: run.command("import", str(file)), "the month is imported")
            run.until(lambda: drained(run), "an alert fires")
            take(OUTAGE, run, only)
    if not only or only & {each.name for each in TENT}:
        with suite("sim:tent", "1") as run:
            run.until(lambda: run.command("climate", "mode", "tent", "VPD_Target"), "the tent is controlled")
            time.sleep(40)  # for the air to change
            take(TENT, run, only)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


if __name__ == "__main__":
    main()
