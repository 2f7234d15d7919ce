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
MOST_WAITING = 10_000


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
    """What was published on the followed kinds. Beyond ``MOST_TOPICS`` new topics are counted and not kept.

    ``unreadable`` counts payloads that are none of their kind, ``dropped`` updates that nobody fetched in time.
    """

    topics: Topics
    kinds: frozenset[str]
    values: dict[str, tuple[str, Message]] = field(default_factory=dict)
    waiting: deque[Change] = field(default_factory=lambda: deque(maxlen=MOST_WAITING))
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
            self.values.pop(arrival.topic, None)
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
        return [message for _, (its, message) in sorted(self.values.items()) if its == kind]

    def updates(self) -> list[Message]:
        """Return the messages that came since this or ``changes`` was asked last, oldest first."""
        return [change.message for change in self.changes() if change.message is not None]

    def changes(self) -> list[Change]:
        """Return what came since this or ``updates`` was asked last, oldest first, emptied topics included."""
        found = [*self.waiting]
        self.waiting.clear()
        return found

    def _keep(self, topic: str, change: Change) -> None:
        if KINDS[change.kind].retained and change.message is not None:
            if topic not in self.values and len(self.values) >= MOST_TOPICS:
                self.refused += 1
                return
            self.values[topic] = (change.kind, change.message)
        self._wait(change)

    def _wait(self, change: Change) -> None:
        self.dropped += len(self.waiting) == MOST_WAITING
        self.waiting.append(change)
