"""Since when each source has been observed: before that, no events does not mean that nothing happened.

Rules:
1. A source is a device. Events without a device use the first source of all.
2. A source is observed from its first message on. A message dated more than ``LATE_US`` before event time, or
   ``EARLY_US`` after it, is a late delivery or a bad clock: it counts, but does not move the beginning. Imported events
   and those read back are trusted, however old.
3. So a bad clock changes the averages of its own device at most. At most ``MAX_SOURCES`` are kept apart; further
   devices share an entry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from services.counter_store.core.time_units import DAY_US

LATE_US = DAY_US
EARLY_US = DAY_US
MAX_SOURCES = 1_000
REST = ""  # the entry of further devices, and of events without a device


class Observation:
    """The first time of each source in µs, as reported; ``kept`` is what ``rows`` returned."""

    def __init__(self, kept: Mapping[str, int]) -> None:
        self._first_us = dict(kept)
        self.since_us: int | None = min(kept.values(), default=None)

    def rows(self) -> dict[str, int]:
        """Return the first times by source, to store."""
        return dict(self._first_us)

    def add(self, device: str | None, time_us: int, now_us: int | None, *, trusted: bool = False) -> None:
        """Note a message of a device at ``time_us``; ``now_us`` is event time, None while unknown."""
        if time_us >= self._first_us.get(device or REST, time_us + 1):
            return
        if not (trusted or now_us is None or now_us - LATE_US <= time_us <= now_us + EARLY_US):
            return
        source = device or REST
        if source not in self._first_us and len(self._first_us) >= MAX_SOURCES:
            source = REST
        known_us = self._first_us.get(source)
        if known_us is None or time_us < known_us:
            self._first_us[source] = time_us
            self.since_us = time_us if self.since_us is None else min(time_us, self.since_us)

    def since_of(self, devices: Iterable[str | None]) -> int | None:
        """Return since when any of these devices has been observed."""
        found = [self._first_us.get(device) if device else None for device in devices]
        if not found or None in found:
            return self.since_us
        return min(us for us in found if us is not None)

    def move(self, moved: Callable[[int], int]) -> None:
        """Move every time along with a step of the clock."""
        self._first_us = {source: moved(us) for source, us in self._first_us.items()}
        self.since_us = min(self._first_us.values(), default=None)

    def rebuild(self, first_us: Mapping[str | None, int]) -> None:
        """Replace the first times of these devices; None stands for events without a device."""
        for device in first_us:
            self._first_us.pop(device or REST, None)
        self.since_us = min(self._first_us.values(), default=None)
        for device, us in first_us.items():
            self.add(device, us, None, trusted=True)

    def __bool__(self) -> bool:
        return self.since_us is not None
