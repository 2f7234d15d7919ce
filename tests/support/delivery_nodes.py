"""Small services for the hop's tests: one that counts up, ones that note down what they get; no threads."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from shared.clock import SYSTEM_CLOCK
from shared.delivery.endpoint import Endpoint
from shared.delivery.route import Route
from shared.ledger import Ledger
from shared.messages import Frame, Sequenced
from shared.suite import BrokerSettings, DeliverySettings, SuiteSettings

DEADLINE_S = 90.0
START = datetime(2026, 1, 31, 12, tzinfo=UTC)
SCHEMA = ("CREATE TABLE IF NOT EXISTS noted (place INTEGER PRIMARY KEY, n INTEGER)",)


class Noting:
    """A handler that writes down the number in every frame, in its ledger, and what it is told is lost."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.losses: list[tuple[str, str, int, int]] = []

    def apply(self, message: Sequenced) -> None:
        assert isinstance(message, Frame)
        self.ledger.db.execute("INSERT INTO noted (n) VALUES (?)", (message.values["n"],))

    def lost(self, producer: str, stream: str, first: int, last: int) -> None:
        self.losses.append((producer, stream, first, last))


class Node:
    """One service: a ledger file, a hop, and what it noted."""

    def __init__(self, folder: Path, broker: BrokerSettings, route: Route, **delivery: Any) -> None:
        self.path = folder / f"{route.name}.sqlite"
        bounds = DeliverySettings(**({"window": 100, "batch": 20} | delivery))
        self.suite = SuiteSettings(data=folder, broker=broker, delivery=bounds)
        self.route = route
        self.count = 0
        self.endpoint: Endpoint | None = None
        self.start()

    def start(self) -> None:
        """Open it, on what its ledger holds."""
        ledger = Ledger(self.path, SCHEMA)
        self.endpoint = Endpoint(self.route, self.suite, ledger, SYSTEM_CLOCK)
        self.handler = Noting(ledger)
        self.endpoint.attach(self.handler)
        self.endpoint.open()

    def stop(self) -> None:
        """Close it as a service does that is asked to stop."""
        if self.endpoint is not None:
            self.endpoint.close()
            self.endpoint = None

    def wipe(self) -> None:
        """Give it a new disk."""
        self.stop()
        for path in self.path.parent.glob(f"{self.path.name}*"):
            path.unlink()

    def turn(self) -> None:
        """Take one turn, if it runs."""
        if self.endpoint is not None:
            self.endpoint.turn(0.005)

    def emit(self, number: int) -> None:
        """Emit the next numbers, in one transaction."""
        assert self.endpoint is not None
        endpoint = self.endpoint

        def work() -> None:
            for _ in range(number):
                self.count += 1
                endpoint.emit(Frame(time=START + timedelta(seconds=self.count), device="d", values={"n": self.count}))

        endpoint.turn(0, work)

    @property
    def noted(self) -> list[int]:
        """The numbers it took, in the order it took them."""
        assert self.endpoint is not None
        return [n for (n,) in self.endpoint.ledger.db.execute("SELECT n FROM noted ORDER BY place")]

    @property
    def held(self) -> tuple[int, int]:
        """Floor and head of its outbox."""
        assert self.endpoint is not None
        ends = self.endpoint.sender.ends()["raw"]
        return ends.floor, ends.head

    @property
    def figures(self) -> Mapping[str, Any]:
        """What its status says of it."""
        assert self.endpoint is not None
        return self.endpoint.status().figures


def producer(folder: Path, broker: BrokerSettings, awaited: Sequence[str], **delivery: Any) -> Node:
    """Return the service that counts up."""
    return Node(folder, broker, Route("sensor_reader", produces={"raw": tuple(awaited)}), **delivery)


def consumer(folder: Path, broker: BrokerSettings, name: str, **delivery: Any) -> Node:
    """Return a service that notes down."""
    return Node(folder, broker, Route(name, consumes=("raw",)), **delivery)


def turn_until(nodes: Sequence[Node], holds: Callable[[], Any], what: str) -> None:
    """Let the nodes take turns until a condition holds."""
    deadline = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < deadline, f"{what}: not within {DEADLINE_S} s"
        for node in nodes:
            node.turn()
