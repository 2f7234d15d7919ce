"""The broker of one machine: Mosquitto where it is installed, else the one that installs with pip (iotcore).

Both listen on this machine only and let anyone on it in. Neither is trusted with a message: delivery is
end to end (docs/adr/0002), so a broker that dies loses nothing.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Container
from importlib.util import find_spec
from pathlib import Path

from shared.journal import open_output, where

HOST = "127.0.0.1"
NAME, LOG = "broker", "broker.log"
READY_S = 15.0
PROBE_S = 0.01

MOSQUITTO = """\
listener {port} {host}
allow_anonymous true
persistence true
persistence_location {folder}/
autosave_interval 600
max_inflight_messages 200
max_queued_messages 1000000
max_queued_bytes 268435456
persistent_client_expiration 14d
set_tcp_nodelay true
log_dest stderr
log_type error
log_type warning
"""

# rumqttd, MQTT 3.1.1 only: with an MQTT 5 listener beside it, a user property kills the 3.1.1 one (ADR 0003).
EMBEDDED = """\
id = 0
[router]
id = 0
max_connections = 200
max_outgoing_packet_count = 200
max_segment_size = 10485760
max_segment_count = 10
[v4.1]
name = "upskeep"
listen = "{host}:{port}"
next_connection_delay_ms = 1
[v4.1.connections]
connection_timeout_ms = 5000
max_payload_size = 1048576
max_inflight_count = 200
dynamic_filters = true
"""


class BrokerError(RuntimeError):
    """The broker cannot be started; says why and what to do."""


def installed() -> frozenset[str]:
    """Return which of both are on this machine."""
    found = {"mosquitto": _mosquitto(), "embedded": find_spec("iotcore")}
    return frozenset(kind for kind, where_it_is in found.items() if where_it_is)


def choose(wanted: str, here: Container[str]) -> str:
    """Return ``mosquitto`` or ``embedded``; ``auto`` takes an installed Mosquitto; raises BrokerError."""
    if wanted == "auto":
        wanted = "mosquitto" if "mosquitto" in here else "embedded"
    if wanted not in ("mosquitto", "embedded"):
        raise BrokerError(f"no broker {wanted!r}: must be auto, mosquitto, embedded or a URL like mqtt://host:1883")
    if wanted == "mosquitto" and wanted not in here:
        raise BrokerError("mosquitto is not installed here; install it, or use --broker embedded")
    if wanted == "embedded" and wanted not in here:
        raise BrokerError(
            "the embedded broker (iotcore) is not installed, as on 32-bit ARM: install mosquitto "
            "(`sudo apt install mosquitto`), or name a broker that runs with --broker mqtt://host:1883"
        )
    return wanted


def start(kind: str, port: int, folder: Path) -> subprocess.Popen[bytes]:
    """Start the broker as a child process and wait until it answers; raises BrokerError."""
    child = launch(kind, port, folder)
    await_answer(child, kind, port, folder)
    return child


def launch(kind: str, port: int, folder: Path) -> subprocess.Popen[bytes]:
    """Start the broker as a child process, which does not answer yet; raises BrokerError where the port is taken."""
    if answers(port):
        raise BrokerError(
            f"port {port} is taken: if a broker runs there, use it with --broker mqtt://localhost:{port}; "
            "otherwise choose another with --port"
        )
    folder.mkdir(mode=0o750, parents=True, exist_ok=True)
    return _launch(kind, port, folder)


def await_answer(child: subprocess.Popen[bytes], kind: str, port: int, folder: Path) -> None:
    """Wait until the broker answers; raises BrokerError where it does not."""
    deadline = time.monotonic() + READY_S
    while not answers(port):
        if child.poll() is not None or time.monotonic() > deadline:
            child.kill()
            place = where(NAME, folder / LOG, os.environ)
            raise BrokerError(f"the {kind} broker did not start on port {port}; see {place}")
        time.sleep(PROBE_S)


def answers(port: int) -> bool:
    """Whether something listens on ``port`` of this machine."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((HOST, port)) == 0


def as_this_user() -> str:
    """Return the line that keeps a Mosquitto started by root from becoming another user, who cannot write here."""
    return "user root\n" if os.geteuid() == 0 else ""


def _mosquitto() -> str | None:
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")


def _launch(kind: str, port: int, folder: Path) -> subprocess.Popen[bytes]:
    environ = dict(os.environ)
    log = open_output(NAME, folder / LOG, environ)
    try:
        if kind == "mosquitto":
            config = folder / "mosquitto.conf"
            text = MOSQUITTO.format(port=port, host=HOST, folder=folder.resolve()) + as_this_user()
            config.write_text(text, encoding="utf-8")
            command = [_mosquitto() or "mosquitto", "-c", str(config)]
        else:
            config = folder / "embedded.toml"
            config.write_text(EMBEDDED.format(port=port, host=HOST), encoding="utf-8")
            command = [sys.executable, "-P", "-m", "iotcore", "--config", str(config), "--log-level", "CRITICAL"]
        return subprocess.Popen(  # noqa: S603 - our own command line
            command, env=environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    finally:
        os.close(log)
