"""A route that follows retained topics is shown what they say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shared.delivery.hop import Clock, Hop, Route
from shared.ledger.quarantine import open_ledger
from shared.messages import Alert, AlertState, Message, Severity
from shared.mqtt import Publication
from shared.suite import SuiteSettings
from shared.topics import Topics
from tests.fakes.broker import FakeBroker, FakeDoor
from tests.unit.shared.test_suggest import Deaf

NOW = datetime(2026, 11, 22, tzinfo=UTC)
ALERT = Alert(
    rule="hourly_rate",
    key="BATTERY_LOW",
    state=AlertState.FIRING,
    severity=Severity.ERROR,
    since=NOW,
    time=NOW,
    value=3,
    threshold=2,
    window_s=3600,
    reason="over_limit",
    message="three",
)
TOPIC = ALERT.topic(Topics())


class Follower(Deaf):
    """A Stage that keeps what it is shown."""

    def __init__(self) -> None:
        self.seen: list[Message] = []

    def follow(self, message: Message) -> None:
        self.seen.append(message)


@pytest.fixture
def broker() -> FakeBroker:
    return FakeBroker()


@pytest.fixture
def hop(broker: FakeBroker, tmp_path: Path) -> Iterator[Hop]:
    with closing(open_ledger(tmp_path / "ledger.sqlite", (), NOW)) as ledger:
        clock = Clock(wall=lambda: NOW, monotonic=lambda: 0.0)
        route = Route("counter_store", follows=("alert",))
        made = Hop(route, SuiteSettings(), ledger, clock, lambda _, *rest: FakeDoor(broker, *rest))
        made.attach(Follower())
        made.door.open()
        made.turn(0)
        yield made


def seen(hop: Hop, broker: FakeBroker, payload: bytes) -> list[Message]:
    broker.route(Publication(TOPIC, payload, retain=True))
    hop.turn(0)
    stage = hop.stage
    assert isinstance(stage, Follower)
    return stage.seen


def test_a_change_is_shown(hop: Hop, broker: FakeBroker) -> None:
    """As its model."""
    assert [ALERT] == seen(hop, broker, ALERT.model_dump_json().encode())


def test_a_topic_that_is_taken_away_is_not(hop: Hop, broker: FakeBroker) -> None:
    """An empty payload is how a retained value ends."""
    assert [] == seen(hop, broker, b"")


def test_what_cannot_be_read_goes_to_the_dead_letters(hop: Hop, broker: FakeBroker) -> None:
    """And stops nothing."""
    assert [] == seen(hop, broker, b'{"rule": 1}')
    assert 1 == hop.sender.ends()["deadletter"].head
    assert [ALERT] == seen(hop, broker, ALERT.model_dump_json().encode())
