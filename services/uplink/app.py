"""Wiring: the uplink's queue, its place on the wire, and the shipper to the fleet's log beside it."""

from __future__ import annotations

from dataclasses import replace

from services.uplink.adapters.shipper import Shipper
from services.uplink.configuration import UplinkSetup, read_to_run
from services.uplink.service import LEDGER_SCHEMA, Uplink
from services.uplink.settings import UplinkSettings
from shared.context import Context
from shared.delivery.endpoint import Endpoint
from shared.delivery.route import Route, route_of
from shared.ledger import Ledger
from shared.process import BackgroundTasks, Service, main

ROUTE = route_of("uplink")


def build(setup: UplinkSetup, context: Context, ledger: Ledger, endpoint: Endpoint) -> Uplink:
    """Return the handler."""
    return Uplink(
        setup.settings,
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


def drive(setup: UplinkSetup, context: Context, _: Uplink, endpoint: Endpoint) -> BackgroundTasks:
    """Return the shipper's keeper."""
    return Shipping(setup.settings, endpoint, context.suite.site)


def route(setup: UplinkSetup) -> Route:
    """Return what the uplink takes at this site: events with what is known now, or frames and offers."""
    follows = () if setup.only_reads else ROUTE.follows
    return replace(ROUTE, consumes=setup.streams, follows=follows, consumes_offers=setup.only_reads)


SERVICE = Service(
    route=ROUTE,
    settings=read_to_run,
    handler=build,
    schema=LEDGER_SCHEMA,
    named=route,
    drive=drive,
)


def run() -> int:
    """Run the service; returns its exit code."""
    return main(SERVICE)
