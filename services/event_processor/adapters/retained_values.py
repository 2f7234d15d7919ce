"""The retained messages beside the states: incidents, and the maintenance of devices."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from services.event_processor.core.correlation.correlator import IncidentSnapshot
from services.event_processor.core.correlation.patterns import Pattern
from services.event_processor.core.device.keys import LIFE
from services.event_processor.core.device.memory import Memory
from services.event_processor.core.maintenance import maintenance_of
from services.event_processor.core.process import Outcome
from services.event_processor.core.rules.compiled import CompiledRules
from shared.incidents import Incident
from shared.instants import us_to_time
from shared.maintenance import Maintenance


def incident_of(standing: IncidentSnapshot, patterns: Mapping[str, Pattern]) -> Incident | None:
    """Return an incident as a message; None if its pattern was removed."""
    pattern, found = patterns.get(standing.pattern), standing.incident
    if pattern is None:
        return None
    return Incident(
        id=found.id,
        pattern=standing.pattern,
        key=standing.key,
        severity=pattern.severity,
        start=us_to_time(found.start_us),
        last=us_to_time(found.last_us),
        end=None if found.end_us is None else us_to_time(found.end_us),
        why=found.why,
        count=found.count,
        events=found.events,
    )


class MaintenanceWatch:
    """Computes a device's maintenance once an hour of its own time, and after news of its battery."""

    def __init__(self, compiled: CompiledRules) -> None:
        self._compiled = compiled
        self._marks: dict[str, tuple[datetime, int]] = {}  # device → the hour and the life it was last worked out at

    def news(self, device: str, outcome: Outcome) -> Maintenance | None:
        """Return the maintenance of a device if it must be published now, else None."""
        time, memory = outcome.frame.time, outcome.memory
        mark = time.replace(minute=0, second=0, microsecond=0), len(memory.numbers.get(LIFE, ()))
        known = device in self._marks
        if self._marks.get(device) == mark:
            return None
        self._marks[device] = mark
        items = maintenance_of(self._compiled.device_rules(device).device, memory, time)
        return Maintenance(device=device, time=time, items=items) if items or known else None

    def all_due(self, memories: Iterable[tuple[str, Memory]], now: datetime) -> Iterator[Maintenance]:
        """Yield the maintenance of each device that has any."""
        for device, memory in memories:
            if items := maintenance_of(self._compiled.device_rules(device).device, memory, now):
                yield Maintenance(device=device, time=memory.time or now, items=items)

    def forget(self, device: str) -> None:
        """Remove a device."""
        self._marks.pop(device, None)
