"""Emergency stops: one for each zone, latched and retained as ``alert/emergency_stop/{zone}`` until a person lifts it.

A second order to stop a stopped zone changes nothing: the first cause stays. To lift a stop does not end the alert that
ordered it; the alert orders it again when it fires anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from services.alerter.adapters.repository import AlertRepository
from services.alerter.core.actions import RELEASE, STOP, Cause, stop_command
from services.alerter.core.keys import fingerprint, key_of
from services.alerter.core.states import Reason
from shared.delivery.handler import Publisher, RefusedError
from shared.instants import time_to_us
from shared.messages import Alert, AlertState, Severity


class EmergencyStops:
    """The stops, in the ledger and on their topics. Each of ``targets`` gets a command for each stop."""

    def __init__(self, repository: AlertRepository, publisher: Publisher, targets: Sequence[str]) -> None:
        self._repository = repository
        self._publisher = publisher
        self._targets = targets
        self._stops = repository.stops()

    @property
    def all(self) -> Mapping[str, Alert]:
        """Every stop by its zone, lifted ones included."""
        return self._stops

    @property
    def standing(self) -> int:
        """How many stops are in force."""
        return sum(stop.state is AlertState.FIRING for stop in self._stops.values())

    def announce(self) -> None:
        """Publish every stop retained again."""
        for stop in self._stops.values():
            self._publisher.retain(stop)

    def call(self, zone: str, cause: Cause, now: datetime) -> Alert | None:
        """Stop a zone; return the stop, or None if the zone is stopped already."""
        key = key_of((zone,))
        before = self._stops.get(key)
        if before is not None and before.state is AlertState.FIRING:
            return None
        labels = {**cause.labels, "zone": zone, "rule": STOP, "severity": Severity.CRITICAL.value, "cause": cause.rule}
        stop = Alert(
            rule=STOP,
            key=key,
            state=AlertState.FIRING,
            severity=Severity.CRITICAL,
            since=cause.time,
            time=cause.time,
            value=1.0,
            threshold=0.0,
            window_s=0.0,
            reason=Reason.STOPPED.value,
            message=f"{zone}: stopped, because {cause.rule}/{cause.key} fires: {cause.message}",
            labels=labels,
            condition="an emergency stop",
            fingerprint=fingerprint({"rule": STOP, "key": key}),
        )
        self._put(key, stop)
        for target in self._targets:
            self._publisher.emit(stop_command(target, STOP, zone, cause, now))
        return stop

    def lift(self, zone: str, by: str, why: str, now: datetime) -> Alert:
        """Lift the stop of a zone; raises RefusedError if it is not stopped."""
        key = key_of((zone,))
        stop = self._stops.get(key)
        if stop is None or stop.state is not AlertState.FIRING:
            stopped = ", ".join(zone for zone, stop in self._stops.items() if stop.state is AlertState.FIRING)
            raise RefusedError(f"{zone} is not stopped; {f'stopped: {stopped}' if stopped else 'nothing is stopped'}")
        message = f"{zone}: stop lifted by {by}: {why}"
        over = {"state": AlertState.RESOLVED, "time": max(now, stop.since), "reason": Reason.RESET.value}
        lifted = stop.model_copy(update={**over, "value": 0.0, "message": message, "by": by, "comment": why})
        self._put(key, lifted)
        cause = Cause(STOP, key, stop.since, message, stop.labels)
        for target in self._targets:
            self._publisher.emit(stop_command(target, RELEASE, zone, cause, now))
        return lifted

    def forget(self, before: datetime) -> None:
        """Empty the topics of stops that were lifted before a time."""
        gone = [key for key, stop in self._stops.items() if stop.state is AlertState.RESOLVED and stop.time < before]
        for key in gone:
            del self._stops[key]
            self._publisher.clear("alert", STOP, key)
            self._repository.write_stop(key, None)
            self._repository.note_emptied((STOP, key), time_to_us(before))

    def _put(self, key: str, stop: Alert) -> None:
        self._stops[key] = stop
        self._repository.write_stop(key, stop)
        self._publisher.retain(stop)
