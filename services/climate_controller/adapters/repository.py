"""The controller's stored state: each zone's state and each actuator's on-times, in the ledger's ``life`` table."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping

from pydantic import ValidationError

from services.climate_controller.core.coordinator import Track
from services.climate_controller.core.state import SavedState, State, fresh_state, restored, to_saved
from shared.climate.zones import Zone
from shared.delivery.records import Records
from shared.on_times import KeptOnTimes, keep, recall

log = logging.getLogger(__name__)

STARTS, TIMES = "starts", "on_times"
KEEP_TIMES_S = 30.0


class ControllerRepository:
    """Reads and writes the stored state; every call belongs inside a transaction."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._written: dict[str, str] = {}
        self._times_s = float("-inf")

    def start(self) -> int:
        """Count this start; return the number of starts."""
        count = int(self._records.value(STARTS) or 0) + 1
        self._records.save_value(STARTS, str(count))
        return count

    def state(self, name: str, zone: Zone) -> State:
        """Return a zone's stored state, or a fresh one."""
        text = self._records.value(f"zone/{name}")
        if text is None:
            return fresh_state(zone)
        try:
            return restored(SavedState.model_validate_json(text))
        except ValidationError as error:
            log.warning("the stored state of the zone %s cannot be read, it begins anew: %s", name, error)
            return fresh_state(zone)

    def save_state(self, name: str, state: State) -> None:
        """Write a zone's state if it has changed."""
        text = to_saved(state).model_dump_json()
        if self._written.get(name) != text:
            self._written[name] = text
            self._records.save_value(f"zone/{name}", text)

    def tracks(self, now_s: float, wall_s: float) -> dict[str, Track]:
        """Return the stored on-times of each actuator."""
        kept = json.loads(self._records.value(TIMES) or "{}")
        away_s, found = wall_s - float(kept.get("at_s", wall_s)), {}
        for name, times in kept.get("times", {}).items():
            try:
                found[name] = Track(times=recall(KeptOnTimes.model_validate(times), away_s, now_s).ended(now_s))
            except ValidationError as error:
                log.warning("the stored on-times of %s cannot be read, they begin anew: %s", name, error)
        return found

    def save_tracks(self, tracks: Mapping[str, Track], now_s: float, wall_s: float, *, last: bool) -> None:
        """Write the on-times, at most every ``KEEP_TIMES_S`` because they change all the time; ``last``: at once."""
        if not last and now_s - self._times_s < KEEP_TIMES_S:
            return
        self._times_s = now_s
        ages = {name: keep(track.times, now_s).model_dump() for name, track in tracks.items()}
        self._records.save_value(TIMES, json.dumps({"at_s": wall_s, "times": ages}))
