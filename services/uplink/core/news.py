"""Which latest values are worth a record: an alert that has changed, a state that says something new.

An alert that only waits to fire is none yet: where it never fires its topic is emptied, and the fleet would show it
waiting for ever.

A state comes with every reading, and ten thousand sites' readings are not what a fleet's log is for. So a state is news
when one of its words has changed, and its numbers are again after ``every_s`` of its own time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar

from shared.messages import Alert, AlertState, DeviceState

K = TypeVar("K")
V = TypeVar("V")
MOST = 10_000  # devices, and alerts, that are remembered; the least recent are forgotten


@dataclass(slots=True)
class News:
    """The last record of each device and each alert."""

    every_s: float
    states: dict[str, DeviceState] = field(default_factory=dict)
    alerts: dict[tuple[str, str], Alert] = field(default_factory=dict)

    def of_state(self, state: DeviceState) -> bool:
        """Whether a state becomes a record; remembers it."""
        before = self.states.get(state.device)
        if before is not None and _words(before) == _words(state) and not self._due(before, state):
            return False
        _remember(self.states, state.device, state)
        return True

    def of_alert(self, alert: Alert) -> bool:
        """Whether an alert becomes a record; remembers it."""
        key = (alert.rule, alert.key)
        if alert.state is AlertState.PENDING:
            return False
        if self.alerts.get(key) == alert:
            return False
        _remember(self.alerts, key, alert)
        return True

    def forget_alert(self, key: tuple[str, str]) -> None:
        """Forget an alert, so that it becomes a record when it comes again."""
        self.alerts.pop(key, None)

    def _due(self, before: DeviceState, state: DeviceState) -> bool:
        """Whether its numbers are due; a clock that was put back must not silence them."""
        return abs((state.time - before.time).total_seconds()) >= self.every_s


def _words(state: DeviceState) -> tuple[object, ...]:
    return state.zone, state.quality, state.power, state.battery, state.charging, state.active, state.simulated


def _remember(known: dict[K, V], key: K, value: V) -> None:
    known.pop(key, None)
    known[key] = value
    if len(known) > MOST:
        del known[next(iter(known))]
