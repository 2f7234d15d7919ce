"""An alert of the live suite becomes a point, and what is told twice stays one."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.ledger.test_service import DEADLINE_S, House
from tests.support.brokers import EMBEDDED, Broker
from tests.support.influx.influxd import InfluxServer, Points

pytestmark = pytest.mark.influxdb
SETTINGS = {"ENABLED": "true", "API": "v1", "READINGS_TO": "upskeep_readings", "READINGS_DAYS": "30"}


def until_alerts(server: InfluxServer, number: int) -> Points:
    """Wait until InfluxDB holds so many changes of alerts on rates; that a service is gone is told beside them."""
    deadline = time.monotonic() + DEADLINE_S
    while len(found := _of_rates(server)) < number:
        assert time.monotonic() < deadline, f"{len(found)} of {number} alerts"
        time.sleep(0.1)
    return found


def _of_rates(server: InfluxServer) -> Points:
    points = server.points("upskeep", "alert")
    return {place: fields for place, fields in points.items() if dict(place[0][1])["rule"] == "hourly_rate"}


def test_an_alert_that_fires_is_a_point(
    influxd: InfluxServer, tmp_path: Path, start_broker: Callable[..., Broker]
) -> None:
    """Told again to a store that starts anew, it is the same point; and the places were set up by the service."""
    house = House(tmp_path, start_broker(EMBEDDED))
    given = {**SETTINGS, "URL": influxd.url}
    house.environ |= {f"UPSKEEP_COUNTER_STORE__INFLUX__{name}": value for name, value in given.items()}
    try:
        for service in ("event_processor", "counter_store", "alerter"):
            house.start(service)
        for service in ("event_processor", "counter_store", "alerter"):
            house.until_healthy(service)
        house.emit("AC_POWER_LOSS")
        house.emit("AC_POWER_LOSS")
        first = until_alerts(influxd, 1)
        ((series, _),) = first
        assert ("alert", ("hourly_rate", "firing")) == (series[0], (dict(series[1])["rule"], dict(series[1])["state"]))
        assert {"key": "AC_POWER_LOSS", "value": 2.0, "threshold": 1.0} == {
            name: value for name, value in first[next(iter(first))].items() if name != "message"
        }
        house.end(house.running[1], "counter_store")
        house.start("counter_store")
        house.emit("BATTERY_CRITICAL")
        house.emit("BATTERY_CRITICAL")
        assert first.items() <= until_alerts(influxd, 2).items()
        assert 30 * 86_400 == influxd.keeps_s("upskeep_readings")
    finally:
        for process in house.running:
            process.kill()
            process.wait()
    assert 2 == len(_of_rates(influxd))
