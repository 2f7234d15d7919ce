"""A real suite that only reads, and whose uplink is killed: what its frames must come to at the centre."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain
from typing import ClassVar

from confluent_kafka import KafkaException

from fleet.simulation.oracle import Expected, expected
from fleet.simulation.own_processor import made_of_frames
from shared.shipped import SHIPPED_CONFIG
from shared.site_records import decode
from tests.fleet_crash.centre import TOPIC
from tests.fleet_crash.sites import CYCLE_S, WAITING, Edge
from tests.support.live_suite import APPLIED
from tests.support.site_topics import read_topic

READ = "SELECT head FROM stream WHERE name = 'raw'"
FRAMES = 2  # a second of its scenario: one of each device


@dataclass
class RawEdge(Edge):
    """Its events are made at the centre: they must be those that event_processor makes of what its reader has read."""

    uplink: ClassVar[str] = "raw"
    speed: ClassVar[int] = 10
    found: Expected = field(default_factory=Expected)
    servers: str = ""

    def done(self) -> bool:
        """Whether its last outage was read, and every frame is in the log."""
        read = self.live.figure("sensor_reader", READ)
        applied = self.live.figure("uplink", APPLIED)
        return read >= FRAMES * CYCLE_S * self.cycles and applied == read and not self.live.figure("uplink", WAITING)

    def add_to(self, wanted: Expected) -> None:
        """Add what its own event_processor would have counted of its frames, once it is done."""
        if self.done() and not self.found.sites:
            self._look()
        wanted.events += self.found.events
        wanted.counts += self.found.counts
        wanted.hours += self.found.hours
        wanted.sites |= self.found.sites

    def _look(self) -> None:
        try:
            values = [value for key, value in read_topic(self.servers, TOPIC) if key == self.site.encode()]
        except (KafkaException, AssertionError):
            return  # a node is not back yet
        numbers = sorted({decode(self.site.encode(), value).seq for value in values})
        if numbers == [*range(1, self.live.figure("sensor_reader", READ) + 1)]:  # else the verdict is that all is lost
            self.found = expected(chain(values, made_of_frames(values, lambda _: SHIPPED_CONFIG)))
