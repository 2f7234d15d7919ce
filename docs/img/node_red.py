"""The picture of Node-RED: the example flows in its editor, connected to a suite whose mains have gone.

.venv/bin/python docs/img/node_red.py

It needs what `make node-tools` installs, Debian's Chromium, and playwright: make .venv/.oracles.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import urllib3

FOLDER = Path(__file__).parent
sys.path.insert(0, str(FOLDER))

from console import Suite, drained, suite  # noqa: E402 - a script beside this one

ROOT = FOLDER.parents[1]
PROGRAM = ROOT / ".venv" / "node" / "node_modules" / "node-red" / "red.js"
FLOWS = ROOT / "docs" / "node-red" / "upskeep.json"
SIZE = (1280, 640)
DEADLINE_S = 120.0
SETTINGS = """module.exports = {{flowFile: "flows.json", uiHost: "127.0.0.1", uiPort: {port},
  credentialSecret: "a picture", telemetry: {{enabled: false}}, editorTheme: {{tours: false}},
  logging: {{console: {{level: "warn"}}}}}};"""


@contextmanager
def node_red(broker_port: int) -> Iterator[str]:
    """Run Node-RED with the flows at a broker; yields its address."""
    with socket.socket() as listener, tempfile.TemporaryDirectory() as folder:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        listener.close()
        flows = json.loads(FLOWS.read_text(encoding="utf-8"))
        for node in flows:
            if node["type"] == "mqtt-broker":
                node["port"] = str(broker_port)
        Path(folder, "flows.json").write_text(json.dumps(flows), encoding="utf-8")
        Path(folder, "settings.js").write_text(SETTINGS.format(port=port), encoding="utf-8")
        command = ["node", str(PROGRAM), "--userDir", folder, "--settings", f"{folder}/settings.js"]
        process = subprocess.Popen(command)  # noqa: S603 - our own command line
        try:
            yield answering(f"http://127.0.0.1:{port}/")
        finally:
            process.terminate()
            process.wait(60)


def answering(address: str) -> str:
    """Wait until something answers at an address; returns it."""
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        try:
            urllib3.request("GET", address, retries=False)
        except urllib3.exceptions.HTTPError:
            time.sleep(0.5)
        else:
            return address
    raise RuntimeError(f"{address}: nothing answers")


def again(address: str) -> None:
    """Start the flows again: what the broker retains comes once more, now that somebody looks."""
    urllib3.request("POST", f"{address}flows", json=[], headers={"Node-RED-Deployment-Type": "reload"})


def take(address: str, run: Suite) -> None:
    """Take the picture once the nodes are connected and an alert has come through."""
    from playwright.sync_api import sync_playwright

    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=sandbox)
        width, height = SIZE
        page = browser.new_context(viewport={"width": width, "height": height}).new_page()
        page.goto(address, wait_until="load")
        page.locator(".red-ui-flow-node-status-label", has_text="connected").first.wait_for()
        page.evaluate("RED.actions.invoke('core:toggle-palette')")
        page.evaluate("RED.actions.invoke('core:show-debug-tab')")
        run.until(lambda: drained(run), "an alert fires")
        again(address)
        page.locator(".red-ui-debug-msg", has_text="warning").first.wait_for(timeout=DEADLINE_S * 1000)
        page.mouse.move(width / 2, height - 40)
        page.screenshot(path=FOLDER / "node-red.png")
        browser.close()


def main() -> None:
    """Run both, and take it."""
    with suite("sim:full_cycle", "30") as run, node_red(run.port) as address:
        take(address, run)


if __name__ == "__main__":
    main()
