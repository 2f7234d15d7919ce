"""What the next value replaces leaves at QoS 0, and what says something new is confirmed (docs/adr/0061)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from shared.delivery.calm_states import CalmStates
from shared.delivery.records import Records
from shared.delivery.sender import Sender
from shared.ledger import Ledger
from shared.messages import DeviceState, Quality
from shared.mqtt import MqttClient, Publication
from shared.suite import DeliverySettings
from shared.topics import Topics

TIME = datetime(2026, 1, 31, tzinfo=UTC)


class Wire:
    """Takes what it has room for, and notes it."""

    def __init__(self, room: int = 10) -> None:
        self.room = room
        self.sent: list[tuple[int, bytes]] = []

    def publish(self, publication: Publication, token: Any = None) -> bool:  # noqa: ARG002 - nothing is confirmed
        """Take what there is room for."""
        if publication.qos and self.room <= 0:
            return False
        self.sent.append((publication.qos, publication.payload[-20:]))
        return True


@pytest.fixture
def sender() -> Iterator[Sender]:
    with closing(Ledger(":memory:")) as ledger, ledger.transaction():
        yield Sender("event_processor", Topics(), Records(ledger), {}, DeliverySettings())


def state(load: float, power: str = "mains", **more: Any) -> DeviceState:
    return DeviceState(device="ups", time=TIME, quality=Quality.GOOD, power=power, values={"load": load}, **more)


def qos_of(sender: Sender, wire: Wire) -> list[int]:
    """Return the QoS of what leaves now."""
    wire.sent.clear()
    sender.send(cast("MqttClient", wire), 0.0)
    return [qos for qos, _ in wire.sent]


@pytest.mark.parametrize(
    ("states", "calm"),
    [
        ([state(1), state(2)], [False, True]),
        ([state(1), state(1, "battery"), state(2, "battery")], [False, False, True]),
        ([state(1), state(2, active=("power.outage",))], [False, False]),
        ([state(1, simulated=True), state(2, simulated=True)], [False, False]),
    ],
)
def test_a_state_is_calm_where_numbers_alone_are_new(states: list[DeviceState], calm: list[bool]) -> None:
    """The first, a word, an event that began, and whatever is played are not."""
    known = CalmStates()

    assert calm == [known.is_calm(each) for each in states]


def test_what_repeats_leaves_at_qos_0_and_after_a_reconnect_at_qos_1(sender: Sender) -> None:
    """The broker may have begun anew."""
    wire = Wire()
    found = []
    for load, repeats in ((1, False), (2, True)):
        sender.retain(state(load), repeats=repeats)
        found.append(qos_of(sender, wire))
    sender.connected()
    found.append(qos_of(sender, wire))

    assert [[1], [0], [1]] == found


def test_what_replaces_news_that_had_no_room_is_confirmed_as_they_would_be(sender: Sender) -> None:
    """The new word is in it."""
    full, free = Wire(0), Wire()
    sender.retain(state(1, "battery"))
    nothing = qos_of(sender, full)
    sender.retain(state(2, "battery"), repeats=True)

    assert ([], [1]) == (nothing, qos_of(sender, free))
