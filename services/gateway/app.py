"""Wiring: the gateway's settings, its route and its place on the wire."""

from __future__ import annotations

import os
from contextlib import suppress

from services.gateway.adapters.secret_files import read_keys
from services.gateway.configuration import lines, read
from services.gateway.core.pages.counters import Limit
from services.gateway.service import Gateway
from services.gateway.settings import GatewaySettings
from shared.context import Context
from shared.delivery.endpoint import Endpoint
from shared.delivery.route import route_of
from shared.event_counters import FILE as COUNTERS_FILE
from shared.event_counters import EventCountersSettings
from shared.event_text.load import load_event_texts
from shared.ledger import Ledger
from shared.process import Service, main
from shared.settings import ConfigError, read_settings

NICENESS = 10  # reading, counting and alerting go first where the processor is short (docs/adr/0044)
LEISURE_S = 4.0  # the service's own place on the wire hears life signs alone; what is offered wakes it


def build(settings: GatewaySettings, context: Context, _: Ledger, endpoint: Endpoint) -> Gateway:
    """Return the gateway, which does not serve yet."""
    keys, faults = read_keys(settings.http, lines(context))
    if faults:
        raise ConfigError(faults)
    texts = load_event_texts(context.folder, context.environ)
    limits, offer = _limits(context), endpoint.offer_event
    return Gateway(settings, keys, texts, limits, context.suite, context.clock, offer, endpoint.wake)


def _limits(context: Context) -> dict[str, Limit]:
    """Return the limits that the alerter judges counts by; a fault in their file is the alerter's to report."""
    try:
        found = read_settings(context.folder, COUNTERS_FILE, EventCountersSettings, context.environ).alert_thresholds
    except ConfigError:
        return {}
    return {name: Limit(each.hourly, each.daily, each.per) for name, each in found.items()}


def drive(_: GatewaySettings, __: Context, gateway: Gateway, endpoint: Endpoint) -> Gateway:
    """Return the gateway, serving, at a priority below that of the services it shows."""
    with suppress(PermissionError):  # a hardened unit forbids every change of priorities
        os.nice(NICENESS)
    endpoint.take_time(LEISURE_S)
    gateway.start()
    return gateway


SERVICE = Service(route=route_of("gateway"), settings=read, handler=build, drive=drive)


def run() -> int:
    """Run the service; returns its exit code."""
    return main(SERVICE)
