"""The real InfluxDB of each version, and the v2 front before a 1.x, as the store's own tests have them."""

from tests.integration.counter_store.conftest import influxd, influxd2, influxdb, influxdb3, v2_front

__all__ = ["influxd", "influxd2", "influxdb", "influxdb3", "v2_front"]
