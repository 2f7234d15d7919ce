"""Wiring: the controller's settings and its ledger."""

from __future__ import annotations

from services.climate_controller.adapters.repository import ControllerRepository
from services.climate_controller.configuration import read
from services.climate_controller.service import ClimateController
from services.climate_controller.settings import ControllerSettings
from shared.context import Context
from shared.delivery.endpoint import Endpoint
from shared.delivery.route import route_of
from shared.ledger import Ledger
from shared.process import Service, main


def build(settings: ControllerSettings, context: Context, _: Ledger, endpoint: Endpoint) -> ClimateController:
    """Return the controller."""
    return ClimateController(settings, endpoint, context.clock, ControllerRepository(endpoint.records))


SERVICE = Service(
    route=route_of("climate_controller"),
    settings=read,
    handler=build,
    drive=lambda _, __, controller, ___: controller,
)


def run() -> int:
    """Run the service; returns its exit code."""
    return main(SERVICE)
