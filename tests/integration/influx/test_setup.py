"""Setting up: a real server of each version, and 2.x and 3 Core as their documents describe them."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.counter_store.adapters.influx.point_stores import open_point_store
from services.counter_store.adapters.influx.setup import prepare, set_up
from services.counter_store.core.influx.ports import Refused
from services.counter_store.settings import InfluxSettings
from tests.support.influx.documented import READER, TOKEN, Documented, serving
from tests.support.influx.influxd import TOKEN as FRONT_TOKEN
from tests.support.influx.influxd import Front, InfluxServer
from tests.support.influx.influxd2 import InfluxServer2
from tests.support.influx.influxdb3 import Influx3
from upskeep.influxdb.setup import InfluxError, setup

DAY_S = 86_400


@pytest.fixture(params=["v2.7.12", "3.9.6"])
def documented(request: pytest.FixtureRequest) -> Iterator[Documented]:
    """2.x and 3 Core, empty."""
    with serving(Documented(request.param)) as server:
        yield server


def settings(url: str, tmp_path: Path, token: str = TOKEN, days: int = 90) -> InfluxSettings:
    (tmp_path / "token").write_text(token)
    return InfluxSettings(
        enabled=True,
        url=url,
        org="home",
        bucket="upskeep",
        token_file=tmp_path / "token",
        readings_to="upskeep_readings",
        readings_days=days,
    )


@dataclass(frozen=True, slots=True)
class Words:
    """What one version calls itself, and the commands by which its own program makes both places."""

    version: str
    events: str
    readings: str


WORDS: dict[type[InfluxServer], Words] = {
    InfluxServer: Words(
        r"1\.6\.7~rc0",
        """influx -execute 'CREATE DATABASE "upskeep" WITH DURATION INF NAME "autogen"'""",
        """influx -execute 'CREATE DATABASE "upskeep_readings" WITH DURATION 2160h NAME "autogen"'""",
    ),
    InfluxServer2: Words(
        r"2\.7\.12",
        "influx bucket create --org home --name upskeep --retention 0h",
        "influx bucket create --org home --name upskeep_readings --retention 2160h",
    ),
    Influx3: Words(
        r"3\.\d+\.\d+\S*",
        "influxdb3 create database upskeep",
        "influxdb3 create database --retention-period 2160h upskeep_readings",
    ),
}


@pytest.mark.influxdb
def test_it_is_set_up_and_a_second_time_there_is_nothing_to_do(influxdb: InfluxServer) -> None:
    """A dry run before it says the commands and does nothing."""
    apart, words = influxdb.settings(readings_to="upskeep_readings", readings_days=90), WORDS[type(influxdb)]
    lines, good = setup(apart, dry_run=True)
    assert re.fullmatch(f"InfluxDB {words.version} at {re.escape(influxdb.url)}", lines[0])
    assert [
        "upskeep: is not there, or may not be seen; to be kept for ever",
        f"  would run: {words.events}",
        "upskeep_readings: is not there, or may not be seen; to be kept for 90 days",
        f"  would run: {words.readings}",
    ] == lines[1:5]
    assert good
    assert ["create", "create"] == [done.step.do for done in set_up(apart, ()).steps]

    assert prepare(apart)
    assert [0, 90 * DAY_S] == [influxdb.keeps_s(name) for name in ("upskeep", "upskeep_readings")]
    assert ["nothing", "nothing"] == [done.step.do for done in set_up(apart, ("create",)).steps]
    there = ["upskeep: is there, kept for ever", "upskeep_readings: is there, kept for 90 days"]
    assert (there, True) == ((told := setup(apart, dry_run=False))[0][1:3], told[1])
    assert {} == influxdb.points("upskeep", "event")


@pytest.mark.influxdb
def test_a_person_makes_what_is_missing_too(influxdb: InfluxServer) -> None:
    """By the command, where the service has not been there yet."""
    apart = influxdb.settings(readings_to="upskeep_readings", readings_days=90)
    assert setup(apart, dry_run=False)[1]
    assert [0, 90 * DAY_S] == [influxdb.keeps_s(name) for name in ("upskeep", "upskeep_readings")]


@pytest.mark.influxdb
def test_a_place_is_changed_only_when_a_person_asks(influxdb: InfluxServer) -> None:
    """A shorter time deletes: the service leaves it as it is."""
    apart = influxdb.settings(readings_to="upskeep_readings", readings_days=90)
    week = apart.model_copy(update={"readings_days": 7})
    set_up(apart, ("create",))
    assert prepare(week)
    assert 90 * DAY_S == influxdb.keeps_s("upskeep_readings")
    lines, good = setup(week, dry_run=False)
    assert (True, "upskeep_readings: is there, kept for 90 days; wanted for 7 days: done") == (good, lines[2])
    assert 7 * DAY_S == influxdb.keeps_s("upskeep_readings")
    assert "upskeep_readings: is there, kept for 7 days" == setup(week, dry_run=False)[0][2]


@pytest.mark.influxdb
def test_a_1x_behind_the_v2_write_api_is_set_up_by_influxql(v2_front: Front, tmp_path: Path) -> None:
    """As 1.8 is: it has /api/v2/write and no /api/v2/buckets."""
    assert setup(settings(v2_front.url, tmp_path, FRONT_TOKEN), dry_run=False)[1]
    assert [0, 90 * DAY_S] == [v2_front.server.keeps_s(name) for name in ("upskeep", "upskeep_readings")]


@pytest.mark.influxdb
def test_readings_go_to_their_own_place_and_old_ones_are_forgotten(influxdb: InfluxServer) -> None:
    """Older than the place keeps is no refusal, so a recording of long ago does not fill the table of the refused."""
    apart = influxdb.settings(readings_to="upskeep_readings", readings_days=90)
    set_up(apart, ("create",))
    now_ns = time.time_ns()
    with closing(open_point_store(apart)) as store:
        store.write([f"reading,site=home v=1.0 {now_ns}", "reading,site=home v=1.0 1000", "counter total=1i 1000"])
        with pytest.raises(Refused, match=influxdb.quarrel("v")):
            store.write([f'reading,site=home v="text" {now_ns + 1}', "reading,site=home v=1.0 1000"])
    assert ([now_ns], 1) == (
        [time_ns for _, time_ns in influxdb.points("upskeep_readings", "reading")],
        len(influxdb.points("upskeep", "counter")),
    )


@pytest.mark.influxdb
def test_a_token_that_may_only_write_is_enough_once_the_buckets_are_there(
    influxd2: InfluxServer2, tmp_path: Path
) -> None:
    """A real 2.x shows it nothing, not even its own bucket: the service goes on, and says what could be run."""
    set_up(influxd2.settings(), ("create",))
    (tmp_path / "token").write_text(influxd2.writer("upskeep"))
    limited = influxd2.settings(token_file=tmp_path / "token")
    assert prepare(limited)
    lines, good = setup(limited, dry_run=False)
    said = "upskeep: is not there, or may not be seen; to be kept for ever: there is no organization home, or the token"
    assert (False, f"{said} may not see it; check org") == (good, lines[1])
    with closing(open_point_store(limited)) as store:
        store.write(["counter total=1i 1000"])
    assert 1 == len(influxd2.points("upskeep", "counter"))


@pytest.mark.influxdb
@pytest.mark.parametrize(
    ("influxdb", "said"),
    [("influxd2", "unauthorized access"), ("influxdb3", ".*; check the token")],
    indirect=["influxdb"],
)
def test_a_wrong_token_is_reported(influxdb: InfluxServer, said: str, tmp_path: Path) -> None:
    """With what a real server said; nothing is made."""
    (tmp_path / "wrong").write_text("apiv3_wrong")
    with pytest.raises(InfluxError, match=rf"answered 401: {said}"):
        setup(influxdb.settings(token_file=tmp_path / "wrong"), dry_run=False)


def test_a_documented_server_gets_what_its_version_understands(documented: Documented, tmp_path: Path) -> None:
    """2.x: buckets by the organization's id, and the mapping that InfluxQL needs; 3 Core: databases."""
    assert setup(settings(documented.url, tmp_path), dry_run=False)[1]
    expected: dict[str, list[tuple[str, str, object]]] = {
        "v2.7.12": [
            ("POST", "/api/v2/buckets", {"orgID": "0a", "name": "upskeep", "retentionRules": []}),
            ("POST", "/api/v2/dbrps", mapping("00", "upskeep")),
            (
                *("POST", "/api/v2/buckets"),
                {
                    "orgID": "0a",
                    "name": "upskeep_readings",
                    "retentionRules": [{"type": "expire", "everySeconds": 90 * DAY_S}],
                },
            ),
            ("POST", "/api/v2/dbrps", mapping("01", "upskeep_readings")),
        ],
        "3.9.6": [
            ("POST", "/api/v3/configure/database", {"db": "upskeep"}),
            ("POST", "/api/v3/configure/database", {"db": "upskeep_readings", "retention_period": "2160h"}),
        ],
    }
    assert expected[documented.version] == documented.done
    before = list(documented.done)
    assert setup(settings(documented.url, tmp_path), dry_run=False)[1]
    assert before == documented.done


def mapping(bucket: str, database: str) -> dict[str, object]:
    return {
        "bucketID": bucket,
        "database": database,
        "retention_policy": "autogen",
        "default": True,
        "orgID": "0a",
    }


def test_who_may_not_is_told_what_to_run(documented: Documented, tmp_path: Path) -> None:
    """Nothing is done, and the service goes on with what is there."""
    lines, good = setup(settings(documented.url, tmp_path, READER), dry_run=False)
    said = {
        "v2.7.12": "influx bucket create --org home --name upskeep_readings --retention 2160h",
        "3.9.6": "influxdb3 create database --retention-period 2160h upskeep_readings",
    }[documented.version]
    assert (False, f"  to be run by who may: {said}") == (good, lines[4])
    assert prepare(settings(documented.url, tmp_path, READER))
    assert [] == documented.done


def test_a_retention_that_differs(documented: Documented, tmp_path: Path) -> None:
    """It is changed for a person who asks."""
    setup(settings(documented.url, tmp_path), dry_run=False)
    lines, good = setup(settings(documented.url, tmp_path, days=7), dry_run=False)
    assert (True, "upskeep_readings: is there, kept for 90 days; wanted for 7 days: done") == (good, lines[2])
    lines, _ = setup(settings(documented.url, tmp_path, days=7), dry_run=False)
    assert ["upskeep: is there, kept for ever", "upskeep_readings: is there, kept for 7 days"] == lines[1:3]


def test_a_3_core_that_does_not_show_how_long_it_keeps_is_reported(tmp_path: Path) -> None:
    """Before 3.8 a database with a period shows none."""

    class Silent(Documented):
        def kept(self, text: str) -> dict[str, object]:  # noqa: ARG002 - Documented asks for it
            return {}

    with serving(Silent("3.4.1")) as server:
        setup(settings(server.url, tmp_path), dry_run=False)
        lines, _ = setup(settings(server.url, tmp_path, days=7), dry_run=True)
    said = "as long as it was made for (the server does not say); wanted for 7 days"
    assert f"upskeep_readings: is there, kept {said}" == lines[2]


def test_a_wrong_token_and_a_wrong_server_are_reported(documented: Documented, tmp_path: Path) -> None:
    """With what the server said."""
    said = {"v2.7.12": "unauthorized access", "3.9.6": "the request was not authenticated"}[documented.version]
    with pytest.raises(InfluxError, match=f"answered 401: {said}"):
        setup(settings(documented.url, tmp_path, "wrong"), dry_run=False)
    documented.version = "OpenTSDB"
    with pytest.raises(InfluxError, match="check url: InfluxDB 1, 2 or 3 is known here"):
        setup(settings(documented.url, tmp_path), dry_run=False)


def test_a_token_put_right_makes_what_is_missing(documented: Documented, tmp_path: Path) -> None:
    """Else a server that makes places by itself would make one that forgets nothing."""
    assert not prepare(settings(documented.url, tmp_path, "wrong"))
    assert prepare(settings(documented.url, tmp_path))
    assert {"upskeep", "upskeep_readings"} == set(documented.places)


def test_a_server_that_is_away_is_asked_again(tmp_path: Path) -> None:
    """The shipper tries before each batch until somebody has answered."""
    assert not prepare(settings("http://127.0.0.1:1", tmp_path))
    with pytest.raises(InfluxError, match="cannot be reached"):
        setup(settings("http://127.0.0.1:1", tmp_path), dry_run=True)
