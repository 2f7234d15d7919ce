"""A real InfluxDB 3 Core: set up, written to, refused by, and read back from."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from services.counter_store.adapters.influx_query import InfluxQuery
from services.counter_store.adapters.influx_setup import prepare
from services.counter_store.adapters.point_stores import open_point_store
from services.counter_store.core.lines import FIRST_NS
from services.counter_store.core.ports import PointStore, Refused, Unavailable
from services.counter_store.settings import InfluxSettings
from tests.contract.test_point_store import (
    Subject,
    test_a_bad_line_is_refused,
    test_a_float_comes_back_to_the_last_bit,
    test_awkward_names_and_texts_arrive_as_they_are,
    test_the_same_point_twice_is_one_point,
    test_times_are_exact_to_the_nanosecond_from_end_to_end,
    test_what_is_written_is_there,
)
from tests.influx.influxdb3 import Influx3, influx3_under
from upskeep.influx import LOOK_BACK, InfluxError, setup

# What every PointStore keeps to, here by ``subject`` below.
__all__ = [
    "test_a_bad_line_is_refused",
    "test_a_float_comes_back_to_the_last_bit",
    "test_awkward_names_and_texts_arrive_as_they_are",
    "test_the_same_point_twice_is_one_point",
    "test_times_are_exact_to_the_nanosecond_from_end_to_end",
    "test_what_is_written_is_there",
]
_numbers = itertools.count()


@pytest.fixture(scope="module")
def influx3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influx3]:
    """One server for all; each test has databases of its own."""
    with influx3_under(tmp_path_factory.mktemp("influxdb3")) as server:
        yield server


@pytest.fixture
def given(influx3: Influx3, tmp_path: Path) -> Iterator[InfluxSettings]:
    """Places of a test's own."""
    here, apart = (f"{name}{next(_numbers)}" for name in ("upskeep", "readings"))
    yield influx3.settings(here, token_file=tmp_path / "token", readings_to=apart, readings_days=90)
    influx3.forget(here, apart)


@pytest.fixture(params=["v2", "v1"])
def subject(request: pytest.FixtureRequest, influx3: Influx3, tmp_path: Path) -> Iterator[Subject]:
    """Both write APIs; the password of the older is the token."""
    place = f"contract{next(_numbers)}"
    settings = influx3.settings(place, token_file=tmp_path / "token")
    if request.param == "v1":
        more = {"api": "v1", "database": place, "username": "anybody", "password_file": tmp_path / "token"}
        settings = settings.model_copy(update=more)
    with closing(open_point_store(settings)) as store:
        yield Subject(store, lambda name: influx3.points(place, name))
    influx3.forget(place)


def test_it_is_set_up_and_a_second_time_there_is_nothing_to_do(given: InfluxSettings) -> None:
    """With how long each place keeps, which it shows; a person may change it."""
    here, apart = given.bucket, given.readings_to
    lines, good = setup(given, dry_run=True)
    assert [
        f"{here}: is not there, or may not be seen; to be kept for ever",
        f"  would run: influxdb3 create database {here}",
        f"{apart}: is not there, or may not be seen; to be kept for 90 days",
        f"  would run: influxdb3 create database --retention-period 2160h {apart}",
    ] == lines[1:5]
    assert prepare(given)
    assert [f"{here}: is there, kept for ever", f"{apart}: is there, kept for 90 days"] == setup(given, dry_run=False)[
        0
    ][1:3]

    week = given.model_copy(update={"readings_days": 7})
    assert prepare(week)
    assert LOOK_BACK == setup(week, dry_run=True)[0][-1]
    assert f"{apart}: is there, kept for 90 days; wanted for 7 days: done" == setup(week, dry_run=False)[0][2]
    assert f"{apart}: is there, kept for 7 days" == setup(week, dry_run=False)[0][2]
    assert good


def test_a_wrong_token_is_told_and_loses_nothing(given: InfluxSettings, influx3: Influx3, tmp_path: Path) -> None:
    """The right one, put into the file, is picked up."""
    (tmp_path / "token").write_text("apiv3_wrong")
    with pytest.raises(InfluxError, match=r"answered 401: .*; check the token"):
        setup(given, dry_run=False)
    with closing(open_point_store(given)) as store:
        with pytest.raises(Unavailable, match=r"answered 401: .*; check the token"):
            store.write(["m,site=home v=1.0 1"])
        (tmp_path / "token").write_text(influx3.token)
        store.write(["m,site=home v=1.0 1"])
    assert 1 == len(influx3.points(given.bucket or "", "m"))


@pytest.mark.parametrize("api", ["v2", "v1"])
def test_a_name_that_it_does_not_take_loses_nothing(given: InfluxSettings, tmp_path: Path, api: str) -> None:
    """The lines wait, and the answer says why; so does that of a sixth database, which it does not take either."""
    login = {"api": api, "username": "anybody", "password_file": tmp_path / "token", "readings_to": None}
    for name in ("a b", "_x", "a/b/c"):
        wrong = given.model_copy(update=login | {"bucket": name, "database": name})
        with closing(open_point_store(wrong)) as store, pytest.raises(Unavailable, match=r"answered 400: .* name "):
            store.write(["m,site=home v=1.0 1"])


@pytest.mark.parametrize("api", ["v2", "v1"])
def test_a_sixth_database_loses_nothing(influx3: Influx3, tmp_path: Path, api: str) -> None:
    """3 Core holds five; there may be others on it than ours."""
    login = {"api": api, "username": "anybody", "password_file": tmp_path / "token", "readings_to": None}
    names = [f"full{next(_numbers)}" for _ in range(6)]
    for name in names:
        settings = influx3.settings(name, token_file=tmp_path / "token", **login, database=name)
        with closing(open_point_store(settings)) as store:
            if name is names[-1]:
                with pytest.raises(Unavailable, match="would exceed limit of 5 databases"):
                    store.write(["m,site=home v=1.0 1"])
            else:
                store.write(["m,site=home v=1.0 1"])
    influx3.forget(*names)


def test_one_bad_line_keeps_no_other_from_being_stored(given: InfluxSettings, influx3: Influx3) -> None:
    """A text that was a number before: it takes none of the batch, and then what remains without it."""
    with closing(open_point_store(given)) as store:
        store.write(["m,site=home v=1.0 1"])
        with pytest.raises(Refused, match="parse failed: invalid column type for column 'v'"):
            store.write(["m,site=home v=2.0 2", 'm,site=home v="x" 3', "m,site=home v=4.0 4"])
        assert 1 == len(influx3.points(given.bucket or "", "m"))
        store.write(["m,site=home v=2.0 2", "m,site=home v=4.0 4"])
    assert [1, 2, 4] == sorted(time_ns for _, time_ns in influx3.points(given.bucket or "", "m"))


def test_readings_older_than_their_place_keeps_are_forgotten(given: InfluxSettings, influx3: Influx3) -> None:
    """They are no refusal, and the rest arrives."""
    assert prepare(given)
    with closing(open_point_store(given)) as store:
        store.write(["reading,site=home v=1.0 1000", "counter,site=home total=1i 1000"])
    assert ([], 1) == (
        influx3.query(given.readings_to or "", "SELECT * FROM reading"),
        len(influx3.points(given.bucket or "", "counter")),
    )


def read(settings: InfluxSettings, page: int) -> list[str]:
    """The ids of all events, by the reader that a restore has."""
    at_ns, skip, ids = FIRST_NS, 0, list[str]()
    with closing(InfluxQuery(settings, "home")) as source:
        while True:
            found = source.read(at_ns, skip, page)
            ids += [event.id for event, _ in found.events]
            at_ns, skip = found.at_ns, found.skip
            if found.last:
                assert len(ids) == source.count()
                return ids


def test_nothing_to_read_is_no_fault(given: InfluxSettings) -> None:
    """No database, then no table."""
    assert [] == read(given, 10)
    assert prepare(given)
    assert [] == read(given, 10)


def hourly(store: PointStore, first: int, last: int) -> None:
    """An event an hour, as the suite writes them."""
    for hour in range(first, last):
        time_ns = (1_767_225_600 + hour * 3600) * 10**9
        tags = "event,site=home,type=AC_POWER_LOSS,category=power,severity=critical,device=ups"
        store.write([f'{tags} id="id-{hour}",producer="p",epoch="e",seq={hour}i,data="{{}}",metadata="{{}}" {time_ns}'])


def test_a_bucket_with_a_slash_is_a_database_of_that_name(given: InfluxSettings, influx3: Influx3) -> None:
    """3 Core takes no notice of ``rp``: it would answer from the database before the slash."""
    with_policy = given.model_copy(update={"bucket": f"{given.bucket}/raw", "readings_to": None})
    for settings, first in ((given, 0), (with_policy, 2)):
        assert prepare(settings)
        with closing(open_point_store(settings)) as store:
            hourly(store, first, first + 2)
    assert [["id-0", "id-1"], ["id-2", "id-3"]] == [read(given, 10), read(with_policy, 10)]
    influx3.forget(with_policy.bucket or "")


@pytest.mark.parametrize(("look_back", "kept"), [("100years", range(130, 131)), ("10m", range(100, 130))])
def test_what_is_older_than_it_looks_back_is_gone_after_a_restart(tmp_path: Path, look_back: str, kept: range) -> None:
    """Hence what ``upskeep influx setup`` says of 3 Core: at least a hundred snapshots are seen, by default a month."""
    with influx3_under(tmp_path / "server", "--wal-snapshot-size", "1") as server:
        settings = server.settings(token_file=tmp_path / "token")
        with closing(open_point_store(settings)) as store:
            hourly(store, 0, 130)
        server.kill()
        server.start("--gen1-lookback-duration", look_back)
        assert len(read(settings, 1000)) in kept


def test_more_files_than_a_question_may_touch_are_read_all_the_same(tmp_path: Path) -> None:
    """And what was written before a restart."""
    limited = ("--query-file-limit", "3", "--wal-snapshot-size", "1")
    with influx3_under(tmp_path / "server", *limited) as server:
        settings = server.settings(token_file=tmp_path / "token")
        with closing(open_point_store(settings)) as store:
            hourly(store, 0, 24)
        server.kill()
        server.start(*limited)
        text = "SELECT id FROM event WHERE time > 0"
        assert "file limit" in str(server.request("GET", "/query", db="upskeep", q=text).data)
        assert [f"id-{hour}" for hour in range(24)] == read(settings, 5)
