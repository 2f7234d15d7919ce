"""Wiring: the counter store's stage, its place on the wire, and the shipper to InfluxDB beside it."""

from __future__ import annotations

from pathlib import Path

from services.counter_store.adapters.point_stores import open_point_store
from services.counter_store.adapters.shipper import Shipper
from services.counter_store.settings import CounterStoreSettings, InfluxSettings
from services.counter_store.stage import LEDGER_SCHEMA, CounterStore
from shared.delivery.hop import Hop, Route
from shared.ledger import Ledger
from shared.process import Context, Drive, Service, main
from shared.settings import read_settings

ROUTE = Route(name="counter_store", consumes=("event", "raw"))


def build(settings: CounterStoreSettings, context: Context, ledger: Ledger, hop: Hop) -> CounterStore:
    """Return the stage, having published every counter again."""
    store = CounterStore(settings, ledger, hop, site=context.suite.site)
    store.announce()
    return store


class Shipping:
    """Starts the shipper with the service and stops it with it."""

    def __init__(self, path: Path | str, settings: InfluxSettings, hop: Hop) -> None:
        self.shipper = Shipper(path, open_point_store(settings), settings)
        hop.vitals.append(self.shipper.figures)
        self.shipper.start()

    def work(self) -> None:
        """See that the shipper lives."""
        if not self.shipper.alive:
            raise RuntimeError("the shipper's thread has ended by a fault; the process ends with it to start anew")

    def wait_s(self) -> float:
        """Nothing is ever due here by time."""
        return 10.0

    def finish(self) -> None:
        """Nothing is left to say."""

    def close(self) -> None:
        """Stop after the request under way."""
        self.shipper.stop()


def drive(settings: CounterStoreSettings, _: Context, __: CounterStore, hop: Hop) -> Drive | None:
    """Return the shipper's keeper, if InfluxDB is configured."""
    return Shipping(hop.ledger.path, settings.influx, hop) if settings.influx.enabled else None


SERVICE = Service(
    route=ROUTE,
    settings=lambda context: read_settings(context.folder, "counter_store", CounterStoreSettings, context.environ),
    stage=build,
    schema=LEDGER_SCHEMA,
    drive=drive,
)


def run() -> int:
    """Run the service; returns its exit code."""
    return main(SERVICE)
