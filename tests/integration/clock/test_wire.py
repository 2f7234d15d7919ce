"""The same over the wire: real hops, promises and all, with services that die, sleep and are cut off."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import datetime
from functools import cache
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
            self.hops[name].turn(
                0, (lambda s=handler: s.step(0.0, self.world.wall())) if poll and name == READER.name else None
            )

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


def play(
    polls: Sequence[Poll],
    steps: Mapping[int, float] | None = None,
    starts: Mapping[int, str] | None = None,
    asleep: Mapping[str, range] | None = None,
) -> Result:
    """Play polls; before poll n the clock steps, a service starts anew, and some are asleep."""
    with ExitStack() as stack:
        house = House(stack)
        house.turn()
        for number, poll in enumerate(polls):
            house.asleep = [name for name, when in (asleep or {}).items() if number in when]
            if starts and number in starts:
                house.start(starts[number])
            house.poll(poll, (steps or {}).get(number, 0.0))
        house.asleep = ()
        house.settle()
        return house.result()


@cache
def straight() -> Result:
    """What comes of it where nothing happens to the clock."""
    return play([*OUTAGES, *QUIET])


def test_the_scene_has_something_to_lose() -> None:
    """Ten outages, an alert that fires, a window that some of them have left."""
    assert (10, 4, 10) == straight().counters["AC_POWER_LOSS"]
    assert ["firing"] == [state for state, _ in straight().transitions["hourly_rate/AC_POWER_LOSS"]]


@pytest.mark.parametrize("step_s", [10_800.0, -10_800.0])
@pytest.mark.parametrize("at", [3, 4, 20, 59, 65])
def test_a_step_changes_nothing(at: int, step_s: float) -> None:
    """Three hours, either way; everybody's event time follows."""
    assert replace(straight(), jumps=1) == play([*OUTAGES, *QUIET], {at: step_s})


@pytest.mark.parametrize("name", SERVICES)
@pytest.mark.parametrize("late", [0, 1, 2])
def test_a_service_that_dies_about_the_step_changes_nothing(name: str, late: int) -> None:
    """Just before the jump, with it, or just after it."""
    steps = {20: -10_800.0, 22: 7200.0, 40: 90_000.0}
    starts = {number + late - 1: name for number in steps}

    assert replace(straight(), jumps=3) == play([*OUTAGES, *QUIET], steps, starts)


@pytest.mark.parametrize("step_s", [0.0, -10_800.0, 10_800.0])
@pytest.mark.parametrize("names", [("alerter",), ("counter_store", "alerter"), ("event_processor",)])
def test_who_is_cut_off_for_an_hour_comes_to_the_same(names: tuple[str, ...], step_s: float) -> None:
    """An hour of readings late and in order, also with a jump in it: as if it had been live."""
    result = play([*OUTAGES, *QUIET], {30: step_s} if step_s else {}, asleep={name: range(10, 73) for name in names})

    assert replace(straight(), jumps=1 if step_s else 0) == result


def test_a_promise_of_before_the_jump_is_not_kept_after_it() -> None:
    """A status from before a step back, read again after it, would put windows hours ahead."""
    with ExitStack() as stack:
        house = House(stack)
        house.turn()
        for _ in range(5):
            house.poll(Poll(10, mains=True), 0.0)
        topic = SUITE.topics.build("status", PROCESSOR.name)
        before = house.broker.retained[topic]
        house.poll(Poll(10, mains=True), -10_800.0)
        house.settle()
        for name in (STORE.name, ALERTER.name):
            house.start(name)
        house.broker.route(before)
        house.turn()

        assert {house.hops[READER.name].time.now} == {house.hops[name].time.now for name in SERVICES}
