"""``incident/{pattern}/{key}``: the newest incident of each pattern and key, retained; emptied when none is kept."""

from __future__ import annotations

from datetime import datetime

from services.event_processor.adapters.incident_table import IncidentTable
from services.event_processor.adapters.retained_values import incident_of
from services.event_processor.core.correlation.correlator import Correlator, IncidentSnapshot
from shared.delivery.handler import Publisher
from shared.instants import time_to_us


class IncidentTopics:
    """Publishes the correlator's incidents. Every call belongs inside the batch's transaction."""

    def __init__(self, correlator: Correlator, table: IncidentTable, outlet: Publisher) -> None:
        self._correlator = correlator
        self._table = table
        self._outlet = outlet

    def announce(self) -> None:
        """Retain the newest incident of each pattern and key again."""
        for standing in self._table.newest():
            self._retain(standing)

    def forget(self, device: str) -> None:
        """Remove the incidents of a device, open and ended; their topics are emptied."""
        going_on = {(pattern, device) for pattern in self._correlator.forget(device)}
        for place in sorted(going_on | self._table.forget(device)):
            self._outlet.clear("incident", *place)

    def flush(self, newest: datetime | None) -> None:
        """Store and publish the changed incidents; ``newest`` is the time of the batch's last frame."""
        correlator = self._correlator
        if not correlator.published and not correlator.touched:
            return
        changed, undone = correlator.changes(correlator.now_us if newest is None else time_to_us(newest))
        for place in sorted(self._table.keep(changed, undone)) if changed or undone else ():
            if not correlator.is_open(place):
                self._outlet.clear("incident", *place)
        for standing in changed:
            self._retain(standing)

    def _retain(self, standing: IncidentSnapshot) -> None:
        incident = incident_of(standing, self._correlator.patterns.rules.patterns)
        if incident is not None:
            self._outlet.retain(incident)
