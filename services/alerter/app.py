"""Wiring: the alerter's rules, its stage, its place on the wire."""

from __future__ import annotations

from services.alerter.settings import rules
from services.alerter.stage import LEDGER_SCHEMA, Alerter
from shared.delivery.hop import Hop, Route
from shared.event_counters import FILE, EventCountersSettings
from shared.ledger import Ledger
from shared.process import Context, Service, main
from shared.settings import read_settings

ROUTE = Route(name="alerter", consumes=("event",))


def build(settings: EventCountersSettings, _: Context, ledger: Ledger, hop: Hop) -> Alerter:
    """Return the alerter, having told again what it knew."""
    alerter = Alerter(rules(settings), ledger, hop)
    alerter.announce()
    return alerter


SERVICE = Service(
    route=ROUTE,
    settings=lambda context: read_settings(context.folder, FILE, EventCountersSettings, context.environ),
    stage=build,
    schema=(LEDGER_SCHEMA,),
)


def run() -> int:
    """Run the service; returns its exit code."""
    return main(SERVICE)
