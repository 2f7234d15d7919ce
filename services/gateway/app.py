"""Wiring: the gateway's settings, its route and its place on the wire."""

from __future__ import annotations

from services.gateway.adapters.secret_files import read_keys
from services.gateway.service import Gateway
from services.gateway.settings import FILE, GatewaySettings
from shared.delivery.endpoint import Endpoint
from shared.delivery.route import route_of
from shared.event_text.load import load_event_texts
from shared.ledger import Ledger
from shared.process import Context, Service, main
from shared.settings import ConfigError, read_settings


def read(context: Context) -> GatewaySettings:
    """Return the settings; raises ConfigError, also where a file with a secret cannot be used."""
    settings = read_settings(context.folder, FILE, GatewaySettings, context.environ)
    _, faults = read_keys(settings.http, _where(context))
    if faults:
        raise ConfigError(faults)
    return settings


def build(settings: GatewaySettings, context: Context, _: Ledger, endpoint: Endpoint) -> Gateway:
    """Return the gateway, which does not serve yet."""
    keys, faults = read_keys(settings.http, _where(context))
    if faults:
        raise ConfigError(faults)
    texts = load_event_texts(context.folder, context.environ)
    return Gateway(settings, keys, texts, context.suite, context.clock, endpoint.offer_event, endpoint.wake)


def _where(context: Context) -> str:
    return str(context.folder / f"{FILE}.yaml")


def drive(_: GatewaySettings, __: Context, gateway: Gateway, ___: Endpoint) -> Gateway:
    """Return the gateway, serving."""
    gateway.start()
    return gateway


SERVICE = Service(route=route_of("gateway"), settings=read, handler=build, drive=drive)


def run() -> int:
    """Run the service; returns its exit code."""
    return main(SERVICE)
