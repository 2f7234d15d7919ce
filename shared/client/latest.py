"""The latest value of every topic that is followed: what the broker retains, and what has changed since."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from pydantic import ValidationError

from shared.kinds import KINDS, model_of
from shared.messages import Message
from shared.mqtt import Arrived
from shared.topics import TopicError, Topics

MOST_TOPICS = 100_000
MOST_BYTES = 64_000_000  # of the values that are remembered, as they came
MOST_WAITING = 10_000
MOST_WAITING_BYTES = 16_000_000


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one followed topic: ``message`` is None where its retained value was emptied.

    ``parts`` are the topic's levels. ``retained``: the broker kept it, it may be of any age. ``size``: the payload's.
    """

    kind: str
    parts: tuple[str, ...]
    message: Message | None
    retained: bool
    size: int = 0


@dataclass(slots=True)
class LatestValues:
    """What was published on the followed kinds. Beyond ``MOST_TOPICS`` and ``MOST_BYTES`` nothing more is kept.

    ``unreadable`` counts payloads that are none of their kind, ``refused`` values that found no room, ``dropped``
    updates that nobody fetched in time. Unless it ``remembers``, it has updates alone.
    """

    topics: Topics
    kinds: frozenset[str]
    remembers: bool = True
    values: dict[str, tuple[str, Message, int]] = field(default_factory=dict)
    waiting: deque[Change] = field(default_factory=deque)
    size: int = 0  # of the values
    waiting_size: int = 0
    unreadable: int = 0
    refused: int = 0
    dropped: int = 0

    def arrived(self, arrival: Arrived) -> bool:
        """Take a message of a followed kind; an empty payload ends a retained value. Returns whether it was one."""
        try:
            kind, parts = self.topics.parse(arrival.topic)
        except TopicError:
            return False
        if kind not in self.kinds:
            return False
        if not arrival.payload:
            self._forget(arrival.topic)
            self._wait(Change(kind, parts, None, arrival.retain))
            return True
        try:
            message = model_of(kind).model_validate_json(arrival.payload)
        except ValidationError:
            self.unreadable += 1
            return True
        self._keep(arrival.topic, Change(kind, parts, message, arrival.retain, len(arrival.payload)))
        return True

    def of(self, kind: str) -> list[Message]:
        """Return the latest value of every topic of a retained kind, ordered by topic."""
        return [message for _, (its, message, _) in sorted(self.values.items()) if its == kind]

    def updates(self) -> list[Message]:
        """Return the messages that came since this or ``changes`` was asked last, oldest first."""
        return [change.message for change in self.changes() if change.message is not None]

    def changes(self) -> list[Change]:
        """Return what came since this or ``updates`` was asked last, oldest first, emptied topics included."""
        found = [*self.waiting]
        self.waiting.clear()
        self.waiting_size = 0
        return found

    def _keep(self, topic: str, change: Change) -> None:
        if self.remembers and KINDS[change.kind].retained and change.message is not None:
            self._forget(topic)
            if len(self.values) >= MOST_TOPICS or self.size + change.size > MOST_BYTES:
                self.refused += 1
                return
            self.values[topic] = (change.kind, change.message, change.size)
            self.size += change.size
        self._wait(change)

    def _forget(self, topic: str) -> None:
        kept = self.values.pop(topic, None)
        self.size -= kept[2] if kept else 0

    def _wait(self, change: Change) -> None:
        self.waiting.append(change)
        self.waiting_size += change.size
        while len(self.waiting) > MOST_WAITING or self.waiting_size > MOST_WAITING_BYTES:
            self.waiting_size -= self.waiting.popleft().size
            self.dropped += 1
