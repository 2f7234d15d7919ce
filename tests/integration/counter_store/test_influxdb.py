"""Counting, queueing and shipping together, to a real InfluxDB that is killed, locked or set wrongly."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.counter_store.adapters.influx.point_stores import open_point_store
from services.counter_store.adapters.influx.setup import prepare
from services.counter_store.adapters.influx.shipper import Shipper
from services.counter_store.adapters.tables.point_queue import PointQueue
from services.counter_store.service import LEDGER_SCHEMA, CounterStore
from services.counter_store.settings import CounterStoreSettings, InfluxSettings
from shared.clock import SYSTEM_CLOCK
from shared.delivery.handler import InMemoryPublisher
from shared.ledger import Ledger
from tests.support.fakes.point_store import parse_line
from tests.support.influx.influxd import TOKEN, Front, InfluxServer, Points
from tests.support.influx.influxd2 import InfluxServer2
from tests.support.influx.influxdb3 import Influx3
from tests.support.store_messages import event, frame

pytestmark = pytest.mark.influxdb


class Bench:
    """A counter store on a ledger in a file, and a shipper that is stepped by hand."""

    def __init__(self, ledger: Ledger, influx: InfluxSettings) -> None:
        self.ledger = ledger
        self.store = CounterStore(CounterStoreSettings(influx=influx), ledger, InMemoryPublisher(), site="home")
        prepare(influx)
        self.points = open_point_store(influx)
        self.shipper = Shipper(ledger.path, self.points, influx, clock=SYSTEM_CLOCK.wall)
        self.queue = PointQueue(ledger)

    def count(self, first: int, last: int) -> None:
        """One batch: an event and a frame a second."""
        with self.ledger.transaction():
            for number in range(first, last):
                self.store.apply(event(number, number, data={"value": number}))
                self.store.apply(frame(number, number))
            self.store.flush()

    def hour(self, hour: int) -> None:
        """An hour of simulated time in one batch: an event and a frame every 30 s."""
        with self.ledger.transaction():
            for number in range(hour * 120, hour * 120 + 120):
                self.store.apply(event(number, number * 30))
                self.store.apply(frame(number, number * 30))
            self.store.flush()

    def queued(self) -> Points:
        """What InfluxDB should hold once all that waits is shipped."""
        parsed = [parse_line(point.line) for point in self.queue.oldest(100_000)]
        return {(point.series, point.time_ns): point.fields for point in parsed}


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """In a file, so that a second connection can open it."""
    with closing(Ledger(tmp_path / "ledger.db", LEDGER_SCHEMA)) as opened:
        yield opened


KINDS = ("reading", "event", "counter", "health")


def stored(influxdb: InfluxServer) -> Points:
    """Every point in the database of these tests."""
    return {k: v for name in KINDS for k, v in influxdb.points("upskeep", name).items()}


def test_everything_counted_arrives_and_reads_the_same(influxdb: InfluxServer, ledger: Ledger) -> None:
    """Readings, events and the counter, field for field."""
    bench = Bench(ledger, influxdb.settings())
    bench.count(0, 100)
    expected = bench.queued()
    bench.shipper.ship(bench.queue)
    bench.points.close()

    assert 201 == len(expected)
    assert expected == stored(influxdb)
    assert 100 == influxdb.query("upskeep", "SELECT last(total) FROM counter")[0]["values"][0][1]


def test_fields_have_one_type_each(influxdb: InfluxServer, ledger: Ledger) -> None:
    """Numbers are floats, counts integers: no later reading can quarrel with an earlier one."""
    bench = Bench(ledger, influxdb.settings())
    bench.count(0, 2)
    bench.shipper.ship(bench.queue)
    bench.points.close()
    found = influxdb.query("upskeep", "SHOW FIELD KEYS")

    assert {
        "counter": [["total", "integer"]],
        "event": [
            *([name, "string"] for name in ("data", "epoch", "id", "metadata", "producer")),
            *(["seq", "integer"], ["value", "float"]),
        ],
        "reading": [["battery_voltage", "float"], ["quality", "string"]],
    } == {series["name"]: series["values"] for series in found}


def test_a_server_killed_and_started_again_lacks_nothing(influxdb: InfluxServer, ledger: Ledger) -> None:
    """Counting goes on meanwhile, the points wait, and in the end all are there, each once."""
    bench = Bench(ledger, influxdb.settings())
    bench.count(0, 50)
    expected = bench.queued()
    bench.shipper.ship(bench.queue)
    influxdb.kill()
    bench.count(50, 100)
    expected |= bench.queued()
    wait_s = bench.shipper.ship(bench.queue)
    away = bench.shipper.figures()
    influxdb.start()
    bench.shipper.ship(bench.queue)
    back = bench.shipper.figures()
    bench.points.close()

    assert 0 < wait_s <= 1
    assert (100, 102) == (bench.store.figures()["counted"], away["influx_pending"])
    assert f"{influxdb.url} cannot be reached: " in str(away["influx_last_error"])
    assert (0, "") == (back["influx_pending"], back["influx_last_error"])
    assert expected == stored(influxdb)


def test_after_a_day_without_influxdb_the_series_are_those_of_a_day_with_it(
    influxdb: InfluxServer, ledger: Ledger, tmp_path: Path
) -> None:
    """A day of simulated time, a reading and an event every 30 s, a ship attempted every hour: nothing differs."""
    here = influxdb.settings()
    with closing(Ledger(tmp_path / "undisturbed.db", LEDGER_SCHEMA)) as other:
        undisturbed = Bench(other, influxdb.settings("undisturbed"))
        for hour in range(24):
            undisturbed.hour(hour)
            undisturbed.shipper.ship(undisturbed.queue)
        undisturbed.points.close()
    bench = Bench(ledger, here)
    influxdb.kill()
    for hour in range(24):
        bench.hour(hour)
        bench.shipper.ship(bench.queue)
    assert 24 == bench.shipper.state.failures
    influxdb.start()
    while bench.queue.pending():
        bench.shipper.ship(bench.queue)
        assert (0, "") == (bench.shipper.state.failures, bench.shipper.state.last_error)
    bench.points.close()

    measurements = ("reading", "event", "counter")
    expected = {name: influxdb.points("undisturbed", name) for name in measurements}
    assert [2880, 2880, 24] == [len(expected[name]) for name in measurements]
    assert expected == {name: influxdb.points("upskeep", name) for name in measurements}


def test_a_point_that_quarrels_is_set_aside_and_the_rest_arrive(influxdb: InfluxServer, ledger: Ledger) -> None:
    """A channel that was a number turns up as a text."""
    bench = Bench(ledger, influxdb.settings())
    bench.count(0, 5)
    with ledger.transaction():
        bench.store.apply(frame(5, 5, {"battery_voltage": "unplugged"}))
        bench.store.flush()
    bench.count(6, 10)
    bench.shipper.ship(bench.queue)
    bench.points.close()
    ((line, reason),) = bench.queue.refused()

    assert "unplugged" in line
    assert influxdb.quarrel("battery_voltage") in reason
    assert (9, 9, 0) == (
        len(influxdb.points("upskeep", "reading")),
        len(influxdb.points("upskeep", "event")),
        bench.queue.pending(),
    )


@dataclass(frozen=True, slots=True)
class Guarded:
    """A server that asks for a token: where it is, what holds its points, the token, and what it says to another."""

    url: str
    server: InfluxServer
    token: str
    said: str


@pytest.fixture(params=["v2_front", "influxd2", "influxdb3"])
def guarded(request: pytest.FixtureRequest) -> Guarded:
    """The v2 write API before a real 1.x, and those that have it themselves."""
    server: Front | InfluxServer2 | Influx3 = request.getfixturevalue(request.param)
    if isinstance(server, Influx3):
        return Guarded(server.url, server, server.token, "the request was not authenticated")
    if isinstance(server, Front):
        return Guarded(server.url, server.server, TOKEN, "unauthorized access")
    assert prepare(server.settings())  # 2.x makes no bucket by itself
    return Guarded(server.url, server, TOKEN, "unauthorized access")


def test_a_wrong_token_is_reported_and_loses_nothing(guarded: Guarded, ledger: Ledger, tmp_path: Path) -> None:
    """The points wait and the figures say why; the right one, put into the file, is picked up."""
    token = tmp_path / "token"
    token.write_text("wrong")
    settings = InfluxSettings(enabled=True, url=guarded.url, org="home", bucket="upskeep", token_file=token)
    bench = Bench(ledger, settings)
    bench.count(0, 20)
    expected = bench.queued()
    bench.shipper.ship(bench.queue)
    wrong = bench.shipper.figures()
    token.write_text(f"{guarded.token}\n")
    bench.shipper.ship(bench.queue)
    right = bench.shipper.figures()
    bench.points.close()

    said = f"answered 401: {guarded.said}; check the token, or the username and password"
    assert f"{guarded.url} {said}" == wrong["influx_last_error"]
    assert (41, 0, "") == (wrong["influx_pending"], right["influx_pending"], right["influx_last_error"])
    assert expected == stored(guarded.server)


def test_a_bucket_that_is_not_there_is_waited_for(influxd2: InfluxServer2, ledger: Ledger) -> None:
    """2.x makes none by itself: taken away, nothing is lost; made again, everything arrives."""
    bench = Bench(ledger, influxd2.settings())
    bench.count(0, 10)
    expected = bench.queued()
    influxd2.remove_bucket("upskeep")
    bench.shipper.ship(bench.queue)
    assert 'bucket "upskeep" not found; check url, org and bucket' in bench.shipper.state.last_error
    assert prepare(influxd2.settings())
    bench.shipper.ship(bench.queue)
    bench.points.close()

    assert expected == stored(influxd2)


def test_the_shippers_thread_ships_while_the_store_counts(influxdb: InfluxServer, ledger: Ledger) -> None:
    """Two connections to one ledger: neither hinders the other."""
    settings = influxdb.settings().model_copy(update={"batch_points": 50, "idle_s": 0.001})
    bench = Bench(ledger, settings)
    bench.shipper.start()
    for first in range(0, 300, 10):
        bench.count(first, first + 10)
    while bench.queue.pending():  # ends: either the points get through, or the thread complains or dies
        assert (True, "") == (bench.shipper.alive, bench.shipper.state.last_error)
    alive = bench.shipper.alive
    bench.shipper.stop()

    assert (True, False) == (alive, bench.shipper.alive)
    assert (300, 300) == (len(influxdb.points("upskeep", "event")), len(influxdb.points("upskeep", "reading")))
