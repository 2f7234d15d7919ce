"""A machine whose clock steps, with the whole suite on it: real stages and hops, the broker in memory.

True time runs evenly; the wall clock is so far ahead of it. What a play comes to is told in true time, so that plays
with different clocks can be held against each other.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from services.alerter.core.rules import rate_rule
from services.alerter.service import LEDGER_SCHEMA as ALERTER_SCHEMA
from services.alerter.service import Alerter
from services.counter_store.service import LEDGER_SCHEMA as STORE_SCHEMA
from services.counter_store.service import CounterStore
from services.counter_store.settings import CounterStoreSettings
from services.event_processor.service import EventProcessor
from services.event_processor.settings import load
from services.sensor_reader.core.ports import Instant
from services.sensor_reader.core.sources.feed import SourcePosition
from services.sensor_reader.service import SensorReader
from shared.delivery.handler import BatchHandler, MessageHandler, Publisher
from shared.jumps import CLOCK_JUMP
from shared.ledger import Ledger
from shared.messages import Alert, Event, Frame, Quality, ReadError, Sequenced

START = datetime(2026, 1, 1, 12, tzinfo=UTC)
PROGRAM = load(Path(__file__).resolve().parents[2] / "config", {})
WATCHED = ("AC_POWER_LOSS", "POWER_BLIP", "I2C_ERROR")
RULES = [rate_rule("hourly_rate", name, timedelta(hours=1), 1) for name in WATCHED]
RULES += [rate_rule("daily_rate", name, timedelta(days=1), 3) for name in WATCHED]
SERVICES = ("sensor_reader", "event_processor", "counter_store", "alerter")
SCHEMAS = {"counter_store": STORE_SCHEMA, "alerter": ALERTER_SCHEMA}


@dataclass(frozen=True)
class Poll:
    """What the hardware shows ``after_s`` from the poll before: mains or none, or no answer (None)."""

    after_s: float
    mains: bool | None


@dataclass
class World:
    """True time, and how far the wall clock is ahead of it."""

    true_s: float = 0.0
    ahead_s: float = 0.0
    poll: Poll = field(default=Poll(0, mains=True))

    def wall(self) -> datetime:
        return START + timedelta(seconds=self.true_s + self.ahead_s)

    def read(self) -> Instant:
        """Be the reader's clock."""
        return Instant(self.wall(), 100 + self.true_s, "set")


class Hardware:
    """A live feed that shows what the world's poll says."""

    name, has_life, live = "i2c", True, True

    def __init__(self, world: World) -> None:
        self.world = world

    def open(self, stored: SourcePosition | None, now: datetime) -> None: ...

    def next_due(self) -> float:
        return 0.0

    def poll(self, now: float, time: datetime, limit: int) -> list[Frame]:  # noqa: ARG002
        mains = self.world.poll.mains
        if mains is None:
            gone = (ReadError(code="nack", chip="max17048@0x36"),)
            return [Frame(time=time, device="ups", quality=Quality.BAD, errors=gone)]
        return [Frame(time=time, device="ups", values={"ac_present": mains})]

    def place(self) -> None:
        return None

    def cut_power(self, device: str, after_s: int) -> Mapping[str, Any]:
        raise NotImplementedError


def build(name: str, world: World, ledger: Ledger, outlet: Publisher) -> MessageHandler:
    """Return a service's stage as it is after a start."""
    match name:
        case "sensor_reader":
            reader = SensorReader(Hardware(world), ledger, outlet, "b1", world)
            reader.begin(world.wall())
            return reader
        case "event_processor":
            return EventProcessor(PROGRAM, ledger, outlet, world.wall)
        case "counter_store":
            return CounterStore(CounterStoreSettings(), ledger, outlet, site="home")
    alerter = Alerter(RULES, ledger, outlet)
    alerter.announce()
    return alerter


@dataclass(frozen=True)
class Result:
    """Events in true time, transitions by rule, the windows at the end; nothing of the jumps themselves."""

    events: list[tuple[str, str | None, float]]
    transitions: dict[str, list[tuple[str, float]]]
    counters: dict[str, tuple[int, int, int]]
    jumps: int


def counted(store: Any) -> dict[str, tuple[int, int, int]]:
    return {c.type: (c.total, c.last_hour, c.last_day) for c in store.counters() if c.type != CLOCK_JUMP}


def transitions(ledger: Ledger) -> dict[str, list[tuple[str, float]]]:
    """Return the alerts' transitions as they were written, by rule and key."""
    found: dict[str, list[tuple[str, float]]] = {}
    for (text,) in ledger.db.execute("SELECT alert FROM transition ORDER BY seq"):
        alert = Alert.model_validate_json(text)
        found.setdefault(f"{alert.rule}/{alert.key}", []).append((alert.state.value, alert.value))
    return found


class Straight:
    """An outlet that hands every message to the stages after it at once."""

    def __init__(self, onward: Callable[[Sequenced], None]) -> None:
        self.emit = onward
        self.retain = self.publish_replaced = self.clear = self.reject = lambda *_: None


class Chain:
    """The stages in a row, without a wire."""

    def __init__(self, stack: ExitStack) -> None:
        self.world = World()
        self.ledgers = {
            name: stack.enter_context(closing(Ledger(":memory:", SCHEMAS.get(name, ())))) for name in SERVICES
        }
        self.stages: dict[str, Any] = {}
        self.events: list[tuple[str, str | None, float]] = []
        self.start(SERVICES)

    def start(self, names: Collection[str]) -> None:
        """Start services (anew), from their ledgers."""
        for name in names:
            self.stages[name] = build(name, self.world, self.ledgers[name], Straight(self._pass_on))

    def _pass_on(self, message: Sequenced) -> None:
        if isinstance(message, Frame):
            self.stages["event_processor"].apply(message)
        elif isinstance(message, Event):
            ahead = timedelta(seconds=self.world.ahead_s)
            self.events.append((message.type, message.device, (message.time - ahead - START).total_seconds()))
            for name in ("counter_store", "alerter"):
                self.stages[name].apply(message)

    def poll(self, poll: Poll, step_s: float) -> None:
        """Let time pass, perhaps the clock step, and poll."""
        self.world.true_s += poll.after_s
        self.world.ahead_s += step_s
        self.world.poll = poll
        with ExitStack() as transactions:
            for ledger in self.ledgers.values():
                transactions.enter_context(ledger.transaction())
            self.stages["sensor_reader"].step(0.0, self.world.wall())
            for name in ("counter_store", "alerter"):
                self.stages[name].advance(self.world.wall())
            for handler in self.stages.values():
                if isinstance(handler, BatchHandler):
                    handler.flush()


def play(
    polls: Sequence[Poll], steps: Mapping[int, float] | None = None, starts: Mapping[int, Collection[str]] | None = None
) -> Result:
    """Play polls in a row; before poll n the clock steps by ``steps[n]`` and ``starts[n]`` start anew."""
    with ExitStack() as stack:
        chain = Chain(stack)
        for number, poll in enumerate(polls):
            chain.start((starts or {}).get(number, ()))
            chain.poll(poll, (steps or {}).get(number, 0.0))
        told = [event for event in chain.events if event[0] != CLOCK_JUMP]
        alerts = transitions(chain.ledgers["alerter"])
        return Result(told, alerts, counted(chain.stages["counter_store"]), len(chain.events) - len(told))
