"""Device states that wait to be published, so that a turn costs the same with one device and with thousands.

1. A state with something new besides numbers (an event, a word, a flag, a latch) leaves in its own turn.
2. Of states with new numbers alone, at most ``NUMBERS_A_TURN`` leave in a turn, those that have waited longest. Only
   the newest of a device waits. In a turn with frames as many leave as a quarter of their devices and
   ``NUMBERS_AT_LEAST``: frames come first.
3. Before a service stops, all of them leave.
"""

from __future__ import annotations

from collections.abc import Iterator

from services.event_processor.core.process import Outcome

NUMBERS_A_TURN, NUMBERS_AT_LEAST = 64, 8


class WaitingStates:
    """At most one state for each device, in memory alone: a crash costs numbers, until the next frame."""

    def __init__(self, most: int = NUMBERS_A_TURN) -> None:
        self._most = most
        self._urgent: dict[str, Outcome] = {}
        self._numbers: dict[str, Outcome] = {}  # the longest waiting first
        self._all = False

    def add(self, outcome: Outcome, *, matters: bool) -> None:
        """Add the newest state of a device; ``matters``: something besides numbers is new in it."""
        device = outcome.frame.device
        if matters or device in self._urgent:
            self._numbers.pop(device, None)
            self._urgent[device] = outcome
        else:
            self._numbers[device] = outcome

    def due(self, heard: int = 0) -> Iterator[Outcome]:
        """Remove and yield the states that leave in this turn; ``heard``: the number of devices with frames in it."""
        most = min(self._most, max(NUMBERS_AT_LEAST, heard // 4)) if heard else self._most
        yield from self._urgent.values()
        self._urgent.clear()
        for device in list(self._numbers)[: None if self._all else most]:
            yield self._numbers.pop(device)

    def hurry(self) -> None:
        """Let all states leave from the next turn on."""
        self._all = True

    def forget(self, device: str) -> None:
        """Remove a device."""
        self._urgent.pop(device, None)
        self._numbers.pop(device, None)

    def __bool__(self) -> bool:
        """Whether any state waits for the next turn."""
        return bool(self._numbers)
