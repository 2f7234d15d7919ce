"""Floods of the services that follow what others publish: real payloads through each one's own endpoint.

The broker is a stand-in that confirms everything and keeps nothing; ledgers are in memory. The gateway, which follows
by a client of its own, is given payloads where that client puts what arrived, and its metrics page is made meanwhile.
"""

from __future__ import annotations

import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

from services.climate_controller.app import build as build_controller
from services.climate_controller.configuration import read as read_controller
from services.climate_supervisor.adapters.device_wire import DeviceWire
from services.climate_supervisor.adapters.repository import SupervisorRepository
from services.climate_supervisor.configuration import read as read_supervisor
from services.climate_supervisor.service import ClimateSupervisor
from services.gateway.adapters.prometheus import Exposition
from services.gateway.application.homeassistant import HomeAssistant
from services.gateway.application.live_suite import LiveSuite
from services.gateway.application.nut_door import NutDoor
from services.gateway.settings import GatewaySettings
from services.host_agent.app import build as build_agent
from services.host_agent.settings import HostAgentSettings
from shared.actuation import Demand, DemandedLevel
from shared.clock import SYSTEM_CLOCK, Clock
from shared.context import Context
from shared.delivery.endpoint import Endpoint
from shared.delivery.route import route_of
from shared.ledger import Ledger
from shared.messages import Alert, AlertState, Counter, DeviceState, Event, Message, Quality, Severity, Status
from shared.mqtt import Arrival, Arrived, Confirmed, Connected, MqttClient, Publication, Receipt
from shared.requests import Command
from shared.suite import SuiteSettings

BATCH = 500
PAGE_EVERY = 10_000  # messages between two pages of metrics
START = datetime(2026, 1, 1, tzinfo=UTC)
RULE = "flooded"
FILES = Path(__file__).resolve().parents[2] / "config"
TENT: Mapping[str, str] = MappingProxyType({
    "UPSKEEP_CLIMATE__ZONES": '{"tent": {"sensor": "air", "mode": "VPD_Target", "target_kpa": 1.0,'
    ' "actuators": [{"name": "heater", "kind": "heater"}]}}',
    "UPSKEEP_ACTUATORS__ENABLED": "true",
    "UPSKEEP_ACTUATORS__ZONES": '{"tent": {"sensors": {"temperature": [{"device": "air"}]}}}',
    "UPSKEEP_ACTUATORS__ACTUATORS": '{"heater": {"zone": "tent", "kind": "heater", "template": "tasmota",'
    ' "at": {"topic": "heater"}}}',
})  # fmt: skip


class StandIn:
    """The port of ``MqttClient``: hands out what is put into ``arrivals``, and confirms whatever is published."""

    def __init__(self) -> None:
        self.arrivals: deque[Arrival] = deque([Connected(1, False, "5")])
        self.connected, self.room = True, 100

    def open(self) -> None:
        """There is nowhere to connect to."""

    def wake(self) -> None:
        """Nothing waits."""

    def poll(self, limit: int, _: float) -> list[Arrival]:
        """Return what has been put in."""
        return [self.arrivals.popleft() for _ in range(min(limit, len(self.arrivals)))]

    def publish(self, publication: Publication, token: Any = None) -> bool:
        """Confirm it."""
        if publication.qos:
            self.arrivals.append(Confirmed(token))
        return True

    def ack(self, _: Receipt) -> None:
        """Nobody waits for it."""

    def together(self) -> Any:
        """Nothing to hold together."""
        return nullcontext()


class NoWire:
    """A connection to actuators, without any actuator."""

    connected = True

    def send(self, _: object) -> None:
        """Let it go."""

    def heard(self) -> Sequence[Any]:
        """Nobody answers."""
        return ()

    def flush(self) -> None:
        """Nothing waits."""


def arrived(message: Message, number: int, topics: Any) -> Arrived:
    """Return a message as it comes from the broker."""
    payload = message.model_dump_json(exclude_none=True, by_alias=True).encode()
    return Arrived(message.topic(topics), payload, False, Receipt(1, number % 60_000 + 1))


def device_state(number: int) -> DeviceState:
    """Return the state of one device of many."""
    values = {"battery_voltage": 3.9, "air_temperature": 21.0}
    time = START + timedelta(milliseconds=10 * number)
    return DeviceState(device=f"d{number}", time=time, quality=Quality.GOOD, power="mains", battery="ok", values=values)


def alert(number: int, rule: str = RULE) -> Alert:
    """Return an alert of a key of its own that fires."""
    time = START + timedelta(milliseconds=10 * number)
    return Alert(
        rule=rule, key=f"k{number}", state=AlertState.FIRING, severity=Severity.ERROR, since=time, time=time, value=1,
        threshold=0, window_s=60, reason="over_limit", message="more than the limit",
    )  # fmt: skip


def status(number: int) -> Status:
    """Return the status of one service of many."""
    return Status(service=f"host_agent-h{number}", state="online", figures={"phase": "watching"})


def counter(number: int) -> Counter:
    """Return the counter of one type of many."""
    return Counter(type=f"x.{number}", total=1, last_hour=1, last_day=1, last_time=START, as_of=START)


def event(number: int) -> Event:
    """Return an event of 10 kB."""
    return Event(
        id=f"id-{number}", type="device.error", category="device", severity=Severity.ERROR, time=START, site="home",
        device=f"d{number}", data={"message": "x" * 10_000},
    )  # fmt: skip


def command(number: int, target: str, name: str) -> Command:
    """Return a command that names a zone that is not there."""
    return Command(id=f"c{number}", target=target, name=name, by="flood", data={"zone": f"z{number}", "reason": "x"})


def demand(number: int) -> Demand:
    """Return a demand of an actuator that is not there."""
    levels = (DemandedLevel(actuator=f"a{number}", level=1.0, command=f"c{number}", lease_s=60),)
    return Demand(zone="tent", time=START, levels=levels)


MESSAGES: Mapping[str, Callable[[int], Message]] = {
    "devices": device_state,
    "alert keys": alert,
    "stop alerts": lambda number: alert(number, "emergency_stop"),
    "services": status,
    "types": counter,
    "large events": event,
    "demands": demand,
    "zones": lambda number: command(number, "climate_controller", "pause"),
    "stops": lambda number: command(number, "climate_supervisor", "emergency_stop"),
    "commands": lambda number: command(number, "host", "cancel"),
}


@contextmanager
def _endpoint(name: str, clock: Clock) -> Iterator[tuple[Endpoint, StandIn]]:
    stand_in = StandIn()

    def opened(*_: object, **__: object) -> MqttClient:
        return cast("MqttClient", stand_in)

    with closing(Ledger(":memory:", ())) as ledger:
        yield Endpoint(route_of(name), SuiteSettings(), ledger, clock, opened), stand_in


def _context(folder: str) -> Context:
    return Context(FILES, TENT, SuiteSettings(data=Path(folder)), SYSTEM_CLOCK)


def _built(name: str, endpoint: Endpoint, context: Context) -> Any:
    match name:
        case "host_agent":
            settings = HostAgentSettings.model_validate({"policies": {"alerts": [RULE]}, "boot_grace_s": 0})
            return build_agent(settings, context, endpoint.ledger, endpoint)
        case "climate_controller":
            return build_controller(read_controller(context), context, endpoint.ledger, endpoint)
    wire, kept = cast("DeviceWire", NoWire()), SupervisorRepository(endpoint.records)
    return ClimateSupervisor(read_supervisor(context), endpoint, SYSTEM_CLOCK, wire, kept)


def follower(name: str) -> Callable[[int, str], None]:
    """Return the flood of a service with an endpoint."""

    def flood(count: int, what: str) -> None:
        make = MESSAGES[what]
        with tempfile.TemporaryDirectory() as folder, _endpoint(name, SYSTEM_CLOCK) as (endpoint, stand_in):
            with endpoint.ledger.transaction():
                service = _built(name, endpoint, _context(folder))
            endpoint.attach(service)
            for first in range(0, count, BATCH):
                numbers = range(first, min(first + BATCH, count))
                stand_in.arrivals += [arrived(make(number), number, endpoint.topics) for number in numbers]
                while stand_in.arrivals:
                    endpoint.turn(0.0, service.work)

    return flood


def gateway(count: int, what: str) -> None:
    """What the gateway makes of it: the view, the feed, Home Assistant's and NUT's sides, and the page of metrics."""
    suite, settings, make = SuiteSettings(), GatewaySettings(), MESSAGES[what]
    desk = LiveSuite(suite, SYSTEM_CLOCK, lambda _: None)
    home = settings.home_assistant.model_copy(update={"discovery": True})
    desk.listeners.append(HomeAssistant(home, suite, SYSTEM_CLOCK, lambda: True).on_change)
    desk.listeners.append(NutDoor(settings.nut, SYSTEM_CLOCK).on_change)
    page = Exposition(desk.families).page
    latest = desk.client.client.latest
    for number in range(count):
        latest.arrived(arrived(make(number), number, suite.topics))
        if number % BATCH == BATCH - 1:
            desk.refresh()
        if number % PAGE_EVERY == PAGE_EVERY - 1:
            page("")


FLOODS: Mapping[str, tuple[Callable[[int, str], None], str]] = {
    **{f"gateway, {what}": (gateway, what) for what in ("devices", "types", "alert keys", "services", "large events")},
    **{
        f"{name}, {what}": (follower(name), what)
        for name, kinds in {
            "host_agent": ("devices", "alert keys", "services", "commands"),
            "climate_controller": ("devices", "services", "zones"),
            "climate_supervisor": ("devices", "stop alerts", "demands", "stops"),
        }.items()
        for what in kinds
    },
}
