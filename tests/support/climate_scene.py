"""Controller and supervisor, whole services without a broker: a tent, its simulated actuators, and the test's clock.

What the services publish goes to each other at once; what they offer as events is kept, in order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from services.climate_controller.adapters.repository import ControllerRepository
from services.climate_controller.service import ClimateController
from services.climate_controller.settings import ControllerSettings
from services.climate_supervisor.adapters.device_wire import DeviceAnswer, DeviceWire
from services.climate_supervisor.adapters.repository import SupervisorRepository
from services.climate_supervisor.service import ClimateSupervisor
from services.climate_supervisor.settings import SupervisorSettings
from shared.actuation import ActuatorState, Demand, Outgoing
from shared.climate.simulated_actuator import Flaw, SimulatedActuator
from shared.climate.zones import Climate
from shared.clock import Clock
from shared.delivery.endpoint import Endpoint
from shared.delivery.records import Records
from shared.ledger import Ledger
from shared.messages import DeviceState, Message, Quality, Sequenced, ServiceOffer
from shared.requests import Command
from shared.topics import Topics
from tests.support.climate_room import TEMPLATES

START = datetime(2026, 1, 31, 11, tzinfo=UTC)  # before that of the other stages' scenes: what is ahead is refused
TOPICS = Topics("upskeep/v1", "home")
ACTUATORS: Mapping[str, Mapping[str, Any]] = {
    "heater": {"kind": "heater", "min_on_s": 0, "min_off_s": 0},
    "fan": {"kind": "exhaust", "steps": 10, "min_off_s": 30},
}


class Outlet:
    """The part of an endpoint that the two services use."""

    def __init__(self, scene: ClimateScene, name: str, ledger: Ledger) -> None:
        self.scene, self.name, self.topics, self.epoch = scene, name, TOPICS, f"{name[:9]}-epoch"
        self.records = Records(ledger, "home")
        self.rejected: list[str] = []
        self.demands: list[Demand] = []

    def emit(self, message: Sequenced) -> None:
        """Keep what is offered."""
        assert isinstance(message, ServiceOffer)
        self.scene.offered.append((self.name, message))

    def publish_once(self, message: Message) -> None:
        """Hand a demand to the supervisor."""
        if isinstance(message, Demand):
            self.demands.append(message)
        if isinstance(message, Demand) and "supervisor" not in self.scene.dead:
            self.scene.supervisor.follow(message, retained=False)

    def retain(self, message: Message) -> None:
        """Hand an actuator's state to the controller."""
        if isinstance(message, ActuatorState):
            self.scene.controller.follow(message, retained=False)

    def reject(self, received_on: str, payload: bytes, reason: str) -> None:
        """Keep what is refused."""
        self.rejected.append(f"{received_on}: {reason}: {payload.decode()[:40]}")


class Wire:
    """The actuators' end."""

    connected = True

    def __init__(self) -> None:
        self.ordered: list[Outgoing] = []
        self.answers: list[Outgoing] = []

    def send(self, outgoing: Outgoing) -> None:
        """Keep an order until the scene delivers it."""
        self.ordered.append(outgoing)

    def received(self) -> Iterator[DeviceAnswer]:
        """Yield the answers, once."""
        answers, self.answers = self.answers, []
        return iter([DeviceAnswer(each.topic, each.payload, retained=False) for each in answers])

    def flush(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Nothing is open."""


class ClimateScene:
    """A tent. ``celsius`` and ``percent`` are what its sensor shows every ten seconds, with a wobble; None: nothing."""

    def __init__(self, stack: ExitStack, mode: str = "Observe", **zone: Any) -> None:
        self.now_s = 1000.0
        self.celsius: float | None = 25.0
        self.percent = 68.5  # a VPD of 1.00 kPa
        self.offered: list[tuple[str, ServiceOffer]] = []
        self.dead: set[str] = set()
        self.devices = {name: SimulatedActuator(name) for name in ACTUATORS}
        self.wire = Wire()
        self._commands = 0
        clock = Clock(wall=lambda: START + timedelta(seconds=self.now_s - 1000.0), monotonic=lambda: self.now_s)
        self.clock = clock
        sensors = {name: [{"device": "air"}] for name in ("temperature", "humidity")}
        own = {name: {"zone": "tent", "template": "simulated", **settings} for name, settings in ACTUATORS.items()}
        self.supervisor_settings = SupervisorSettings.model_validate(
            {
                "enabled": True, "armed": True, "tick_s": 5, "zones": {"tent": {"sensors": sensors, **zone}},
                "actuators": own, "templates": {"simulated": TEMPLATES["simulated"]},
            }
        )  # fmt: skip
        named = [{"name": name, "kind": each["kind"], "steps": each.get("steps", 1)} for name, each in own.items()]
        climate = Climate.model_validate(
            {"zones": {"tent": {"sensor": "air", "mode": mode, "target_kpa": 1.0, "actuators": named}}}
        )
        actuators = self.supervisor_settings.actuators
        self.controller_settings = ControllerSettings(climate, actuators, {"tent": cast("Any", UTC)})
        self.outlets = {
            name: Outlet(self, f"climate_{name}", stack.enter_context(_OpenLedger(Ledger(":memory:"))))
            for name in ("controller", "supervisor")
        }
        self.start_controller()
        self.start_supervisor()

    def start_controller(self) -> None:
        """Start it, also anew over the same ledger."""
        outlet = self.outlets["controller"]
        endpoint = cast("Endpoint", outlet)
        self.controller = ClimateController(
            self.controller_settings, endpoint, self.clock, ControllerRepository(outlet.records)
        )

    def start_supervisor(self) -> None:
        """Start it, also anew over the same ledger."""
        outlet = self.outlets["supervisor"]
        self.supervisor = ClimateSupervisor(
            self.supervisor_settings,
            cast("Endpoint", outlet),
            self.clock,
            cast("DeviceWire", self.wire),
            SupervisorRepository(outlet.records),
        )

    # ---- what a test does

    def order(self, target: str, name: str, **data: Any) -> Mapping[str, Any]:
        """Give a command, as a person does."""
        self._commands += 1
        command = Command(id=f"c{self._commands}", target=f"climate_{target}", name=name, by="anna", data=data)
        service = self.controller if target == "controller" else self.supervisor
        return service.execute(command)

    def break_actuator(self, name: str, flaw: Flaw) -> None:
        """Break one."""
        self.devices[name] = replace(self.devices[name], flaw=flaw)

    def go(self, seconds: int) -> None:
        """Let seconds pass, one by one."""
        for _ in range(seconds):
            self.now_s += 1.0
            if self.celsius is not None and self.now_s % 10 == 0:
                self.speak(self.celsius, self.percent)
            self._live()

    def speak(self, celsius: float, percent: float, **more: Any) -> None:
        """Let the sensor show this once."""
        wobble = 0.01 * (self.now_s / 10 % 7)
        values = {"air_temperature": celsius + wobble, "relative_humidity": percent + wobble}
        fields = {"device": "air", "time": self.clock.wall(), "quality": Quality.GOOD, "values": values} | more
        state = DeviceState.model_validate(fields)
        for service in (self.controller, self.supervisor):
            service.follow(state, retained=False)

    @property
    def levels(self) -> dict[str, float]:
        """Where each actuator really is."""
        return {name: device.level for name, device in self.devices.items()}

    @property
    def types(self) -> list[str]:
        """The types of what was offered so far."""
        return [candidate.type for _, candidate in self.offered]

    # ---- below

    def _live(self) -> None:
        for name, device in self.devices.items():
            self.devices[name], said = device.tick(self.now_s)
            self.wire.answers += said
        if "controller" not in self.dead:
            self.controller.work()
        if "supervisor" in self.dead:
            return
        for _ in range(2):  # what one turn decides leaves in the next
            self.supervisor.work()
        ordered, self.wire.ordered = self.wire.ordered, []
        for order in ordered:
            for name, device in self.devices.items():
                self.devices[name], said = device.receive(order.topic, order.payload, self.now_s)
                self.wire.answers += said


class _OpenLedger:
    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    def __enter__(self) -> Ledger:
        self.transaction = self.ledger.transaction()
        self.transaction.__enter__()
        return self.ledger

    def __exit__(self, *_: object) -> None:
        self.transaction.__exit__(None, None, None)
        self.ledger.close()
