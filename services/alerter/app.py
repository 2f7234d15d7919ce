"""Wiring: the alerter's rules, its message handler, its route and its clocks."""

from __future__ import annotations

from services.alerter.adapters.delivery_worker import Clocks
from services.alerter.adapters.delivery_workers import DeliveryWorkers
from services.alerter.adapters.notice_store import DeliveryLoss
from services.alerter.adapters.templates import NoticeWriter
from services.alerter.application.notice_outbox import MQTT_NOWHERE, Channels
from services.alerter.configuration import read
from services.alerter.service import LEDGER_SCHEMA, Alerter, Options
from services.alerter.settings import AlerterSettings, AlertsSettings
from shared.clock import Clock
from shared.context import Context
from shared.delivery.endpoint import Endpoint
from shared.delivery.route import route_of
from shared.ledger import Ledger
from shared.messages import Candidate
from shared.process import Service, main

TICK_S = 1.0
NOTIFICATION_FAILED = "alert.notification_failed"

ROUTE = route_of("alerter")


class ClockTasks:
    """BackgroundTasks: gives the alerter the time in every turn, and checks the delivery workers."""

    def __init__(self, handler: Alerter, workers: DeliveryWorkers, clock: Clock, endpoint: Endpoint) -> None:
        self._handler = handler
        self._workers = workers
        self._clock = clock
        self._hop = endpoint
        self._looked_s = float("-inf")
        endpoint.add_figures(workers.figures)
        workers.start()

    def work(self) -> None:
        """Run a tick of the alerter if it is due."""
        now_s = self._clock.monotonic()
        self._handler.tick(self._clock.wall(), now_s, self._hop.connected)
        if now_s - self._looked_s >= TICK_S:
            self._looked_s = now_s
            self._workers.check()
            for loss in self._handler.outbox.notices.losses():
                self._workers.lost += loss.notices
                self._hop.offer_event(loss_event(loss, self._hop.epoch))

    def wait_s(self) -> float:
        """Return the pause until the next tick, s. It is called right after a commit, so it wakes the workers."""
        self._workers.wake()
        if self._handler.outbox.notices.waiting():
            return TICK_S
        return max(TICK_S, self._handler.rest_s(self._clock.wall()))

    def finish(self) -> None:
        """Do nothing: the next start does the rest."""

    def close(self) -> None:
        """Stop the workers after the attempts under way."""
        self._workers.stop()


def loss_event(loss: DeliveryLoss, epoch: str) -> Candidate:
    """Return the event for notices that were given up; the same loss always makes the same one."""
    data = {"receiver": loss.receiver, "channel": loss.channel, "notices": loss.notices, "reason": loss.reason}
    return Candidate(type=NOTIFICATION_FAILED, id=f"unsent/{epoch}/{loss.channel}/{loss.last}", data=data)


def options(settings: AlerterSettings, *, by_events: bool) -> Options:
    """Return the alerter's options; with ``by_events`` (a backtest) time passes only with the events.

    Then notices are decided and stored, but not sent.
    """
    alerts = settings.alerts
    return Options(
        plan=alerts.plan(),
        channels=MQTT_NOWHERE if by_events else channels(alerts),
        stop_targets=alerts.emergency_stop_targets,
        resolved_for=alerts.resolved_for,
        idle_grace=alerts.idle_grace,
        by_events=by_events,
        texts=settings.texts,
    )


def channels(settings: AlertsSettings) -> Channels:
    """Return the channels of each receiver."""
    channels: dict[str, list[str]] = {}
    for channel in settings.channels():
        channels.setdefault(channel.receiver, []).append(channel.name)
    mqtt = frozenset(receiver.name for receiver in settings.receivers if receiver.mqtt)
    return Channels(channels, mqtt, NoticeWriter(settings.wordings()))


def build(settings: AlerterSettings, context: Context, ledger: Ledger, endpoint: Endpoint) -> Alerter:
    """Return the alerter, with every known alert retained again."""
    how = options(settings, by_events=False)
    alerter = Alerter(settings.rules(), ledger, endpoint, how, context.clock.wall, endpoint.offer_event)
    alerter.outbox.notices.drop_strangers()
    alerter.announce()
    return alerter


def drive(settings: AlerterSettings, context: Context, alerter: Alerter, endpoint: Endpoint) -> ClockTasks:
    """Return the tasks by the clock, with the delivery workers started."""
    clocks = Clocks(context.clock.wall, context.clock.monotonic)
    workers = DeliveryWorkers(
        endpoint.ledger.path, settings.alerts.channels(), alerter.outbox.notices, clocks, endpoint.way
    )
    return ClockTasks(alerter, workers, context.clock, endpoint)


SERVICE = Service(
    route=ROUTE,
    settings=read,
    handler=build,
    schema=LEDGER_SCHEMA,
    drive=drive,
)


def run() -> int:
    """Run the service; returns its exit code."""
    return main(SERVICE)
