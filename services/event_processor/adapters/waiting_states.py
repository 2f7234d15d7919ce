"""States of devices that are yet to be retained, so that a turn costs alike with one device and with thousands.

1. A state leaves in its own turn where something other than numbers is new in it: an event, a word, a flag, a latch.
2. Where numbers alone are new, a turn lets at most ``NUMBERS_A_TURN`` of them go, those that have waited longest; the
   next turn takes the next. Only the newest of a device waits. A turn that has heard devices lets as many go as a
   quarter of them and ``NUMBERS_AT_LEAST``: who is behind has short turns too, and frames come first.
3. Before a service stops, all of them go.
"""

from __future__ import annotations

from collections.abc import Iterator

from services.event_processor.core.process import Outcome

NUMBERS_A_TURN, NUMBERS_AT_LEAST = 64, 8


class WaitingStates:
    """By device, at most one of each. What waits is in memory alone: a death costs numbers, until the next frame."""

    def __init__(self, most: int = NUMBERS_A_TURN) -> None:
        self._most = most
        self._urgent: dict[str, Outcome] = {}
        self._numbers: dict[str, Outcome] = {}  # who has waited longest comes first
        self._all = False

    def add(self, outcome: Outcome, *, matters: bool) -> None:
        """Let the newest state of a device wait; ``matters``: more than numbers is new in it."""
        device = outcome.frame.device
        if matters or device in self._urgent:
            self._numbers.pop(device, None)
            self._urgent[device] = outcome
        else:
            self._numbers[device] = outcome

    def due(self, heard: int = 0) -> Iterator[Outcome]:
        """Take out the states that go in this turn; ``heard``: of how many devices it has brought frames."""
        most = min(self._most, max(NUMBERS_AT_LEAST, heard // 4)) if heard else self._most
        yield from self._urgent.values()
        self._urgent.clear()
        for device in list(self._numbers)[: None if self._all else most]:
            yield self._numbers.pop(device)

    def hurry(self) -> None:
        """Let all go in the next turn, and in those after it."""
        self._all = True

    def forget(self, device: str) -> None:
        """Let go of a device that is no more."""
        self._urgent.pop(device, None)
        self._numbers.pop(device, None)

    def __bool__(self) -> bool:
        """Whether any state waits for the next turn."""
        return bool(self._numbers)
