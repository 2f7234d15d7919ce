"""Wiring: the reader's source, its stage, its place on the wire, and the loop that plays the source."""

from __future__ import annotations

import logging
import time
from pathlib import Path

from services.sensor_reader.adapters.machine.clock import LinuxClock
from services.sensor_reader.adapters.migrations import LEDGER_SCHEMA
from services.sensor_reader.adapters.sources.open_source import OpenedSource, Options, SourceError, open_source
from services.sensor_reader.adapters.sources.recording import RecordingError
from services.sensor_reader.configuration import ReaderSetup, read
from services.sensor_reader.core.lifecycle import DEVICE
from services.sensor_reader.service import SensorReader
from services.sensor_reader.settings import own_name
from shared.clock import Clock
from shared.context import Context
from shared.delivery.endpoint import Endpoint
from shared.delivery.route import Route, route_of
from shared.ledger import Ledger
from shared.process import Service, main
from shared.settings import ConfigError, Fault
from shared.suite import SuiteSettings

log = logging.getLogger(__name__)

ROUTE = route_of("sensor_reader")
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
AGAIN_S = 0.02


class FeedTasks:
    """Plays the feed within what delivery can take: the background tasks of this service."""

    def __init__(self, opened: OpenedSource, handler: SensorReader, endpoint: Endpoint, clock: Clock) -> None:
        self.opened = opened
        self.handler = handler
        self.endpoint = endpoint
        self.clock = clock
        self.live = opened.feed.live

    def _room(self) -> int:
        """Hardware is read whatever happens downstream; what is played waits for who is to apply it."""
        bounds = self.endpoint.suite.delivery
        return bounds.batch if self.live else min(bounds.batch, bounds.window - self.endpoint.lag("raw"))

    def work(self) -> None:
        """Emit what is due."""
        due, now = self.handler.next_release(), self.clock.monotonic()
        room = self._room()
        if due is not None and due <= now and room > 0:
            self.handler.step(now, self.clock.wall(), room)

    def wait_s(self) -> float:
        """Return how long until the next frame."""
        due = self.handler.next_release()
        if due is None:
            return 1.0
        if self._room() <= 0:
            return AGAIN_S
        return max(0.0, due - self.clock.monotonic())

    def finish(self) -> None:
        """Report the clean stop."""
        self.handler.finish(self.clock.wall())

    def close(self) -> None:
        """Let go of the bus."""
        self.opened.close()


def open_feed(
    chosen: ReaderSetup, now: float, data: Path | None = None, suite: SuiteSettings | None = None
) -> OpenedSource:
    """Return the chosen source; what is wrong with it is a fault of the configuration."""
    cycles = chosen.configuration.reader.simulation.cycles or None
    options = Options(speed=chosen.speed, cycles=cycles, data=data, suite=suite or SuiteSettings())
    try:
        return open_source(chosen.source, chosen.configuration, options, time.sleep, now)
    except (SourceError, RecordingError) as error:
        raise ConfigError([Fault("source", "", str(error))]) from error


def build(chosen: ReaderSetup, context: Context, ledger: Ledger, endpoint: Endpoint) -> SensorReader:
    """Return the stage, at the place where the run before left off."""
    opened = open_feed(chosen, context.clock.monotonic(), context.data, context.suite)
    for note in opened.notes:
        log.warning("%s", note)
    endpoint.add_figures(lambda: {"notes": "; ".join(opened.notes)} if opened.notes else {})
    boot_id = BOOT_ID.read_text(encoding="ascii").strip()
    clock = LinuxClock(context.clock.wall) if opened.feed.live else None
    system = own_name(DEVICE, chosen.configuration.reader.name)
    handler = SensorReader(opened.feed, ledger, endpoint, boot_id, clock, system)
    handler.begin(context.clock.wall())
    chosen.opened.append(opened)
    return handler


def route(setup: ReaderSetup) -> Route:
    """Return the route of the reader of this name."""
    return route_of(own_name(ROUTE.name, setup.configuration.reader.name))


SERVICE = Service(
    route=ROUTE,
    settings=read,
    handler=build,
    schema=LEDGER_SCHEMA,
    named=route,
    drive=lambda chosen, context, handler, endpoint: FeedTasks(chosen.opened[-1], handler, endpoint, context.clock),
)


def run() -> int:
    """Run the service; returns its exit code."""
    return main(SERVICE)
