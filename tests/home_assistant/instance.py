"""A real Home Assistant as a process, spoken to by its REST API with a token of its first user."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DEADLINE_S = 180.0
USER, PASSWORD = "upskeep", "not a secret"
CONFIGURATION = """\
http: {{server_host: 127.0.0.1, server_port: {port}}}
frontend:
config:
automation: !include automations.yaml
logger: {{default: warning}}
"""
# Said by every start here, and not of anything that comes by MQTT.
OF_THIS_MACHINE = ("aiohttp_fast_zlib", "homeassistant.components.camera.img_util", "haffmpeg")
SLOW = re.compile(r"took [\d.]+ seconds|Radio Browser|is taking over 10 seconds")
COMPLAINT = re.compile(
    r"^\S+ \S+ (?:WARNING|ERROR|CRITICAL) \([^)]*\) \[([^\]]*)\] (.*(?:\n(?!\d{4}-).*)*)", re.MULTILINE
)


@dataclass
class HomeAssistant:
    """``python`` is that of its venv, ``folder`` its configuration. It installs what an integration needs itself."""

    python: Path
    folder: Path
    port: int
    token: str = ""
    process: subprocess.Popen[bytes] | None = None

    # ---- the process

    def prepare(self, house: str) -> None:
        """Write its configuration, with what else there is in the house."""
        self.folder.mkdir(parents=True, exist_ok=True)
        files = {
            "configuration.yaml": CONFIGURATION.format(port=self.port) + house,
            "automations.yaml": "[]",
        }
        for name, text in files.items():
            (self.folder / name).write_text(text, encoding="utf-8")

    def start(self) -> None:
        """Start it and wait until it answers and has started."""
        command = [str(self.python), "-m", "homeassistant", "--config", str(self.folder)]
        with (self.folder / "output").open("ab") as output:
            self.process = subprocess.Popen(command, stdout=output, stderr=output)
        self.until(self._answers, "it answers")
        if self.token:
            self.until(self._runs, "it has started")

    def stop(self) -> None:
        """Stop it, if it runs."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(DEADLINE_S)

    def complaints(self) -> list[str]:
        """Return the warnings and errors that it has logged, without those that are of this machine."""
        said = (self.folder / "output").read_text(encoding="utf-8", errors="replace")
        return [
            f"{name}: {text}"
            for name, text in COMPLAINT.findall(said)
            if not name.startswith(OF_THIS_MACHINE) and not SLOW.search(text)
        ]

    def until(self, holds: Callable[[], Any], what: str, deadline_s: float = DEADLINE_S) -> Any:
        """Wait for a condition while it runs; returns what it came to."""
        deadline = time.monotonic() + deadline_s
        while not (found := holds()):
            if self.process is None or self.process.poll() is not None:
                raise RuntimeError(f"{what}: Home Assistant has ended; see {self.folder / 'output'}")
            if time.monotonic() > deadline:
                raise AssertionError(f"{what}: not within {deadline_s:g} s")
            time.sleep(0.1)
        return found

    # ---- its API

    def onboard(self) -> None:
        """Make the first user, as the pages of a first start do, and take a token."""
        client = f"http://127.0.0.1:{self.port}/"
        user = {"client_id": client, "name": "Upskeep", "username": USER, "password": PASSWORD, "language": "en"}
        code = self.post("/api/onboarding/users", user)["auth_code"]
        form = {"client_id": client, "grant_type": "authorization_code", "code": code}
        self.token = self._send("/auth/token", urllib.parse.urlencode(form).encode())["access_token"]
        self.post("/api/onboarding/core_config", {})
        self.post("/api/onboarding/analytics", {})
        self.post("/api/onboarding/integration", {"client_id": client, "redirect_uri": client})
        self.until(self._runs, "it has started")

    def connect(self, port: int) -> None:
        """Set up its MQTT integration at a broker, as its dialogue does."""
        flow = self.post("/api/config/config_entries/flow", {"handler": "mqtt", "show_advanced_options": False})
        made = self.post(f"/api/config/config_entries/flow/{flow['flow_id']}", {"broker": "127.0.0.1", "port": port})
        if made.get("type") != "create_entry":
            raise AssertionError(f"the MQTT integration is not set up: {made}")

    def get(self, path: str) -> Any:
        """Return what it answers."""
        return self._send(path)

    def post(self, path: str, data: Mapping[str, Any]) -> Any:
        """Send JSON; returns what it answers."""
        return self._send(path, json.dumps(data).encode(), "application/json")

    def call(self, service: str, entity: str, **data: Any) -> None:
        """Call a service of an entity: ``button.press``."""
        self.post(f"/api/services/{service.replace('.', '/')}", {"entity_id": entity, **data})

    def render(self, template: str) -> Any:
        """Return what a template comes to that makes JSON."""
        return json.loads(self._raw("/api/template", json.dumps({"template": template}).encode(), "application/json"))

    def state(self, entity: str) -> str | None:
        """Return an entity's state; None for one that there is not."""
        try:
            return str(self.get(f"/api/states/{entity}")["state"])
        except FileNotFoundError:
            return None

    def _answers(self) -> bool:
        try:
            self.get("/api/onboarding") if not self.token else self.get("/api/")
        except OSError:
            return False
        return True

    def _runs(self) -> bool:
        return bool(self.get("/api/config")["state"] == "RUNNING")

    def _send(self, path: str, body: bytes | None = None, kind: str = "application/x-www-form-urlencoded") -> Any:
        return json.loads(self._raw(path, body, kind))

    def _raw(self, path: str, body: bytes | None, kind: str) -> bytes:
        headers = {"Content-Type": kind, **({"Authorization": f"Bearer {self.token}"} if self.token else {})}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", body, headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - this machine's
                return bytes(answer.read())
        except urllib.error.HTTPError as error:
            if error.code == 404:
                raise FileNotFoundError(path) from None
            raise AssertionError(f"{path}: {error.code} {error.read().decode(errors='replace')}") from None
