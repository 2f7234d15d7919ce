"""The hours under way, kept in the ledger a device each: what the batch changed of them commits with it."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import TypeAdapter

from services.counter_store.core.influx.hourly_means import DeviceHour, fold_frame, hour_to_line, is_silent
from shared.ledger import Ledger
from shared.messages import Frame

_KEY = "hour/"
_HOUR = TypeAdapter(DeviceHour)


class OpenHours:
    """One open hour a device at most."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        kept = [_HOUR.validate_json(value) for _, value in ledger.items(_KEY)]
        self._hours = {hour.device: hour for hour in kept}
        self._changed: set[str] = set()

    def fold(self, frame: Frame, site: str) -> Iterator[str]:
        """Fold a frame in and yield the points of the hours that are over by it."""
        before = self._hours.get(frame.device)
        over, now = fold_frame(before, frame)
        if now is None or now is before:
            return
        self._hours[frame.device] = now
        self._changed.add(frame.device)
        if now.frames == 1:  # the first of its hour: only such a one can show that another device has gone silent
            for hour in (over, *self._silent(frame)):
                if hour is not None and (line := hour_to_line(hour, site)) is not None:
                    yield line

    def save(self) -> None:
        """Write what changed; call inside ``transaction``."""
        for device in self._changed:
            if device in self._hours:
                self._ledger.put(_KEY + device, _HOUR.dump_json(self._hours[device]))
            else:
                self._ledger.db.execute("DELETE FROM state WHERE key = ?", (_KEY + device,))
        self._changed.clear()

    def _silent(self, frame: Frame) -> list[DeviceHour]:
        silent = [hour for hour in self._hours.values() if is_silent(hour, frame)]
        for hour in silent:
            del self._hours[hour.device]
        self._changed |= {hour.device for hour in silent}
        return silent
