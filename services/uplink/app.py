"""Wiring: the uplink's queue, its place on the wire, and the shipper to the fleet's log beside it."""

from __future__ import annotations

from services.uplink.adapters.shipper import Shipper
from services.uplink.configuration import read_to_run
from services.uplink.service import LEDGER_SCHEMA, Uplink
from services.uplink.settings import UplinkSettings
from shared.context import Context
from shared.delivery.endpoint import Endpoint
from shared.delivery.route import route_of
from shared.ledger import Ledger
from shared.process import BackgroundTasks, Service, main


def build(settings: UplinkSettings, context: Context, ledger: Ledger, endpoint: Endpoint) -> Uplink:
    """Return the handler."""
    return Uplink(
        settings,
        ledger,
        context.suite.site,
        endpoint.name,
        lambda: endpoint.epoch,
        context.clock.wall,
        endpoint.offer_event,
    )


class Shipping:
    """Sees that the shipper lives; stops it with the service."""

    def __init__(self, settings: UplinkSettings, endpoint: Endpoint, site: str) -> None:
        from services.uplink.adapters.kafka_log import KafkaLog  # the extra is asked for where it runs

        log = KafkaLog(settings, f"upskeep-{site}")
        self._shipper = Shipper(endpoint.ledger.path, log, settings, endpoint.clock, endpoint.way)
        endpoint.add_figures(self._shipper.figures)
        self._shipper.start()

    def work(self) -> None:
        """End with the shipper, where it has ended."""
        if not self._shipper.alive:
            if self._shipper.fault is not None:
                raise self._shipper.fault
            raise RuntimeError("the shipper's thread has ended by a fault; the process ends with it to start anew")

    def wait_s(self) -> float:
        """Nothing is due by time."""
        return 10.0

    def finish(self) -> None:
        """Nothing is left to say."""

    def close(self) -> None:
        """Stop the shipper."""
        self._shipper.stop()


def drive(settings: UplinkSettings, context: Context, _: Uplink, endpoint: Endpoint) -> BackgroundTasks:
    """Return the shipper's keeper."""
    return Shipping(settings, endpoint, context.suite.site)


SERVICE = Service(
    route=route_of("uplink"),
    settings=read_to_run,
    handler=build,
    schema=LEDGER_SCHEMA,
    drive=drive,
)


def run() -> int:
    """Run the service; returns its exit code."""
    return main(SERVICE)
