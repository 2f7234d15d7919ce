"""The supervisor's stored state: stops, emergencies and on-times, in the ledger's ``life`` table."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, replace
from typing import Any

from pydantic import ValidationError

from services.climate_supervisor.core.guards import Stop
from services.climate_supervisor.core.measured import Emergency
from services.climate_supervisor.core.supervise import Memory
from shared.delivery.records import Records
from shared.on_times import KeptOnTimes, keep, recall

log = logging.getLogger(__name__)

STOPS, EMERGENCIES, TIMES, STARTS = "stops", "emergencies", "on_times", "starts"


class SupervisorRepository:
    """Reads and writes the stored state; every call belongs inside a transaction."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._written: dict[str, str] = {}

    def start(self) -> int:
        """Count this start; return the number of starts."""
        count = int(self._records.value(STARTS) or 0) + 1
        self._records.save_value(STARTS, str(count))
        return count

    def recall(self, now_s: float, wall_s: float) -> Memory:
        """Return the memory of the last run, without readings."""
        memory = Memory()
        stops = {zone: Stop(**found) for zone, found in self._load(STOPS).items()}
        heat = {zone: Emergency(now_s, **found) for zone, found in self._load(EMERGENCIES).items()}
        kept = self._load(TIMES)
        away_s = wall_s - float(kept.get("at_s", wall_s))
        shadows = {}
        for name, found in kept.get("times", {}).items():
            try:
                times = recall(KeptOnTimes.model_validate(found), away_s, now_s)
            except ValidationError as error:
                log.warning("the stored on-times of %s cannot be read, they begin anew: %s", name, error)
                continue
            shadows[name] = replace(memory.shadow(name), times=times.ended(now_s))
        return replace(memory, stops=stops, emergencies=heat, shadows=shadows)

    def save(self, memory: Memory, now_s: float, wall_s: float, *, times: bool) -> None:
        """Write what has changed; ``times``: the on-times too, which change at every step."""
        self._save(STOPS, {zone: asdict(stop) for zone, stop in memory.stops.items()})
        heat = {zone: {"value": found.value, "device": found.device} for zone, found in memory.emergencies.items()}
        self._save(EMERGENCIES, heat)
        if times:
            ages = {name: keep(shadow.times, now_s).model_dump() for name, shadow in memory.shadows.items()}
            self._save(TIMES, {"at_s": wall_s, "times": ages})

    def _load(self, name: str) -> dict[str, Any]:
        found = json.loads(self._records.value(name) or "{}")
        return found if isinstance(found, dict) else {}

    def _save(self, name: str, value: dict[str, Any]) -> None:
        text = json.dumps(value)
        if self._written.get(name) != text:
            self._written[name] = text
            self._records.save_value(name, text)
