"""One step of the shipper at a time, without its thread."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from services.counter_store.adapters.influx.shipper import Shipper
from services.counter_store.adapters.tables.point_queue import SCHEMA, PointQueue
from services.counter_store.core.influx.ports import Unavailable
from services.counter_store.settings import InfluxSettings
from shared.ledger import Ledger
from tests.support.fakes.point_store import FakePointStore
from tests.support.store_messages import START

SETTINGS = InfluxSettings(batch_points=10, max_refused_points=2, idle_s=1, longest_wait_s=60)


class Bench:
    """A queue, a store, and a shipper between them whose jitter never shortens a wait."""

    def __init__(self, ledger: Ledger) -> None:
        self.queue = PointQueue(ledger)
        self.store = FakePointStore()
        self.shipper = Shipper(":memory:", self.store, SETTINGS, jitter=lambda: 1.0, clock=lambda: START)

    def add(self, *lines: str) -> None:
        self.queue.add(lines, max_points=1000)

    def ship(self) -> float:
        return self.shipper.ship(self.queue)


@pytest.fixture
def bench() -> Iterator[Bench]:
    ledger = Ledger(":memory:", [SCHEMA])
    yield Bench(ledger)
    ledger.close()


def lines(count: int) -> list[str]:
    return [f"m v=1.0 {number}" for number in range(count)]


def test_what_is_written_leaves_the_queue(bench: Bench) -> None:
    """In batches; a full one is followed at once, a short one after a rest."""
    bench.add(*lines(15))

    assert [0.0, 1.0] == [bench.ship(), bench.ship()]
    assert ([10, 5], 15, 0) == (bench.store.writes, len(bench.store.points), bench.queue.pending())


def test_an_empty_queue_writes_nothing(bench: Bench) -> None:
    """An empty body would be a 400."""
    assert (1.0, []) == (bench.ship(), bench.store.writes)


def test_while_the_store_is_away_every_line_is_kept(bench: Bench) -> None:
    """The waits grow, the reason is shown, and all of it goes when the store is back."""
    bench.add(*lines(5))
    bench.store.failure = Unavailable("connection refused")

    assert [1.0, 2.0, 4.0] == [bench.ship(), bench.ship(), bench.ship()]
    assert (5, "connection refused") == (bench.queue.pending(), bench.shipper.figures()["influx_last_error"])

    bench.store.failure = None
    bench.ship()

    assert (0, 5, "") == (bench.queue.pending(), len(bench.store.points), bench.shipper.figures()["influx_last_error"])


def test_the_servers_retry_after_is_kept(bench: Bench) -> None:
    """A server that asks for a minute gets a minute."""
    bench.add(*lines(1))
    bench.store.failure = Unavailable("429", retry_after_s=77)

    assert 77.0 == bench.ship()


def test_a_refused_line_is_set_aside_and_the_others_arrive(bench: Bench) -> None:
    """With the server's reason, and no line waits behind it."""
    bench.add("m v=1.0 1", "m v=2.0 2", 'm v="text" 3', "m v=4.0 4")
    bench.ship()

    assert [1, 2, 4] == [time_ns for _, time_ns in bench.store.points]
    assert [
        ('m v="text" 3', "partial write: field type conflict: v is str, already exists as float")
    ] == bench.queue.refused()
    assert (0, 3, 1) == (bench.queue.pending(), bench.shipper.state.shipped, bench.shipper.state.refused)


def test_a_server_that_refuses_is_no_longer_away(bench: Bench) -> None:
    """The outage before it is over: its message goes, and the waits begin anew."""
    bench.add("bad 1")
    bench.store.failure = Unavailable("connection refused")
    bench.ship()
    bench.store.failure = None
    bench.ship()

    assert (0, "") == (bench.shipper.state.failures, bench.shipper.state.last_error)


def test_of_the_refused_the_newest_are_kept(bench: Bench) -> None:
    """A server that refuses everything does not fill the disk either."""
    bench.add("bad 1", "bad 2", "bad 3")
    bench.ship()

    assert ["bad 2", "bad 3"] == [line for line, _ in bench.queue.refused()]


def test_a_batch_too_large_is_split(bench: Bench) -> None:
    """413 is about the batch, not about a line."""
    bench.store.most_lines = 3
    bench.add(*lines(10))
    bench.ship()

    assert (10, []) == (len(bench.store.points), bench.queue.refused())


def test_the_bound_drops_the_oldest() -> None:
    """And says how many."""
    ledger = Ledger(":memory:", [SCHEMA])
    queue = PointQueue(ledger)
    dropped = queue.add(lines(7), max_points=5)
    kept = [point.line for point in queue.oldest(10)]
    pending = queue.pending()
    ledger.close()

    assert (2, lines(7)[2:], 5) == (dropped, kept, pending)
