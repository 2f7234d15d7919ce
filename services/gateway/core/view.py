"""The last value of each topic, with bounds: the gateway's only memory, made anew from retained messages.

Rules:
1. One entry a topic, by the kind and the levels of the topic. An emptied topic takes its entry away.
2. A kind holds the topics and bytes of ``core.limits``; beyond, new ones are counted in ``refused`` and not kept. A
   value that grows beyond them takes its topic's entry away: no old one is shown in its place.
3. Events and dead letters have no topic of their own each: the newest ``MOST_EVENTS`` and ``MOST_DEAD_LETTERS`` are
   kept, in the order they came.
4. Times are monotonic seconds of this process: when a value was heard. One that the broker kept may be older.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from services.gateway.core.limits import EVENT_BYTES, KIND_BYTES, TOPICS
from services.gateway.core.traces import Traces
from shared.health import Health
from shared.incidents import Incident
from shared.limits import Limit, LimitReports
from shared.maintenance import Maintenance
from shared.messages import Alert, Counter, DeadLetter, DeviceState, Event, Message, Status
from shared.report import ScheduledReport

MOST_EVENTS = 200
MOST_DEAD_LETTERS = 50
STALE_S = 60.0
SHOWN = ("state", "event", "incident", "maintenance", "counter", "health", "alert", "report", "status", "deadletter")

Parts = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Heard:
    """A value, when it arrived, and whether it was retained."""

    message: Message
    at_s: float
    retained: bool
    size: int = 0


@dataclass(slots=True)
class View:
    """Everything that is shown now. ``connected``: whether the broker is; ``refused`` counts what found no room."""

    values: dict[str, dict[Parts, Heard]] = field(default_factory=lambda: {kind: {} for kind in SHOWN})
    events: deque[Event] = field(default_factory=lambda: deque(maxlen=MOST_EVENTS))
    dead_letters: deque[DeadLetter] = field(default_factory=lambda: deque(maxlen=MOST_DEAD_LETTERS))
    traces: Traces = field(default_factory=Traces)
    connected: bool = False
    refused: int = 0
    limits: LimitReports = field(default_factory=LimitReports)
    _sizes: deque[int] = field(default_factory=lambda: deque(maxlen=MOST_EVENTS))  # of the events
    _bytes: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SHOWN, 0))

    def update(
        self, kind: str, parts: Parts, message: Message | None, at_s: float, *, retained: bool = False, size: int = 0
    ) -> bool:
        """Apply a topic's new value and its size in bytes; return whether it is kept."""
        if isinstance(message, Event):
            self._take_event(message, size)
            return True
        if isinstance(message, DeadLetter):
            self.dead_letters.append(message)
            return True
        values = self.values.get(kind)
        if values is None:
            return False
        before = values.get(parts)
        self._bytes[kind] -= before.size if before else 0
        if message is None:
            return values.pop(parts, None) is not None
        if (limit := self._full(kind, size, is_new=before is None)) is not None:
            values.pop(parts, None)
            self.refused += 1
            self.limits.note(limit, "/".join((kind, *parts[:1])), of=kind)
            return False
        values[parts] = Heard(message, at_s, retained, size)
        self._bytes[kind] += size
        if isinstance(message, DeviceState):
            self.traces.add(message, at_s)
        return True

    def _full(self, kind: str, size: int, *, is_new: bool) -> Limit | None:
        if self._bytes[kind] + size > KIND_BYTES.most:
            return KIND_BYTES
        return TOPICS if is_new and len(self.values[kind]) >= TOPICS.most else None

    def _take_event(self, event: Event, size: int) -> None:
        self.events.append(event)
        self._sizes.append(size)
        while sum(self._sizes) > EVENT_BYTES.most:
            self.events.popleft()
            self._sizes.popleft()

    def states(self) -> list[DeviceState]:
        """Return the state of every device, by name."""
        return [m for m in self._messages("state") if isinstance(m, DeviceState)]

    def alerts(self) -> list[Alert]:
        """Return every alert that is published, by rule and key."""
        return [m for m in self._messages("alert") if isinstance(m, Alert)]

    def counters(self) -> list[Counter]:
        """Return every counter, by type."""
        return [m for m in self._messages("counter") if isinstance(m, Counter)]

    def incidents(self) -> list[Incident]:
        """Return the newest incident of each pattern and key."""
        return [m for m in self._messages("incident") if isinstance(m, Incident)]

    def maintenance(self) -> list[Maintenance]:
        """Return what is due at each device."""
        return [m for m in self._messages("maintenance") if isinstance(m, Maintenance)]

    def statuses(self) -> list[Status]:
        """Return the last life sign of every service, by name."""
        return [m for m in self._messages("status") if isinstance(m, Status)]

    def reports(self) -> list[ScheduledReport]:
        """Return the last report of each kind that was made on schedule."""
        return [m for m in self._messages("report") if isinstance(m, ScheduledReport)]

    def health(self) -> Health | None:
        """Return the health score, None before the first."""
        return next((m for m in self._messages("health") if isinstance(m, Health)), None)

    def age_s(self, device: str, now_s: float, wall: datetime) -> float | None:
        """Return how old a device's state is, in seconds; None for a device that is not known.

        The time since it was heard. One that the broker had kept is as old as its reading, if that was no simulation,
        whose times may be any.
        """
        heard = self.values["state"].get((device,))
        if heard is None or not isinstance(heard.message, DeviceState):
            return None
        age = now_s - heard.at_s
        if heard.retained and not heard.message.simulated:
            age = max(age, (wall - heard.message.time).total_seconds())
        return age

    def is_stale(self, device: str, now_s: float, wall: datetime) -> bool:
        """Whether a device's state is too old to be shown as what is now."""
        age = self.age_s(device, now_s, wall)
        return age is None or age > STALE_S

    def _messages(self, kind: str) -> Iterator[Message]:
        return (heard.message for _, heard in sorted(self.values[kind].items()))
