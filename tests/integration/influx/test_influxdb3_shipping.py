"""Counting, queueing and shipping together, to a real InfluxDB 3 Core that is killed or refuses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from services.counter_store.stage import LEDGER_SCHEMA
from shared.ledger import Ledger
from tests.influx.influxd import Points
from tests.influx.influxdb3 import Influx3, influx3_under
from tests.integration.counter_store.test_influxdb import KINDS, Bench
from tests.unit.counter_store.messages import frame


@pytest.fixture
def influx3(tmp_path: Path) -> Iterator[Influx3]:
    """A server of the test's own: it is killed."""
    with influx3_under(tmp_path / "server") as server:
        yield server


@pytest.fixture
def bench(influx3: Influx3, tmp_path: Path) -> Iterator[Bench]:
    """A store and its shipper, stepped by hand."""
    with closing(Ledger(tmp_path / "ledger.db", LEDGER_SCHEMA)) as ledger:
        made = Bench(ledger, influx3.settings())
        yield made
        made.points.close()


def stored(server: Influx3) -> Points:
    """Every point in the database of these tests."""
    return {k: v for name in KINDS for k, v in server.points("upskeep", name).items()}


def test_a_server_killed_and_started_again_lacks_nothing(influx3: Influx3, bench: Bench) -> None:
    """What it had said to have is there; what came meanwhile waits, and in the end all are there, each once."""
    bench.count(0, 50)
    expected = bench.queued()
    bench.shipper.ship(bench.queue)
    influx3.kill()
    bench.count(50, 100)
    expected |= bench.queued()
    bench.shipper.ship(bench.queue)
    away = bench.shipper.figures()
    influx3.start()
    bench.shipper.ship(bench.queue)
    back = bench.shipper.figures()

    assert (102, 0, "") == (away["influx_pending"], back["influx_pending"], back["influx_last_error"])
    assert expected == stored(influx3)


def test_a_point_that_quarrels_is_set_aside_and_the_rest_arrive(influx3: Influx3, bench: Bench) -> None:
    """A channel that was a number turns up as a text."""
    bench.count(0, 5)
    with bench.ledger.transaction():
        bench.store.apply(frame(5, 5, {"battery_voltage": "unplugged"}))
        bench.store.flush()
    bench.count(6, 10)
    bench.shipper.ship(bench.queue)
    ((line, reason),) = bench.queue.refused()

    assert "unplugged" in line
    assert "parse failed: invalid column type for column 'battery_voltage'" in reason
    assert (9, 9, 0) == (
        *(len(influx3.points("upskeep", name)) for name in ("reading", "event")),
        bench.queue.pending(),
    )
