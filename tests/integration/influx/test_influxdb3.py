"""What is true of InfluxDB 3 Core alone: the names and numbers it takes, and how much of the past it reads."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from services.counter_store.adapters.influx.point_stores import open_point_store
from services.counter_store.adapters.influx.query import InfluxQuery
from services.counter_store.adapters.influx.setup import prepare
from services.counter_store.core.influx.ports import PointStore, Refused, Unavailable
from services.counter_store.settings import InfluxSettings
from tests.conftest import Require
from tests.support.influx.influxdb3 import Influx3
from tests.support.influx.paging import read
from upskeep.influxdb.setup import LOOK_BACK, setup

pytestmark = pytest.mark.influxdb
_numbers = itertools.count()


@pytest.fixture(scope="module")
def influxdb3(require: Require, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influx3]:
    """One server for all; each test has databases of its own."""
    with Influx3.running(require, tmp_path_factory.mktemp("influxdb3")) as server:
        yield server


@pytest.fixture
def given(influxdb3: Influx3) -> Iterator[InfluxSettings]:
    """A place of a test's own."""
    place = f"upskeep{next(_numbers)}"
    yield influxdb3.settings(place)
    influxdb3.forget(place)


def test_setting_up_says_how_it_is_to_be_started(given: InfluxSettings) -> None:
    """Else it shows a month of its past after a restart."""
    assert LOOK_BACK == setup(given, dry_run=True)[0][-1]


@pytest.mark.parametrize("api", ["v2", "v1"])
def test_a_name_that_it_does_not_take_loses_nothing(influxdb3: Influx3, api: str) -> None:
    """The lines wait, and the answer says why; so does that of a sixth database, which it does not take either."""
    for name in ("a b", "_x", "a/b/c"):
        wrong = influxdb3.settings(name, api=api)
        with closing(open_point_store(wrong)) as store, pytest.raises(Unavailable, match=r"answered 400: .* name "):
            store.write(["m,site=home v=1.0 1"])


@pytest.mark.parametrize("api", ["v2", "v1"])
def test_a_sixth_database_loses_nothing(influxdb3: Influx3, api: str) -> None:
    """3 Core holds five; there may be others on it than ours."""
    names = [f"full{next(_numbers)}" for _ in range(6)]
    for name in names:
        with closing(open_point_store(influxdb3.settings(name, api=api))) as store:
            if name is names[-1]:
                with pytest.raises(Unavailable, match="would exceed limit of 5 databases"):
                    store.write(["m,site=home v=1.0 1"])
            else:
                store.write(["m,site=home v=1.0 1"])
    influxdb3.forget(*names)


def test_a_batch_with_a_bad_line_is_refused_whole(given: InfluxSettings, influxdb3: Influx3) -> None:
    """A text that was a number before: it takes none of the batch, and then what remains without it."""
    with closing(open_point_store(given)) as store:
        store.write(["m,site=home v=1.0 1"])
        with pytest.raises(Refused, match=influxdb3.quarrel("v")):
            store.write(["m,site=home v=2.0 2", 'm,site=home v="x" 3', "m,site=home v=4.0 4"])
        assert 1 == len(influxdb3.points(given.bucket or "", "m"))
        store.write(["m,site=home v=2.0 2", "m,site=home v=4.0 4"])
    assert [1, 2, 4] == sorted(time_ns for _, time_ns in influxdb3.points(given.bucket or "", "m"))


def ids(settings: InfluxSettings, page: int) -> list[str]:
    """The ids of all events, by the reader that a restore has."""
    with closing(InfluxQuery(settings, "home")) as source:
        found = [event.id for event, _ in read(source, page)]
        assert len(found) == source.count()
    return found


def hourly(store: PointStore, first: int, last: int) -> None:
    """An event an hour, as the suite writes them."""
    for hour in range(first, last):
        time_ns = (1_767_225_600 + hour * 3600) * 10**9
        tags = "event,site=home,type=AC_POWER_LOSS,category=power,severity=critical,device=ups"
        store.write([f'{tags} id="id-{hour}",producer="p",epoch="e",seq={hour}i,data="{{}}",metadata="{{}}" {time_ns}'])


def test_a_bucket_with_a_slash_is_a_database_of_that_name(given: InfluxSettings, influxdb3: Influx3) -> None:
    """3 Core takes no notice of ``rp``: it would answer from the database before the slash."""
    with_policy = given.at(f"{given.bucket}/raw")
    for settings, first in ((given, 0), (with_policy, 2)):
        assert prepare(settings)
        with closing(open_point_store(settings)) as store:
            hourly(store, first, first + 2)
    assert [["id-0", "id-1"], ["id-2", "id-3"]] == [ids(given, 10), ids(with_policy, 10)]
    influxdb3.forget(with_policy.bucket or "")


@pytest.mark.parametrize(("look_back", "kept"), [("100years", range(130, 131)), ("10m", range(100, 130))])
def test_what_is_older_than_it_looks_back_is_gone_after_a_restart(
    require: Require, tmp_path: Path, look_back: str, kept: range
) -> None:
    """Hence what ``upskeep influx setup`` says of 3 Core: at least a hundred snapshots are seen, by default a month."""
    with Influx3.running(require, tmp_path / "server", words=("--wal-snapshot-size", "1")) as server:
        with closing(open_point_store(server.settings())) as store:
            hourly(store, 0, 130)
        server.kill()
        server.words = ("--gen1-lookback-duration", look_back)
        server.start()
        assert len(ids(server.settings(), 1000)) in kept


def test_more_files_than_a_question_may_touch_are_read_all_the_same(require: Require, tmp_path: Path) -> None:
    """And what was written before a restart."""
    limited = ("--query-file-limit", "3", "--wal-snapshot-size", "1")
    with Influx3.running(require, tmp_path / "server", words=limited) as server:
        with closing(open_point_store(server.settings())) as store:
            hourly(store, 0, 24)
        server.kill()
        server.start()
        text = "SELECT id FROM event WHERE time > 0"
        assert "file limit" in str(server.request("GET", "/query", db="upskeep", q=text).data)
        assert [f"id-{hour}" for hour in range(24)] == ids(server.settings(), 5)
