"""What the processor tells of the suite: its start, its health, who is there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import pytest

from services.event_processor.adapters.watch import Watch, disk
from services.event_processor.core.pipeline.health import Vitals
from services.event_processor.core.pipeline.rules import Monitoring, Queue
from shared.ledger import Ledger
from shared.messages import Status
from tests.support.scenarios import START

RULES = Monitoring(presence_dwell_s=15, health_every_s=60)


class Told:
    """Keeps what is told."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str, Mapping[str, Any]]] = []

    def __call__(self, event_type: str, cause: str, data: Mapping[str, Any], time: datetime | None = None) -> None:
        """Keep it."""
        assert time is None
        self.events.append((event_type, cause, data))

    def types(self) -> list[str]:
        """Return what was told, by type."""
        return [event_type for event_type, _, _ in self.events]


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    """A ledger in memory."""
    opened = Ledger(":memory:")
    yield opened
    opened.close()


def watching(ledger: Ledger, told: Told, rules: Monitoring = RULES) -> Watch:
    """Return a watch as it is after a start."""
    return Watch(rules, ledger, "epoch", told, lambda: START)


def lived(watch: Watch, begin: int, end: int, connected: bool = True) -> None:
    """Look every second from ``begin`` to before ``end``."""
    for second in range(begin, end):
        watch.look(second, connected, Vitals, Queue())


def test_each_start_is_one_event(ledger: Ledger):
    """With a cause of its own, from the ledger's life and how many starts there were."""
    told = Told()
    for _ in range(2):
        watch = watching(ledger, told)
        watch.begin(0, {"version": "1"})
        watch.begin(1, {"version": "1"})

    assert [("system.lifecycle.started", "epoch/1"), ("system.lifecycle.started", "epoch/2")] == [
        (event_type, cause) for event_type, cause, _ in told.events
    ]
    assert {"version": "1", "startup_time": "2026-01-31T12:00:00.000000Z"} == told.events[0][2]


def test_health_is_told_on_schedule_with_the_next_time(ledger: Ledger):
    """Every minute here."""
    told, watch = Told(), watching(ledger, Told())
    watch = watching(ledger, told)
    watch.begin(0, {})
    lived(watch, 0, 200)

    assert 3 == told.types().count("system.health.check")
    assert ("healthy", "2026-01-31T12:01:00.000000Z") == tuple(
        told.events[-1][2][key] for key in ("overall_status", "next_check")
    )
    assert 3 == len({cause for event_type, cause, _ in told.events if event_type == "system.health.check"})


def test_what_is_turned_off_is_not_told(ledger: Ledger):
    """No start, no health, nobody who comes or goes."""
    told = Told()
    watch = watching(ledger, told, Monitoring(started=False, health_every_s=0, presence=False))
    watch.begin(0, {})
    watch.hear(Status(service="alerter", state="offline"), 0)
    lived(watch, 0, 4000)

    assert [] == told.events


def test_a_service_that_is_gone_is_told_once_also_by_the_next_process(ledger: Ledger):
    """A retained last will is heard again at every start: it is no change."""
    told = Told()
    for _ in range(3):
        watch = watching(ledger, told, Monitoring(started=False))
        watch.begin(0, {})
        watch.hear(Status(service="alerter", state="offline"), 1)
        lived(watch, 1, 60)

    assert ["system.service.offline"] == told.types()


def test_a_broker_that_restarts_makes_nobody_go(ledger: Ledger):
    """Cut off for a minute; last wills on the way back, then everybody is online again."""
    told = Told()
    watch = watching(ledger, told, Monitoring(started=False))
    watch.begin(0, {})
    watch.hear(Status(service="alerter", state="online", epoch="e"), 0)
    lived(watch, 0, 30)
    watch.hear(Status(service="alerter", state="offline"), 30)
    lived(watch, 30, 90, connected=False)
    lived(watch, 90, 100)
    watch.hear(Status(service="alerter", state="online", epoch="e"), 100)
    lived(watch, 100, 200)

    assert [] == told.types()


def test_the_room_on_the_disk_is_measured(tmp_path):
    """Of the ledger and its log, and what is free; nothing of a ledger in memory."""
    (tmp_path / "ledger.sqlite").write_bytes(b"x" * 10)
    (tmp_path / "ledger.sqlite-wal").write_bytes(b"x" * 5)
    used, free = disk(str(tmp_path / "ledger.sqlite"))

    assert (15, True) == (used, free is not None and free > 0)
    assert (None, None) == disk(":memory:")
