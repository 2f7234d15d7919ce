"""A flood of bad messages: the first are kept as dead letters, the rest is counted, and an event names the sender."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from shared.delivery.refusals import BURST, BURST_OF_ALL, SENDERS, Refusals
from shared.messages import Candidate
from shared.mqtt import Publication
from tests.unit.shared.test_wire import HOME, STORE, Scene

PREFIX = f"{HOME}/"


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with ExitStack() as stack:
        yield Scene(tmp_path, stack)


def kept(refusals: Refusals, topic: str, number: int, now: float = 0.0) -> int:
    return sum(refusals.admits(PREFIX + topic, now) for _ in range(number))


def test_one_sender_has_its_own_bucket_which_fills_again() -> None:
    """A neighbour is not harmed by it."""
    refusals = Refusals(PREFIX)
    assert BURST == kept(refusals, "status/evil", 5000)
    assert 1 == kept(refusals, "status/good", 1)
    assert 10 == kept(refusals, "status/evil", 5000, now=10.0)
    assert 5000 - BURST + 4990 == refusals.unkept


def test_the_rest_of_a_topic_makes_nobody_another_sender() -> None:
    """On the wire the speaker is the first level, elsewhere the name behind the kind."""
    refusals = Refusals(PREFIX)
    assert BURST == sum(kept(refusals, f"wire/evil/stream/{number}", 1) for number in range(500))


def test_all_senders_together_have_a_bound_and_so_do_the_buckets() -> None:
    """A flood under many names is one flood."""
    refusals = Refusals(PREFIX)
    assert BURST_OF_ALL == sum(kept(refusals, f"status/{number}", 1) for number in range(5000))
    assert SENDERS == len(refusals._senders)


def test_a_flood_is_reported_once_and_costs_a_bounded_outbox(scene: Scene) -> None:
    """The event goes to whoever makes events; the service goes on."""
    endpoint, _ = scene.start(STORE)
    for _ in range(20):
        for _ in range(100):
            scene.broker.route(Publication(f"{HOME}/wire/sensor_reader/stream/raw", b"boo"))
        endpoint.turn(0)
    endpoint.turn(0)
    rows = endpoint.records.db.execute("SELECT payload FROM outbox WHERE stream = 'ingest'").fetchall()
    (offer,) = [Candidate.model_validate_json(payload) for (payload,) in rows]

    assert BURST == len(scene.on("deadletter"))
    assert ("system.input.flood", "wire/sensor_reader") == (offer.type, offer.data["topic"])
    assert 2000 - BURST == endpoint.status().figures["refused_unkept"]
    assert json.loads(scene.on("deadletter")[0].payload)["received_on"].endswith("/stream/raw")
