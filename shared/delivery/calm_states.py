"""Which states of live hardware say nothing new but numbers: nobody confirms them, for the next follows (ADR 0061)."""

from __future__ import annotations

from shared.messages import DeviceState
from shared.sample_words import Words, sample_words

MOST_DEVICES = 10_000  # of further ones every state is confirmed


class CalmStates:
    """Knows each device's last words and flags."""

    def __init__(self) -> None:
        self._last: dict[str, Words] = {}

    def is_calm(self, state: DeviceState) -> bool:
        """Whether a state differs from its device's last one in numbers alone; remembers it."""
        words, before = sample_words(state), self._last.get(state.device)
        if before is not None or len(self._last) < MOST_DEVICES:
            self._last[state.device] = words
        return before == words and not state.simulated
