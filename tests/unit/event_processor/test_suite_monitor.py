"""What the processor tells of the suite: its start, its health, who is there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from services.event_processor.adapters.suite_monitor import OwnEvent, SuiteMonitor, disk
from services.event_processor.core.pipeline.health import Vitals
from services.event_processor.core.pipeline.rules import Monitoring, Queue
from shared.ledger import Ledger
from shared.messages import Status
from tests.support.scenarios import START

RULES = Monitoring(presence_dwell_s=15, health_every_s=60)


class Suite:
    """A monitor over a ledger, the clock it goes by, and the events it made."""

    def __init__(self, ledger: Ledger, rules: Monitoring = RULES) -> None:
        self.ledger = ledger
        self.rules = rules
        self.now_s = 0.0
        self.events: list[OwnEvent] = []
        self.restart()

    def restart(self) -> None:
        """Begin another process over the same ledger."""
        self.monitor = SuiteMonitor(self.rules, Queue(), self.ledger, "epoch", lambda: START, lambda: self.now_s)

    def begin(self, now_s: float, **data: Any) -> None:
        """Start at this second."""
        self.now_s = now_s
        self.events += self.monitor.begin(data)

    def status(self, now_s: float, state: str, epoch: str | None = None) -> None:
        """Let the alerter say this of itself."""
        self.now_s = now_s
        self.monitor.record_status(Status.model_validate({"service": "alerter", "state": state, "epoch": epoch}))

    def live(self, begin: int, end: int, connected: bool = True) -> None:
        """Ask every second from ``begin`` to before ``end``."""
        for second in range(begin, end):
            self.now_s = second
            self.events += self.monitor.due_events(connected, Vitals)

    def types(self) -> list[str]:
        """Return the events' types."""
        return [event.type for event in self.events]


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    """A ledger in memory."""
    opened = Ledger(":memory:")
    yield opened
    opened.close()


def test_each_start_is_one_event(ledger: Ledger):
    """With a cause of its own, from the ledger's life and how many starts there were."""
    suite = Suite(ledger)
    for _ in range(2):
        suite.restart()
        suite.begin(0, version="1")
        suite.begin(1, version="1")

    assert [("system.lifecycle.started", "epoch/1"), ("system.lifecycle.started", "epoch/2")] == [
        (event.type, event.cause) for event in suite.events
    ]
    assert {"version": "1", "startup_time": "2026-01-31T12:00:00.000000Z"} == suite.events[0].data


def test_health_is_published_on_schedule_with_the_next_time(ledger: Ledger):
    """Every minute here."""
    suite = Suite(ledger)
    suite.begin(0)
    suite.live(0, 200)

    assert 3 == suite.types().count("system.health.check")
    assert ("healthy", "2026-01-31T12:01:00.000000Z") == tuple(
        suite.events[-1].data[key] for key in ("overall_status", "next_check")
    )
    assert 3 == len({event.cause for event in suite.events if event.type == "system.health.check"})


def test_what_is_turned_off_is_not_published(ledger: Ledger):
    """No start, no health, nobody who comes or goes."""
    suite = Suite(ledger, Monitoring(started=False, health_every_s=0, presence=False))
    suite.begin(0)
    suite.status(0, "offline")
    suite.live(0, 4000)

    assert [] == suite.events


def test_a_service_that_is_gone_is_reported_once_also_by_the_next_process(ledger: Ledger):
    """A retained last will is heard again at every start: it is no change."""
    suite = Suite(ledger, Monitoring(started=False))
    for _ in range(3):
        suite.restart()
        suite.begin(0)
        suite.status(1, "offline")
        suite.live(1, 60)

    assert ["system.service.offline"] == suite.types()


def test_a_broker_that_restarts_makes_nobody_go(ledger: Ledger):
    """Cut off for a minute; last wills on the way back, then everybody is online again."""
    suite = Suite(ledger, Monitoring(started=False))
    suite.begin(0)
    suite.status(0, "online", "e")
    suite.live(0, 30)
    suite.status(30, "offline")
    suite.live(30, 90, connected=False)
    suite.live(90, 100)
    suite.status(100, "online", "e")
    suite.live(100, 200)

    assert [] == suite.types()


def test_a_service_that_stops_cleanly_is_one_event(ledger: Ledger):
    """A retained sign that it has stopped, heard at a start, is none."""
    suite = Suite(ledger, Monitoring(started=False))
    suite.begin(0)
    suite.status(0, "stopped")
    suite.status(1, "online", "e")
    suite.status(2, "stopped")
    suite.status(3, "stopped")
    suite.live(3, 100)

    assert [("system.lifecycle.stopped", "alerter")] == [(event.type, event.data["service"]) for event in suite.events]


def test_a_start_with_other_files_says_which(ledger: Ledger):
    """Changed, new and gone ones; the first start of all has nothing to compare."""
    suite = Suite(ledger)
    starts = [
        {"a.yaml": "1", "b.yaml": "1"},
        {"a.yaml": "1", "b.yaml": "1"},
        {"a.yaml": "2", "c.yaml": "1"},
    ]
    changes = []
    for digests in starts:
        suite.restart()
        suite.begin(0)
        changes.append([event.data["changes"] for event in suite.monitor.changed(digests)])

    assert [[], [], [["a.yaml", "b.yaml", "c.yaml"]]] == changes


def test_the_room_on_the_disk_is_measured(tmp_path):
    """Of the ledger and its log, and what is free; nothing of a ledger in memory."""
    (tmp_path / "ledger.sqlite").write_bytes(b"x" * 10)
    (tmp_path / "ledger.sqlite-wal").write_bytes(b"x" * 5)
    used, free = disk(str(tmp_path / "ledger.sqlite"))

    assert (15, True) == (used, free is not None and free > 0)
    assert (None, None) == disk(":memory:")
