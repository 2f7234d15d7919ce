"""The real InfluxDB 1.x and 2.x, and the v2 front before a 1.x, as the store's own tests have them."""

from tests.integration.counter_store.conftest import influxd, influxd2, influxdb, v2_front

__all__ = ["influxd", "influxd2", "influxdb", "v2_front"]
