"""The present hour of each device, stored in the ledger: changes commit with the batch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pydantic import TypeAdapter

from services.counter_store.core.influx.hourly_means import DeviceHour, fold_frame, hour_to_line, is_silent_since
from shared.ledger import Ledger
from shared.messages import Frame

MAX_DEVICES = 1_000  # with an open hour; further devices have readings and no hourly means
_KEY = "hour/"
NEVER_US = 2**62
_HOUR = TypeAdapter(DeviceHour)


class OpenHours:
    """At most one open hour for each device."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        kept = [_HOUR.validate_json(value) for _, value in ledger.items(_KEY)]
        self._hours = {hour.device: hour for hour in kept}
        self._changed: set[str] = set()
        self._oldest_us = min((hour.start_us for hour in kept), default=NEVER_US)  # no hour under way is older

    def fold(self, frame: Frame, site: str) -> Iterator[str]:
        """Add a frame, and yield the points of the hours that it ends."""
        before = self._hours.get(frame.device)
        over, now = fold_frame(before, frame)
        if now is None or now is before:
            return
        if before is None and len(self._hours) >= MAX_DEVICES:  # the devices that are known keep their means
            yield from self._lines(self._silent(frame), site)
            if len(self._hours) >= MAX_DEVICES:
                return
        self._hours[frame.device] = now
        self._oldest_us = min(self._oldest_us, now.start_us)
        self._changed.add(frame.device)
        if now.frames == 1:  # the first of its hour: only such a one can show that another device has gone silent
            yield from self._lines([*([] if over is None else [over]), *self._silent(frame)], site)

    @staticmethod
    def _lines(hours: Iterable[DeviceHour], site: str) -> Iterator[str]:
        return (line for hour in hours if (line := hour_to_line(hour, site)) is not None)

    def save(self) -> None:
        """Write what changed; call inside ``transaction``."""
        for device in self._changed:
            if device in self._hours:
                self._ledger.put(_KEY + device, _HOUR.dump_json(self._hours[device]))
            else:
                self._ledger.db.execute("DELETE FROM state WHERE key = ?", (_KEY + device,))
        self._changed.clear()

    def _silent(self, frame: Frame) -> list[DeviceHour]:
        """Remove and return the hours of silent devices that this frame shows to be over."""
        if not self._hours or not is_silent_since(self._oldest_us, frame):
            return []
        silent = [hour for hour in self._hours.values() if is_silent_since(hour.start_us, frame)]
        for hour in silent:
            del self._hours[hour.device]
        self._changed |= {hour.device for hour in silent}
        self._oldest_us = min((hour.start_us for hour in self._hours.values()), default=NEVER_US)
        return silent
