"""Real brokers for tests: started, killed and started again at will."""

from __future__ import annotations

import secrets
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

from shared.suite import BrokerSettings
from tests.support.xdist_groups import is_mine
from upskeep.runner import broker

MOSQUITTO = "mosquitto"
EMBEDDED = "embedded"


# Below those that Linux gives to whoever connects: or a client would take the port of a broker that is to come back.
_PORTS = range(22_000, 32_000)
_candidates: Iterator[int] = cycle([*_PORTS[(_first := secrets.randbelow(len(_PORTS))) :], *_PORTS[:_first]])


def free_port() -> int:
    """Return a TCP port of this machine that nobody uses now, and that no other call will return for a long time."""
    return next(port for port in _candidates if is_mine(port) and _is_free(port))


def free_pair() -> int:
    """Return the first of two free ports that follow each other; the next call returns others."""
    return next(p for p in _candidates if p % 2 == 0 and is_mine(p) and _is_free(p) and _is_free(p + 1))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((broker.HOST, port))
        except OSError:
            return False
    return True


@dataclass
class Broker:
    """One broker process. ``extra`` lines go into a Mosquitto configuration of the test's own."""

    kind: str
    port: int
    folder: Path
    extra: str = ""
    process: subprocess.Popen[bytes] | None = None

    @property
    def settings(self) -> BrokerSettings:
        """How to reach it."""
        return BrokerSettings(url=f"mqtt://{broker.HOST}:{self.port}")

    def start(self) -> None:
        """Start it and wait until it answers."""
        if self.kind == MOSQUITTO and self.extra:
            self.folder.mkdir(parents=True, exist_ok=True)
            config = self.folder / "own.conf"
            config.write_text(
                f"listener {self.port} {broker.HOST}\n{broker.as_this_user()}{self.extra}\n", encoding="utf-8"
            )
            program = broker._mosquitto() or MOSQUITTO
            self.process = subprocess.Popen([program, "-c", str(config)], stderr=subprocess.DEVNULL)
            while not broker.answers(self.port):
                assert self.process.poll() is None, "mosquitto did not start"
        else:
            self.process = broker.start(self.kind, self.port, self.folder)

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """End it, if it runs."""
        if self.process is not None and self.process.poll() is None:
            self.kill()
