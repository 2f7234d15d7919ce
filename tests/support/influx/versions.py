"""The versions of InfluxDB that a fact of all is held to, each by the name that its tests bear."""

from __future__ import annotations

from tests.support.influx.influxd import InfluxServer
from tests.support.influx.influxd2 import InfluxServer2
from tests.support.influx.influxdb3 import Influx3

VERSIONS: dict[str, type[InfluxServer]] = {"influxd": InfluxServer, "influxd2": InfluxServer2, "influxdb3": Influx3}
