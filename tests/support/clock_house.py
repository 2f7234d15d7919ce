"""A house on a machine whose clock steps: real hops, promises and all, the broker in memory; a neighbour may join."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import ExitStack, closing
from datetime import datetime
from functools import partial
from typing import Any

import pytest

from services.alerter.app import ROUTE as ALERTER
from services.counter_store.app import ROUTE as STORE
from services.event_processor.app import ROUTE as PROCESSOR
from services.sensor_reader.app import ROUTE as READER
from shared.clock import Clock
from shared.delivery.endpoint import Endpoint
from shared.jumps import CLOCK_JUMP
from shared.ledger import Ledger
from shared.suite import DeliverySettings, SuiteSettings
from tests.support.clock_world import SCHEMAS, SERVICES, Poll, Result, World, build, counted, transitions
from tests.support.fakes.broker import FakeBroker, opener

SUITE = SuiteSettings(delivery=DeliverySettings(window=20, batch=50))
ROUTES = {route.name: route for route in (READER, PROCESSOR, STORE, ALERTER)}
OUTAGES = [Poll(10, mains=number % 6 > 2) for number in range(60)]
QUIET = [Poll(240, mains=True) for _ in range(14)]


class House:
    """Four processes and a broker on a machine whose clock steps."""

    def __init__(self, stack: ExitStack) -> None:
        self.world = World()
        self.broker = FakeBroker()
        self.ledgers = {
            name: stack.enter_context(closing(Ledger(":memory:", SCHEMAS.get(name, ())))) for name in SERVICES
        }
        self.hops: dict[str, Endpoint] = {}
        self.handlers: dict[str, Any] = {}
        self.asleep: Collection[str] = ()
        self.reached: list[datetime] = []
        for name in SERVICES:
            self.start(name)

    def start(self, name: str) -> None:
        """Start a service (anew): nothing is left of it but its ledger."""
        if name in self.hops:
            self.hops[name].client.vanish()  # type: ignore[attr-defined]
        ledger, clock = self.ledgers[name], Clock(self.world.wall, lambda: self.world.true_s)
        endpoint = Endpoint(ROUTES[name], SUITE, ledger, clock, opener(self.broker))
        with ledger.transaction():
            self.handlers[name] = build(name, self.world, ledger, endpoint)
        endpoint.attach(self.handlers[name])
        endpoint.open()
        self.hops[name] = endpoint

    def turn(self, *, poll: bool = False) -> None:
        """One turn of everybody who is awake."""
        for name in SERVICES:
            if name in self.asleep:
                continue
            handler = self.handlers[name]
            step = partial(self._step, handler) if poll and name == READER.name else None
            self.hops[name].turn(0, step)

    def _step(self, reader: Any) -> None:
        reader.step(0.0, self.world.wall())

    def poll(self, poll: Poll, step_s: float) -> None:
        """Let time pass, perhaps the clock step, and poll."""
        self.world.true_s += poll.after_s
        self.world.ahead_s += step_s
        self.world.poll = poll
        self.turn(poll=True)

    def settle(self) -> None:
        """Wait until everybody has got as far as the reader."""
        for _ in range(120):  # two minutes: what is calm commits once in one
            self.world.true_s += 1.1
            self.turn()
            if len({endpoint.time.now for endpoint in self.hops.values()}) == 1 and not self.hops[
                READER.name
            ].sender.lag("raw"):
                return
        pytest.fail(f"did not settle: {[(name, hop.time.now) for name, hop in self.hops.items()]}")

    def result(self) -> Result:
        """What it came to; events are in the store's table in the order they were applied."""
        rows = (
            self.ledgers[STORE.name]
            .db.execute("SELECT type, device, monotonic_us FROM event ORDER BY rowid")
            .fetchall()
        )
        told = [row for row in rows if row[0] != CLOCK_JUMP]
        handler = self.handlers[STORE.name]
        return Result(told, transitions(self.ledgers[ALERTER.name]), counted(handler), len(rows) - len(told))
