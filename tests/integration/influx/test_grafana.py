"""Every query of every panel, annotation and variable, run against a real InfluxDB that the suite filled, each version.

In 2.x they are asked by a user that may only read, as Grafana's is in the containers.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.counter_store.adapters.influx.point_stores import open_point_store
from services.counter_store.settings import InfluxSettings
from shared.messages import Frame
from shared.quantities import QUANTITIES
from tests.conftest import Require
from tests.support.influx.grafana import Ask, asks, fill_in
from tests.support.influx.influxd import InfluxServer
from tests.support.influx.influxdb3 import Influx3
from tests.support.influx.suite import START, fill, frames
from tests.support.influx.versions import VERSIONS
from tools.grafana.boards import BOARDS
from tools.grafana.render import dashboard

pytestmark = pytest.mark.influxdb
DATABASES = {"upskeep": "upskeep", "upskeep-readings": "upskeep_readings"}
ASKS = [pytest.param(ask, id=f"{board.uid}: {ask.place}") for board in BOARDS for ask in asks(dashboard(board))]
READINGS = {f"sensor.{quantity.sensor}" for quantity in QUANTITIES.values() if quantity.sensor} | {
    "sensor.threshold.exceeded",
    "sensor.threshold.cleared",
}
ALL = {"site": ".*", "device": ".*"}


@dataclass(frozen=True, slots=True)
class Filled:
    """A server, and the span of what it holds."""

    server: InfluxServer
    first: datetime
    last: datetime
    outcome: dict[str, Any]
    reader: Mapping[str, str]

    def values(self, ask: Ask, chosen: dict[str, str]) -> list[Any]:
        """Every value that is not null, without times."""
        text = fill_in(ask.text, self.first, self.last, chosen)
        assert "$" not in text.replace("$/", "")
        series = self.server.query(DATABASES[ask.source], text, self.reader)
        at = 1 if series and series[0]["columns"][0] == "time" else 0
        return [value for each in series for row in each["values"] for value in row[at:] if value is not None]


@pytest.fixture(scope="module", params=VERSIONS)
def filled(
    request: pytest.FixtureRequest, require: Require, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Filled]:
    """Eight hours of the suite: outages, a discharge, faults, heat and a room."""
    folder = tmp_path_factory.mktemp("grafana")
    with VERSIONS[request.param].running(require, folder / "influxdb") as server:
        played = frames()
        apart = server.settings(readings_to="upskeep_readings")
        outcome = json.loads(fill(apart, folder / "ledger.sqlite", played))
        if isinstance(server, Influx3):
            add_an_hour_of_today(apart)
        first, last = START - timedelta(hours=1), played[-1].time + timedelta(hours=1)
        yield Filled(server, first, last, outcome, server.reader())


def add_an_hour_of_today(influx: InfluxSettings) -> None:
    """To 3 Core what has been silent for a day is no choice of a board's."""
    now_ns = round(datetime.now(UTC).timestamp()) * 10**9
    with closing(open_point_store(influx)) as store:
        store.write([f"reading_1h,site=home,device=ups,zone=rack frames=1i {now_ns}"])


@pytest.mark.parametrize("ask", ASKS)
def test_a_query_returns_data(filled: Filled, ask: Ask) -> None:
    """With everything chosen, as a board comes up."""
    found = filled.values(ask, ALL)
    assert found
    if ask.unit in ("percent", "humidity"):
        assert all(0 <= value <= 100 for value in found)
    if ask.unit == "percentunit":
        assert all(0 <= value <= 1 for value in found)


def test_the_variables_choose(filled: Filled) -> None:
    """Some devices, one device, and a site that is not there."""
    ask = next(ask for ask in asks(dashboard(BOARDS[0])) if ask.place == "Battery voltage A")
    both, one, none = (
        filled.values(ask, {"site": "home", "device": "(ups|hat)"}),
        filled.values(ask, {"site": "home", "device": "ups"}),
        filled.values(ask, {"site": "cabin", "device": ".*"}),
    )
    assert len(both) > len(one) > 0 == len(none)


def test_a_query_for_what_is_not_there_returns_nothing(filled: Filled) -> None:
    """So that the test above can fail."""
    assert [] == filled.values(Ask("x", "upskeep", 'SELECT mean("x") FROM "event" WHERE $timeFilter'), ALL)


def shown(filled: Filled, board: str, place: str) -> list[Any]:
    """What a panel's query returns with everything chosen."""
    page = dashboard(next(each for each in BOARDS if each.uid == board))
    return filled.values(next(ask for ask in asks(page) if ask.place == place), ALL)


def test_panels_show_what_was_counted(filled: Filled) -> None:
    """As the backtest of the same frames has it."""
    counted = filled.outcome["events"]
    assert [counted["AC_POWER_LOSS"]] == shown(filled, "upskeep-power", "Mains lost A")
    assert [counted["I2C_ERROR"]] == shown(filled, "upskeep-health", "Failed polls A")
    assert sorted(counted.values()) == sorted(shown(filled, "upskeep-events", "Totals A"))
    assert sum(number for name, number in counted.items() if name in READINGS) == sum(
        shown(filled, "upskeep-events", "Events of readings A")
    )
    assert filled.outcome["frames"] == sum(shown(filled, "upskeep-health", "Readings A")) + len(failed())


def failed() -> list[Frame]:
    """Frames of polls that brought nothing: no point, as there is nothing to draw."""
    return [frame for frame in frames() if not frame.values]


def test_an_hour_of_means_is_the_mean_of_its_readings(filled: Filled) -> None:
    """Held against what InfluxDB itself makes of the readings, hour by hour."""
    ours = filled.server.query("upskeep", "SELECT co2_mean, co2_min, co2_max, frames FROM reading_1h")
    hourly = "SELECT mean(co2), min(co2), max(co2), count(co2) FROM reading GROUP BY time(1h) fill(none)"
    theirs = filled.server.query("upskeep_readings", hourly)
    hours = [[pytest.approx(value) for value in row[1:]] for row in theirs[0]["values"]]
    assert len(hours) == 8
    assert hours[:-1] == [
        row[1:] for row in ours[0]["values"] if row[1] is not None
    ]  # the last hour is still under way
