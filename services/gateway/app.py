"""Wiring: the gateway's settings, its route and its place on the wire."""

from __future__ import annotations

from services.gateway.service import Gateway
from services.gateway.settings import FILE, GatewaySettings
from shared.delivery.endpoint import Endpoint
from shared.delivery.route import route_of
from shared.ledger import Ledger
from shared.process import Context, Service, main
from shared.settings import read_settings


def read(context: Context) -> GatewaySettings:
    """Return the settings; raises ConfigError."""
    return read_settings(context.folder, FILE, GatewaySettings, context.environ)


def build(settings: GatewaySettings, context: Context, _: Ledger, endpoint: Endpoint) -> Gateway:
    """Return the gateway, which does not serve yet."""
    return Gateway(settings, context.suite, context.clock, endpoint.wake)


def drive(_: GatewaySettings, __: Context, gateway: Gateway, ___: Endpoint) -> Gateway:
    """Return the gateway, serving."""
    gateway.start()
    return gateway


SERVICE = Service(route=route_of("gateway"), settings=read, handler=build, drive=drive)


def run() -> int:
    """Run the service; returns its exit code."""
    return main(SERVICE)
