"""Wiring: the supervisor's settings, its ledger, and the connection to the actuators."""

from __future__ import annotations

from services.climate_supervisor.adapters.device_wire import DeviceWire
from services.climate_supervisor.adapters.repository import SupervisorRepository
from services.climate_supervisor.configuration import read
from services.climate_supervisor.service import ClimateSupervisor
from services.climate_supervisor.settings import SupervisorSettings
from shared.context import Context
from shared.delivery.endpoint import Endpoint
from shared.delivery.route import route_of
from shared.ledger import Ledger
from shared.process import Service, main


def build(settings: SupervisorSettings, context: Context, _: Ledger, endpoint: Endpoint) -> ClimateSupervisor:
    """Return the supervisor; its connection to the actuators is being opened."""
    topics = tuple(dict.fromkeys(topic for binding in settings.bindings.values() for topic in binding.topics))
    wire = DeviceWire(context.suite, endpoint.name, topics, context.clock, endpoint.wake)
    supervisor = ClimateSupervisor(settings, endpoint, context.clock, wire, SupervisorRepository(endpoint.records))
    wire.open()
    return supervisor


SERVICE = Service(
    route=route_of("climate_supervisor"),
    settings=read,
    handler=build,
    drive=lambda _, __, supervisor, ___: supervisor,
)


def run() -> int:
    """Run the service; returns its exit code."""
    return main(SERVICE)
