"""A real InfluxDB 3 Core that the suite has filled: what the boards ask of it, and a lost ledger read back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from services.counter_store.adapters.point_stores import open_point_store
from services.counter_store.settings import InfluxSettings
from shared.suite import SuiteSettings
from tests.influx.influxd import InfluxServer
from tests.influx.influxdb3 import Influx3, influx3_under
from tests.integration.influx.suite import START, fill, frames
from tests.integration.influx.test_grafana import (
    Filled,
    test_a_query_for_what_is_not_there_returns_nothing,
    test_a_query_returns_data,
    test_an_hour_of_means_is_the_mean_of_its_readings,
    test_panels_show_what_was_counted,
    test_the_variables_choose,
)
from tests.integration.influx.test_restore_command import counters, ledger, rows
from upskeep.influx_restore import restore_ledger

# What the boards are held to, here by ``filled`` below.
__all__ = [
    "test_a_query_for_what_is_not_there_returns_nothing",
    "test_a_query_returns_data",
    "test_an_hour_of_means_is_the_mean_of_its_readings",
    "test_panels_show_what_was_counted",
    "test_the_variables_choose",
]


@dataclass(frozen=True, slots=True)
class Full:
    """A server, its settings, the ledger that filled it, and what was counted."""

    server: Influx3
    influx: InfluxSettings
    data: Path
    outcome: dict[str, Any]


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Full]:
    """Eight hours of the suite, and an hour of today: what has been silent for a day is no choice of a board's."""
    folder = tmp_path_factory.mktemp("influxdb3")
    with influx3_under(folder / "server") as server:
        influx = server.settings(readings_to="upskeep_readings")
        ledger(folder / "data").parent.mkdir(parents=True)
        outcome = json.loads(fill(influx, ledger(folder / "data"), frames()))
        with closing(open_point_store(influx)) as store:
            store.write(
                [f"reading_1h,site=home,device=ups,zone=rack frames=1i {round(datetime.now(UTC).timestamp())}000000000"]
            )
        yield Full(server, influx, folder / "data", outcome)


@pytest.fixture(scope="module")
def filled(full: Full) -> Filled:
    """As the tests of the boards have it."""
    server, last = cast("InfluxServer", full.server), frames()[-1].time + timedelta(hours=1)
    return Filled(server, START - timedelta(hours=1), last, full.outcome, full.server.reader())


def test_a_lost_ledger_comes_back_byte_for_byte(full: Full, tmp_path: Path) -> None:
    """Events with all of their columns and seals, counters, and what is published of them."""
    before, told = rows(ledger(full.data)), counters(ledger(full.data), full.influx)
    ledger(tmp_path).parent.mkdir(parents=True)
    restored = restore_ledger(SuiteSettings(data=tmp_path), full.influx, datetime.now(UTC), lambda _, __: None)
    after = ledger(tmp_path)
    assert (len(before["event"]), len(before["counter"])) == (restored.events, restored.types)
    assert before["event"] == rows(after)["event"]
    assert told == counters(after, full.influx)
    assert len(before["event"]) > 2000
