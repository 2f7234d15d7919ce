"""Which PointStore the settings ask for."""

from __future__ import annotations

from collections.abc import Callable

from services.counter_store.core.ports import PointStore
from services.counter_store.settings import InfluxSettings


def open_point_store(settings: InfluxSettings) -> PointStore:
    """Return the store of ``settings.api``; nothing is connected before the first write."""
    return _STORES[settings.api](settings)


# Imported when asked for: influxdb-client takes 16 MB of memory, which a store without it should not pay.
def _open_v1(settings: InfluxSettings) -> PointStore:
    from services.counter_store.adapters.influx_v1 import InfluxV1

    return InfluxV1(settings)


def _open_v2(settings: InfluxSettings) -> PointStore:
    from services.counter_store.adapters.influx_v2 import InfluxV2

    return InfluxV2(settings)


_STORES: dict[str, Callable[[InfluxSettings], PointStore]] = {"v1": _open_v1, "v2": _open_v2}
