"""``python -m tools.bench --alerts``: from a frame to the notification that it leads to, through the live suite.

100 frames a second, by turns ten of them too warm and ten not: ten times a second the alert fires or is over, which is
a notice, over MQTT and to a webhook's receiver in this process. The route waits for nobody (``group_wait: 0s``). A
notice's latency is from the release of the frame whose time its alert has (scheduled time; the earliest frame sets the
zero) until it is here.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import yaml

from shared.messages import Frame
from shared.notices import Notice
from tools.bench.live import RATE, START, Live
from upskeep.runner import broker

QUIET_S = 3.0
TURN = 10  # frames
ALERTS: dict[str, Any] = {
    "rules": {"warm": {"compare": {"type": "sensor.temperature", "above": 25}}},
    "route": {"receiver": "ops", "group_by": ["rule"], "group_wait": "0s", "group_interval": "1ms"},
    "flapping": {"fires": 12, "within": "1ms"},
}


def rows(frames: int) -> Iterator[str]:
    """Yield a recording at ``RATE`` frames a second, every ``TURN`` of them too warm, every other not."""
    yield "time,air_temperature"
    for index in range(frames):
        yield f"{(START + timedelta(seconds=index / RATE)).isoformat()},{24 + index // TURN % 2 * 2:.2f}"


class Hook:
    """A webhook's receiver: keeps (monotonic seconds, body) of each notice."""

    def __init__(self) -> None:
        took: list[tuple[float, dict[str, Any]]] = []

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                took.append((time.monotonic(), json.loads(body)))
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
                """Say nothing."""

        self.took = took
        self._server = ThreadingHTTPServer((broker.HOST, 0), Handler)
        self.url = f"http://{broker.HOST}:{self._server.server_port}/"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()


class Alerting(Live):
    """The suite with one rule and one receiver."""

    hook: Hook

    def config(self, folder: Path) -> Path:
        """Return the configuration with the alerts of this page."""
        self.hook = Hook()
        config = Path(shutil.copytree(os.environ.get("UPSKEEP_CONFIG", "config"), folder / "config"))
        receivers = [{"name": "ops", "webhook": {"url": self.hook.url}}]
        (config / "alerts.yaml").write_text(yaml.safe_dump({**ALERTS, "receivers": receivers}), encoding="utf-8")
        (config / "event_counters.yaml").write_text("alert_thresholds: {}\n", encoding="utf-8")
        return config

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        self.hook.close()


def latencies(kind: str, seconds: float, folder: Path) -> dict[str, Sequence[float]]:
    """Return by way the latency of each notice in milliseconds, the first second left out."""
    frames = int(seconds * RATE)
    with Alerting(kind, rows(frames), "1", folder, ("raw", "notice", "status")) as live:
        zero, last = float("inf"), float("inf")
        told: list[tuple[float, float]] = []
        for now, message in live.messages():
            if isinstance(message, Frame):
                offset = (message.time - START).total_seconds()
                zero = min(zero, now - offset)
                last = now if message.seq >= frames else last
            elif isinstance(message, Notice):
                told.append((now, _offset(message.alerts[0].time.isoformat())))
            if now > last + QUIET_S:  # a status comes every few seconds, also when nothing else does
                break
        hooked = [(now, _offset(_changed(body["alerts"][0]))) for now, body in live.hook.took]
    return {"MQTT": _each(told, zero), "webhook": _each(hooked, zero)}


def _changed(alert: dict[str, str]) -> str:
    return alert["startsAt" if alert["status"] == "firing" else "endsAt"]


def _offset(time: str) -> float:
    return (datetime.fromisoformat(time) - START).total_seconds()


def _each(arrived: Iterable[tuple[float, float]], zero: float) -> list[float]:
    return [(now - zero - offset) * 1000 for now, offset in arrived if offset >= 1]


def measure(kinds: Sequence[str], seconds: float, say: Callable[[str], None]) -> None:
    """Measure with each kind of broker, and print the figures."""
    for kind in kinds:
        with tempfile.TemporaryDirectory() as folder:
            for way, times in latencies(kind, seconds, Path(folder)).items():
                share = len(times) / ((seconds - 1) * RATE / TURN)
                say(
                    f"{kind:<10} frame to notification by {way:<7} at {RATE} frames/s: p50 {median(times):.1f} ms, "
                    f"p99 {quantiles(times, n=100)[98]:.1f} ms ({len(times)} notices, {share:.0%} of the turns)"
                )
