"""What every PointStore keeps to: the fake in memory and the real ones, by one suite."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.counter_store.adapters.influx.point_stores import open_point_store
from services.counter_store.adapters.influx.setup import prepare
from services.counter_store.core.influx.line_protocol import FIRST_NS, LAST_NS, encode_point
from services.counter_store.core.influx.ports import PointStore, Refused
from services.counter_store.settings import InfluxSettings
from tests.conftest import Require
from tests.support.fakes.point_store import FakePointStore, Value
from tests.support.influx.influxd import TOKEN, Front, InfluxServer, Points
from tests.support.influx.influxd2 import InfluxServer2
from tests.support.influx.influxdb3 import Influx3

_numbers = itertools.count()


@dataclass(frozen=True, slots=True)
class Subject:
    """A store, and how to look into it."""

    store: PointStore
    points: Callable[[str], Points]


@pytest.fixture(scope="module")
def influxd(require: Require, tmp_path_factory: pytest.TempPathFactory) -> Iterator[InfluxServer]:
    """One server for all; each test has a database of its own."""
    with InfluxServer.running(require, tmp_path_factory.mktemp("influxd")) as server:
        yield server


@pytest.fixture(scope="module")
def v2_front(influxd: InfluxServer, require: Require) -> Iterator[Front]:
    """The v2 write API before it."""
    with Front.before(influxd, require) as front:
        yield front


@pytest.fixture(scope="module")
def influxd2(require: Require, tmp_path_factory: pytest.TempPathFactory) -> Iterator[InfluxServer2]:
    """A 2.x for all."""
    with InfluxServer2.running(require, tmp_path_factory.mktemp("v2") / "influxd2") as server:
        yield server


@pytest.fixture(scope="module")
def influxdb3(require: Require, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influx3]:
    """A 3 Core for all, where one is named."""
    with Influx3.running(require, tmp_path_factory.mktemp("influxdb3")) as server:
        yield server


@pytest.fixture
def fake() -> Subject:
    """The one in memory."""
    store = FakePointStore()
    return Subject(store, lambda name: {at: fields for at, fields in store.points.items() if at[0][0] == name})


@pytest.fixture
def v1(influxd: InfluxServer) -> Subject:
    """/write of a real 1.x, which makes the database."""
    database = f"contract {next(_numbers)}"
    store = open_point_store(InfluxSettings(enabled=True, api="v1", url=influxd.url, database=database))
    return Subject(store, lambda name: influxd.points(database, name))


@pytest.fixture
def v2_write_api_before_a_real_1x_engine(influxd: InfluxServer, v2_front: Front, tmp_path: Path) -> Subject:
    """/api/v2/write, answered by a front that hands on to the real 1.x."""
    token = tmp_path / "token"
    token.write_text(TOKEN + "\n")
    bucket = f"contract{next(_numbers)}"
    settings = InfluxSettings(enabled=True, url=v2_front.url, org="home", bucket=bucket, token_file=token)
    return Subject(open_point_store(settings), lambda name: influxd.points(bucket, name))


@pytest.fixture
def v2(influxd2: InfluxServer2) -> Subject:
    """/api/v2/write of a real 2.x, in a bucket that is made first."""
    settings = influxd2.settings(f"contract {next(_numbers)}")
    assert prepare(settings)
    return Subject(open_point_store(settings), lambda name: influxd2.points(settings.bucket or "", name))


@pytest.fixture
def v1_of_3_core(influxdb3: Influx3) -> Iterator[Subject]:
    """/write of a real 3 Core, which makes the database."""
    yield from of_3_core(influxdb3, "v1")


@pytest.fixture
def v2_of_3_core(influxdb3: Influx3) -> Iterator[Subject]:
    """/api/v2/write of a real 3 Core, which makes the database too."""
    yield from of_3_core(influxdb3, "v2")


def of_3_core(server: Influx3, api: str) -> Iterator[Subject]:
    """A store in a database of a test's own; 3 Core has room for five."""
    database = f"contract{next(_numbers)}"
    yield Subject(open_point_store(server.settings(database, api=api)), lambda name: server.points(database, name))
    server.forget(database)


REAL = ("v1", "v2", "v2_write_api_before_a_real_1x_engine", "v1_of_3_core", "v2_of_3_core")


@pytest.fixture(params=["fake", *(pytest.param(name, marks=pytest.mark.influxdb) for name in REAL)])
def subject(request: pytest.FixtureRequest) -> Iterator[Subject]:
    """Each of them in turn."""
    found: Subject = request.getfixturevalue(request.param)
    yield found
    found.store.close()


def line(seconds: int, value: float = 1.0) -> str:
    return f"m,site=home v={value} {seconds}"


HOME = ("m", (("site", "home"),))


def test_what_is_written_is_there(subject: Subject) -> None:
    """When write returns, each line is a point that a reader sees."""
    subject.store.write([line(1), line(2, 2.5)])

    assert {(HOME, 1): {"v": 1.0}, (HOME, 2): {"v": 2.5}} == subject.points("m")


def test_the_same_point_twice_is_one_point(subject: Subject) -> None:
    """In one batch or in two: a repeat changes nothing."""
    subject.store.write([line(1), line(1)])
    subject.store.write([line(1)])

    assert {(HOME, 1): {"v": 1.0}} == subject.points("m")


@pytest.mark.parametrize("bad", ["garbage", 'm,site=home v="text" 3', "m,site=home v=3i 3", "m,site=home v= 3"])
def test_a_bad_line_is_refused(subject: Subject, bad: str) -> None:
    """Not a point, or a field of another type than before; what remains without it is taken."""
    subject.store.write([line(1)])
    with pytest.raises(Refused):
        subject.store.write([line(2), bad, line(4)])
    with pytest.raises(Refused):
        subject.store.write([bad])
    subject.store.write([line(2), line(4)])

    assert {1, 2, 4} == {time_ns for _, time_ns in subject.points("m")}


def test_awkward_names_and_texts_arrive_as_they_are(subject: Subject) -> None:
    """Commas, spaces, equals signs, quotes, backslashes in texts, line breaks in texts, and letters of the world."""
    tags = {"a b": "x,y=z", "ü": "°C", '"q"': "#1"}
    fields: dict[str, Value] = {
        "k,=": 1.0,
        "text": 'a "b" \\ c\nd,e=f',
        "end": "back\\",
        "empty": "",
        "yes": True,
        "no": False,
    }
    subject.store.write([str(encode_point("m", tags, fields, 5)), "m w=1 6"])

    series = ("m", tuple(sorted(tags.items())))
    assert {(series, 5): fields, (("m", ()), 6): {"w": 1.0}} == subject.points("m")


@pytest.mark.parametrize("value", [0.1, -0.0, 1e-07, 5e-324, 1e22, 1.7976931348623157e308, 123456789.123456789])
def test_a_float_comes_back_to_the_last_bit(subject: Subject, value: float) -> None:
    """Whatever exponent Python writes."""
    subject.store.write([str(encode_point("m", {}, {"v": value}, 1))])

    assert [{"v": value}] == [*subject.points("m").values()]


def test_times_are_exact_to_the_nanosecond_from_end_to_end(subject: Subject) -> None:
    """The first and last instants there are, and two neighbours today."""
    times_ns = [FIRST_NS, -1, 1767225600_000000000, 1767225600_000000001, LAST_NS]
    subject.store.write([line(time_ns) for time_ns in times_ns])

    assert times_ns == sorted(time_ns for _, time_ns in subject.points("m"))


def test_a_store_can_be_closed_twice() -> None:
    """Before the first write, too."""
    for api in ("v1", "v2"):
        store = open_point_store(InfluxSettings(api=api))
        store.close()
        store.close()
