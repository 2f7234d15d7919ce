"""The real InfluxDB 1.x and the v2 front before it, as the store's own tests have them."""

from tests.integration.counter_store.conftest import influxd, v2_front

__all__ = ["influxd", "v2_front"]
