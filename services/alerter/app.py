"""Wiring: the alerter's rules, its stage, its place on the wire, and the clocks it goes by."""

from __future__ import annotations

from services.alerter.settings import FILE, AlerterSettings, AlertsSettings
from services.alerter.stage import LEDGER_SCHEMA, Alerter, Manner
from shared.delivery.hop import Clock, Hop, Route
from shared.event_counters import FILE as COUNTERS
from shared.event_counters import EventCountersSettings
from shared.ledger import Ledger
from shared.process import Context, Service, main
from shared.settings import ConfigError, Fault, read_settings

TICK_S = 1.0

ROUTE = Route(
    name="alerter",
    consumes=("event",),
    produces={"command": ()},
    answers=True,
    targets=("alerter",),
    follows=("state", "status"),
)


class Ticking:
    """A Drive: the stage is told the time in every turn."""

    def __init__(self, stage: Alerter, clock: Clock, hop: Hop) -> None:
        self._stage = stage
        self._clock = clock
        self._hop = hop

    def work(self) -> None:
        """Do what is due."""
        self._stage.tick(self._clock.wall(), self._clock.monotonic(), self._hop.door.connected)

    def wait_s(self) -> float:
        """Time is looked at every second."""
        return TICK_S

    def finish(self) -> None:
        """Nothing is said at the end that would not be said at the next start."""

    def close(self) -> None:
        """It holds nothing."""


def read(context: Context) -> AlerterSettings:
    """Return the settings of both files; raises ConfigError with the faults of both."""
    faults: list[Fault] = []
    alerts, counters = AlertsSettings(), EventCountersSettings()
    try:
        alerts = read_settings(context.folder, FILE, AlertsSettings, context.environ)
    except ConfigError as error:
        faults += error.faults
    try:
        counters = read_settings(context.folder, COUNTERS, EventCountersSettings, context.environ)
    except ConfigError as error:
        faults += error.faults
    if faults:
        raise ConfigError(faults)
    return AlerterSettings(alerts, counters)


def manner(settings: AlertsSettings, *, by_events: bool) -> Manner:
    """Return how the alerter goes about its work; ``by_events`` where there is no clock but the events'."""
    return Manner(
        plan=settings.plan(),
        stop_targets=settings.emergency_stop_targets,
        resolved_for=settings.resolved_for,
        idle_grace=settings.idle_grace,
        by_events=by_events,
    )


def build(settings: AlerterSettings, context: Context, ledger: Ledger, hop: Hop) -> Alerter:
    """Return the alerter, having told again what it knew."""
    how = manner(settings.alerts, by_events=False)
    alerter = Alerter(settings.rules(), ledger, hop, how, context.clock.wall)
    alerter.announce()
    return alerter


SERVICE = Service(
    route=ROUTE,
    settings=read,
    stage=build,
    schema=(LEDGER_SCHEMA,),
    drive=lambda _, context, stage, hop: Ticking(stage, context.clock, hop),
)


def run() -> int:
    """Run the service; returns its exit code."""
    return main(SERVICE)
