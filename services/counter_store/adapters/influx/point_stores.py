"""The PointStore of the settings."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from services.counter_store.core.influx.ports import PointStore, Refused
from services.counter_store.settings import InfluxSettings

READING = "reading,"  # what the line of a reading begins with: measurement and first tag
# The answers for good lines that are older than the retention period: by 1.6.7, and by 2.7.12. A conflict of types in
# the same batch is reported instead of it.
FORGOTTEN = ("beyond retention policy", "outside retention policy")


def open_point_store(settings: InfluxSettings) -> PointStore:
    """Return the store of ``settings.api``; nothing is connected before the first write."""
    store = _STORES[settings.api](settings)
    if settings.readings_to is None:
        return store
    return SplitStore(store, _STORES[settings.api](settings.at(settings.readings_to)))


class SplitStore:
    """A PointStore over two: readings go to a place of their own, everything else to the other."""

    def __init__(self, main: PointStore, readings: PointStore) -> None:
        self._main = main
        self._readings = readings

    def write(self, lines: Sequence[str]) -> None:
        """Write to both; raises the first error, after which the caller writes all again.

        Readings older than their retention period are dropped at once by the server, which is no refusal.
        """
        if rest := [line for line in lines if not line.startswith(READING)]:
            self._main.write(rest)
        if readings := [line for line in lines if line.startswith(READING)]:
            try:
                self._readings.write(readings)
            except Refused as refusal:
                if not any(words in str(refusal) for words in FORGOTTEN):
                    raise

    def close(self) -> None:
        """Let go of both."""
        self._main.close()
        self._readings.close()


# Imported on demand: influxdb-client takes 16 MB of memory.
def _open_v1(settings: InfluxSettings) -> PointStore:
    from services.counter_store.adapters.influx.v1 import InfluxV1

    return InfluxV1(settings)


def _open_v2(settings: InfluxSettings) -> PointStore:
    from services.counter_store.adapters.influx.v2 import InfluxV2

    return InfluxV2(settings)


_STORES: dict[str, Callable[[InfluxSettings], PointStore]] = {"v1": _open_v1, "v2": _open_v2}
