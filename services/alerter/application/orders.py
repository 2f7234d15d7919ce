"""The actions of alerts: commands and emergency stops, each once for each time an alert fires.

1. An action that names a label the alert lacks is not carried out: an empty place would widen it to every device or
   zone (issue 14.7).
2. An alert from a sample that came too late (``alert_set.OLD_US``) carries out no action. It fires all the same, and
   people are notified (issue 14.12).
3. Actions that are not carried out are counted and logged.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from services.alerter.application.emergency_stops import EmergencyStops
from services.alerter.core.actions import Action, Cause, Do, command_for, missing_labels, unfit_target, zone_of
from services.alerter.core.limits import STOPS
from shared.delivery.handler import Publisher
from shared.limits import LimitReports
from shared.messages import Alert
from shared.values import EARLIEST, LATEST

log = logging.getLogger(__name__)
FURTHEST = timedelta(days=3660)  # the longest time from firing to the end of a command


class Orders:
    """Carries out the actions of alerts that fire. Every call belongs inside the batch's transaction."""

    def __init__(
        self, publisher: Publisher, stops: EmergencyStops, limits: LimitReports, most: int = STOPS.most
    ) -> None:
        self._publisher = publisher
        self._stops = stops
        self._limits = limits
        self._most = most
        self.withheld: Counter[str] = Counter()  # actions not carried out, by reason, since the start

    def execute_actions(self, actions: Sequence[Action], cause: Cause, now: datetime, *, stale: bool) -> list[Alert]:
        """Carry out the actions; return the emergency stops that began. ``stale``: see rule 2."""
        began = []
        for number, action in enumerate(actions):
            if action.do is Do.NOTIFICATION:
                continue
            if (reason := self._reason_to_withhold(action, cause, stale)) is not None:
                kind, text = reason
                self.withheld[kind] += 1
                log.warning("%s/%s: the action %s is not carried out: %s", cause.rule, cause.key, action.do, text)
            elif action.do is Do.EMERGENCY_STOP:
                stop = self._stops.call(zone_of(action, cause.labels), cause, now)
                began += [] if stop is None else [stop]
            elif (command := command_for(action, cause, number)) is not None:
                self._publisher.emit(command)
        return began

    def _reason_to_withhold(self, action: Action, cause: Cause, stale: bool) -> tuple[str, str] | None:
        if missing := missing_labels(action, cause.labels):
            return "missing_label", f"the alert has no label {' and no '.join(missing)}"
        if (target := unfit_target(action, cause.labels)) is not None:
            return "unfit_target", f"{target!r} is no name of a device or service"
        if action.do is Do.EMERGENCY_STOP and self._stops.standing >= self._most:
            self._limits.note(
                STOPS, cause.labels.get("device", cause.rule), zone_of(action, cause.labels), most=self._most
            )
            return "too_many_stops", f"{self._most} zones are stopped already; lift some with `upskeep reset-stop`"
        if not EARLIEST <= cause.time < LATEST - FURTHEST:
            return "impossible_time", f"it fired in the year {cause.time.year}"
        if stale:
            return "too_old", "what made it fire came too late to act on"
        return None
