"""Events leave though thousands of states wait for the same places on the wire."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from shared.delivery.records import Records
from shared.delivery.sender import Sender
from shared.ledger import Ledger
from shared.messages import DeviceState, Event, Quality, Severity, Status
from shared.mqtt import MqttClient, Publication
from shared.suite import DeliverySettings
from shared.topics import Topics

TIME = datetime(2026, 1, 31, tzinfo=UTC)
ROOM = 100


class Wire:
    """A client with so many places, of which none becomes free."""

    def __init__(self) -> None:
        self.room = ROOM
        self.sent: list[str] = []

    def publish(self, publication: Publication, token: Any = None) -> bool:  # noqa: ARG002 - nothing is confirmed
        """Take what there is room for."""
        if publication.qos and self.room <= 0:
            return False
        self.room -= publication.qos
        self.sent.append(publication.topic)
        return True


@pytest.fixture
def sender() -> Iterator[Sender]:
    """The processor's sender, with more states than there are places."""
    with closing(Ledger(":memory:")) as ledger, ledger.transaction():
        made = Sender("event_processor", Topics(), Records(ledger), {"event": ("counter_store",)}, DeliverySettings())
        for number in range(3 * ROOM):
            made.retain(DeviceState(device=f"ups{number}", time=TIME, quality=Quality.GOOD))
        made.retain(Status(service="event_processor", state="online"))
        yield made


def test_an_event_does_not_wait_for_the_numbers_of_thousands(sender: Sender) -> None:
    """Nor does a status, which stands behind them."""
    event = Event(id="1", type="AC_POWER_LOSS", category="power", severity=Severity.INFO, time=TIME, site="home")
    sender.emit(event, 0.0)
    sender.write(0.0, 0.0)
    wire = Wire()

    sender.send(cast("MqttClient", wire), 0.0)

    assert {"upskeep/v1/home/wire/event_processor/stream/event", "upskeep/v1/home/status/event_processor"} <= {
        *wire.sent
    }
    assert ROOM // 2 < sum("/state/" in topic for topic in wire.sent)


def test_states_have_all_the_room_while_no_row_waits(sender: Sender) -> None:
    """Nothing else wants it."""
    wire = Wire()

    sender.send(cast("MqttClient", wire), 0.0)

    assert ROOM == sum("/state/" in topic for topic in wire.sent)
