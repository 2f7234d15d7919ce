"""A lost ledger is filled again from a real InfluxDB, exactly: by itself and behind the v2 write API."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from services.counter_store.adapters.influx.point_stores import open_point_store
from services.counter_store.adapters.influx.query import InfluxQuery
from services.counter_store.adapters.influx.setup import prepare
from services.counter_store.adapters.influx.shipper import Shipper
from services.counter_store.adapters.tables.point_queue import PointQueue
from services.counter_store.application import restore
from services.counter_store.application.restore import Restorer
from services.counter_store.core.influx.ports import Unavailable
from services.counter_store.service import LEDGER_SCHEMA, CounterStore
from services.counter_store.settings import CounterStoreSettings, InfluxSettings
from shared.clock import SYSTEM_CLOCK
from shared.delivery.handler import InMemoryPublisher
from shared.ledger import Ledger
from tests.integration.ledger.test_service import House
from tests.support.brokers import EMBEDDED, Broker
from tests.support.influx.influxd import InfluxServer
from tests.support.store_messages import event
from upskeep.outcome import OF_THE_SUITE

pytestmark = pytest.mark.influxdb
TYPES = ("AC_POWER_LOSS", "BATTERY_LOW", "CHARGING_STARTED")


class Life:
    """The store over one ledger: made anew where the file is not there."""

    def __init__(self, ledger: Ledger, influx: InfluxSettings) -> None:
        self.ledger, self.influx = ledger, influx
        with ledger.transaction():
            restore.begin_if_new(ledger)
        self.store = CounterStore(CounterStoreSettings(influx=influx), ledger, InMemoryPublisher(), site="home")

    def count(self, *numbers: int) -> None:
        """Eight events share each instant: two or three of each type."""
        with self.ledger.transaction():
            for n in numbers:
                self.store.apply(event(n, n // 8, TYPES[n % 3], device=f"ups{n % 2}", data={"v": n, "on": True}))
            self.store.flush()

    def totals(self) -> dict[str, int]:
        return {counter.type: counter.total for counter in self.store.counters()}

    def rows(self) -> list[tuple[object, ...]]:
        query = "SELECT id, type, time_us, seq, severity, device, data, point_ns FROM event ORDER BY id"
        return self.ledger.db.execute(query).fetchall()

    def restore(self, page: int = 5000) -> int:
        """Read back to the end and give points to what has none; returns how many events were new."""
        progress = restore.load(self.ledger)
        with closing(InfluxQuery(self.influx, "home")) as source:
            while progress.phase == "read":
                with self.ledger.transaction():
                    progress = self.store.restore_page(source.read(progress.at_ns, progress.skip, page))
                    self.store.flush()
        while progress.phase == "fill":
            with self.ledger.transaction():
                progress = self.store.fill(7)
                self.store.flush()
        return progress.new

    def ship(self) -> None:
        shipper = Shipper(self.ledger.path, open_point_store(self.influx), self.influx, clock=SYSTEM_CLOCK.wall)
        with closing(shipper._store):
            shipper.ship(PointQueue(self.ledger))
        assert ("", 0) == (shipper.state.last_error, shipper.state.refused)


@contextmanager
def life(path: Path, influx: InfluxSettings) -> Iterator[Life]:
    with closing(Ledger(path, LEDGER_SCHEMA)) as ledger:
        yield Life(ledger, influx)


def lose(path: Path, influx: InfluxSettings, number: int) -> None:
    """Leave so many events in InfluxDB, counted by a ledger that nobody has from now on."""
    with life(path, influx) as before:
        before.restore()
        before.count(*range(number))
        before.ship()


@pytest.fixture
def influx(influxdb: InfluxServer) -> InfluxSettings:
    """Each version of the server, set up."""
    assert prepare(influxdb.settings())
    return influxdb.settings()


def events_held(influxd: InfluxServer) -> list[str]:
    return sorted(str(fields["id"]) for fields in influxd.points("upskeep", "event").values())


@pytest.mark.parametrize("page", [1, 4, 5000])
def test_a_lost_ledger_is_filled_exactly(influx: InfluxSettings, tmp_path: Path, page: int) -> None:
    """Same totals, same events, same places in InfluxDB; pages that end among points of one instant lose none."""
    with life(tmp_path / "before", influx) as before:
        before.restore()
        before.count(*range(60))
        before.ship()
        with life(tmp_path / "after", influx) as after:
            assert 60 == after.restore(page)
            assert before.totals() == after.totals()
            assert before.rows() == after.rows()


def test_what_comes_while_influxdb_is_unread_is_counted_once(
    influx: InfluxSettings, influxdb: InfluxServer, tmp_path: Path
) -> None:
    """Repeated events are known by their id; new ones get a point of their own beside those that were there."""
    lose(tmp_path / "before", influx, 40)
    with life(tmp_path / "after", influx) as after:
        after.count(*range(30, 50))  # 30 to 39 come again from the producer's outbox
        assert 20 == sum(after.totals().values())
        assert 30 == after.restore()
        assert 50 == sum(after.totals().values())
        after.count(*range(45, 52))
        after.ship()
    assert sorted(f"id-{n}" for n in range(52)) == events_held(influxdb)


def test_another_sites_events_are_not_counted(influx: InfluxSettings, tmp_path: Path) -> None:
    """Two sites may share a database."""
    with life(tmp_path / "before", influx) as before:
        before.restore()
        with before.ledger.transaction():
            before.store.apply(event(1, 1, site="cabin"))
            before.store.flush()
        before.count(2, 3)
        before.ship()
    with life(tmp_path / "after", influx) as after:
        assert 2 == after.restore()


def test_a_first_start_finds_nothing(influxdb: InfluxServer, tmp_path: Path) -> None:
    """No database yet is no fault, nor is one that holds nothing."""
    influx = influxdb.settings()
    for name in ("no database", "an empty one"):
        with life(tmp_path / name, influx) as first:
            assert 0 == first.restore()
            assert "done" == restore.load(first.ledger).phase
        with closing(InfluxQuery(influx, "home")) as source:
            assert 0 == source.count()
        assert prepare(influx)


def test_the_service_reads_back_and_says_so(
    influxd: InfluxServer, tmp_path: Path, start_broker: Callable[..., Broker]
) -> None:
    """As a process: it goes live, restores, and the event of it is counted and shipped like any other."""
    influx = InfluxSettings(enabled=True, api="v1", url=influxd.url, database="upskeep")
    lose(tmp_path / "before", influx, 20)
    house = House(tmp_path, start_broker(EMBEDDED))
    house.environ |= {f"UPSKEEP_COUNTER_STORE__INFLUX__{k.upper()}": str(getattr(influx, k)) for k in ("api", "url")}
    house.environ["UPSKEEP_COUNTER_STORE__INFLUX__ENABLED"] = "true"
    try:
        for service in ("event_processor", "counter_store"):
            house.start(service)
        (told,) = house.until("SELECT data FROM event WHERE type = 'system.ledger.restored'")
        assert '"events_restored":20' in told
        of_the_suite = ", ".join(f"'{kind}'" for kind in sorted(OF_THE_SUITE))
        assert ["21"] == house.ask(f"SELECT sum(total) FROM counter WHERE type NOT IN ({of_the_suite})")  # noqa: S608
        house.until("SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM point)")
    finally:
        for process in house.running:
            process.kill()
            process.wait()
    assert {f"id-{n}" for n in range(20)} <= set(events_held(influxd))
    assert 22 == len(events_held(influxd))  # those, system.ledger.restored, and the processor's own start


def test_the_reader_waits_while_influxdb_is_away(
    influxdb: InfluxServer, influx: InfluxSettings, tmp_path: Path
) -> None:
    """It says why, and goes on when the server is back."""
    lose(tmp_path / "before", influx, 5)
    influxdb.kill()
    with closing(InfluxQuery(influx, "home")) as source, pytest.raises(Unavailable, match="cannot be reached"):
        source.read(0, 0, 10)
    restorer = Restorer(InfluxQuery(influx, "home"), restore.RestoreProgress(), longest_wait_s=1)
    restorer.start()
    influxdb.start()
    page = restorer._pages.get(timeout=90)
    restorer.stop(5)
    assert (5, True) == (len(page.events), page.last)
