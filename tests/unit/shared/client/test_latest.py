"""What a client has heard of the followed kinds stays within bounds, by number and by bytes."""

from __future__ import annotations

import pytest

from shared.client import latest
from shared.client.latest import LatestValues
from shared.mqtt import Arrived
from shared.mqtt.wire import Receipt
from shared.topics import Topics

TOPICS = Topics("home")
KINDS = frozenset({"counter"})


def counter(kind: str, total: int = 1) -> Arrived:
    time = "2026-01-31T12:00:00Z"
    counts = f'"total": {total}, "last_hour": 1, "last_day": 1'
    payload = f'{{"type": "{kind}", {counts}, "last_time": "{time}", "as_of": "{time}"}}'.encode()
    return Arrived(TOPICS.build("counter", kind), payload, True, Receipt(1, 1))


SIZE = len(counter("T0").payload)


@pytest.mark.parametrize(("topics", "size"), [(3, 10**9), (100, 3 * SIZE)])
def test_values_beyond_the_bounds_are_counted_and_not_kept(
    monkeypatch: pytest.MonkeyPatch, topics: int, size: int
) -> None:
    """Those that are there may change, and what goes makes room."""
    monkeypatch.setattr(latest, "MOST_TOPICS", topics)
    monkeypatch.setattr(latest, "MOST_BYTES", size)
    values = LatestValues(TOPICS, KINDS)
    for number in range(5):
        values.arrived(counter(f"T{number}"))
    values.arrived(counter("T1", 2))

    assert [("T0", 1), ("T1", 2), ("T2", 1)] == [(each.type, each.total) for each in values.of("counter")]
    assert 2 == values.refused
    values.arrived(Arrived(TOPICS.build("counter", "T0"), b"", True, Receipt(1, 1)))
    values.arrived(counter("T4"))
    assert ["T1", "T2", "T4"] == [each.type for each in values.of("counter")]


@pytest.mark.parametrize(("most", "size"), [(3, 10**9), (100, 3 * SIZE)])
def test_the_oldest_updates_that_nobody_fetches_go(monkeypatch: pytest.MonkeyPatch, most: int, size: int) -> None:
    """And are counted."""
    monkeypatch.setattr(latest, "MOST_WAITING", most)
    monkeypatch.setattr(latest, "MOST_WAITING_BYTES", size)
    values = LatestValues(TOPICS, KINDS, remembers=False)
    for number in range(5):
        values.arrived(counter(f"T{number}"))

    assert (2, []) == (values.dropped, values.of("counter"))
    assert ["T2", "T3", "T4"] == [each.type for each in values.updates()]
    assert [] == values.updates()
