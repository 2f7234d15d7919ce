"""One suite under fire, a service that stands still and a webhook that hangs: nothing is lost, no secret is seen.

The broker has the repo's own ACL; every service has a user and a password of its own, of which the name gives the rest.
"""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from shared.mqtt import Arrived, MqttClient
from tests.conftest import Require
from tests.crash.fleet import Fleet
from tests.fuzz.__main__ import SERVICES, Result, fuzz
from tests.hostile.rights import login

pytestmark = pytest.mark.mosquitto

KEEPALIVE_S = 3
STILL = "counter_store"
FROM_S, TO_S = 3.0, 3.0 + 3 * KEEPALIVE_S
PASSWORD = re.compile(rb"(%b)-pw" % b"|".join(name.encode() for name in SERVICES))
CONTROL = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]")


class HangingWebhook:
    """Takes every connection, and never answers."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.taken: list[socket.socket] = []
        self._thread = threading.Thread(target=self._take, daemon=True)
        self._thread.start()

    @property
    def environ(self) -> dict[str, str]:
        """What makes the alerter post every notice to it at once."""
        url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/hook"
        receiver = {"name": "hanging", "webhook": {"url": url, "timeout_s": 1}}
        route = {"receiver": "hanging", "group_by": ["rule"], "group_wait": "0s", "group_interval": "1s"}
        return {"UPSKEEP_ALERTS__RECEIVERS": json.dumps([receiver]), "UPSKEEP_ALERTS__ROUTE": json.dumps(route)}

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)
        for each in (*self.taken, self._listener):
            each.close()

    def _take(self) -> None:
        with suppress(OSError):
            while True:
                self.taken.append(self._listener.accept()[0])


@dataclass
class AttackProbe:
    """Stops a service for a while, and keeps what anybody on this machine and at the broker could see."""

    folder: Path
    began: float = field(default_factory=time.monotonic)
    seen: list[bytes] = field(default_factory=list)
    topics: set[str] = field(default_factory=set)
    stood_still: bool = False
    webhook: HangingWebhook = field(default_factory=HangingWebhook)
    client: MqttClient | None = None

    def __call__(self, fleet: Fleet) -> None:
        passed = time.monotonic() - self.began
        if FROM_S <= passed < TO_S:
            fleet.freeze(STILL)
            self.stood_still = True
        elif passed >= TO_S:
            fleet.thaw(STILL)
        for child in fleet.children.values():
            self.seen.append(Path(f"/proc/{child.pid}/cmdline").read_bytes())
        if self.client is None:
            settings = login(self.folder / "broker", "operator", fleet.broker.settings.url)
            self.client = MqttClient(settings, "probe", ["upskeep/v1/home/#"], persistent=False)
            self.client.open()
        for arrived in self.client.poll(10_000, 0):
            if isinstance(arrived, Arrived):
                self.topics.add(arrived.topic)
                if "/status/" in arrived.topic or "/deadletter/" in arrived.topic:
                    self.seen.append(arrived.payload)

    def close(self) -> None:
        self.webhook.close()
        if self.client is not None:
            self.client.close()


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory, require: Require) -> Iterator[tuple[Result, AttackProbe]]:
    require.program("mosquitto")
    require.program("mosquitto_passwd")
    folder = tmp_path_factory.mktemp("attack")
    probe = AttackProbe(folder)
    environ = {"UPSKEEP_SUITE__BROKER__KEEPALIVE_S": str(KEEPALIVE_S), **probe.webhook.environ}
    try:
        yield fuzz(131, TO_S + 6, 300, folder, probe, environ), probe
    finally:
        probe.close()


def test_a_service_that_stands_still_under_a_flood_loses_nothing(attacked: tuple[Result, AttackProbe]) -> None:
    """SIGSTOP for three keepalives: the broker lets it go, it comes back, and every event is counted once."""
    result, probe = attacked

    assert probe.stood_still
    assert probe.webhook.taken
    assert (0, 0, []) == (result.lost, result.duplicated, result.deaths)
    assert result.counted == result.good > 0
    assert result.bad > result.refused > 0
    assert max(result.rss_mb.values()) < 300


def test_no_password_is_to_be_seen(attacked: tuple[Result, AttackProbe]) -> None:
    """Not in a command line, a log, a status, a dead letter, nor in a ledger, of which exports and reports are made."""
    _, probe = attacked
    logs = sorted((probe.folder / "log").glob("*.log"))
    ledgers = sorted((probe.folder / "data").rglob("ledger.sqlite*"))

    assert len(SERVICES) <= len(logs)
    assert len(SERVICES) <= len(ledgers)
    assert any(b"services.alerter" in text for text in probe.seen)
    assert [] == [text for text in probe.seen if PASSWORD.search(text)]
    assert [] == [path.name for path in (*logs, *ledgers) if PASSWORD.search(path.read_bytes())]


def test_no_control_character_reaches_a_log_or_a_topic(attacked: tuple[Result, AttackProbe]) -> None:
    """Though the neighbours send them in names, texts and topics."""
    _, probe = attacked
    ours = [topic for topic in probe.topics if "/ingest/" not in topic]  # what others publish there is theirs

    assert [] == [path.name for path in (probe.folder / "log").glob("*.log") if CONTROL.search(path.read_bytes())]
    assert ours
    assert [] == [topic for topic in ours if CONTROL.search(topic.encode())]
