"""What has changed lately, numbered, so that a reader who was away goes on where it was.

Rules:
1. An id is ``{run}-{number}``: numbers count from 1 in one run of the gateway, and ``run`` tells runs apart.
2. The newest ``MOST_CHANGES`` are kept, and no more than ``MOST_BYTES`` of them.
3. A reader whose last id is no longer kept, or of another run, is to begin anew: ``after`` returns None.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from shared.messages import Message

MOST_CHANGES = 500
MOST_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One change: the kind, and the message as JSON; without one, where a topic was emptied, its levels."""

    number: int
    kind: str
    data: str


@dataclass(slots=True)
class Feed:
    """The newest changes; ``head`` is the number of the last one."""

    run: str
    head: int = 0
    entries: deque[Entry] = field(default_factory=deque)
    size: int = 0

    def add(self, kind: str, parts: tuple[str, ...], message: Message | None) -> None:
        """Add a change."""
        if message is None:
            kind, data = f"{kind}-cleared", "/".join(parts)
        else:
            data = message.model_dump_json(exclude_none=True)
        self.head += 1
        self.entries.append(Entry(self.head, kind, data))
        self.size += len(data)
        while len(self.entries) > MOST_CHANGES or self.size > MOST_BYTES:
            self.size -= len(self.entries.popleft().data)

    def id_of(self, number: int) -> str:
        """Return the id of a change."""
        return f"{self.run}-{number}"

    def place(self, last_id: str) -> int | None:
        """Return the number of the last change that a reader has, None where it must begin anew."""
        run, _, number = last_id.rpartition("-")
        if run != self.run or not number.isdecimal() or len(number) > 15:
            return None
        return int(number) if int(number) <= self.head else None

    def after(self, number: int) -> list[Entry] | None:
        """Return the changes after ``number``, oldest first; None where some of them are no longer kept."""
        if number + 1 < self.head - len(self.entries) + 1:
            return None
        missed = self.head - number
        return [self.entries[index] for index in range(len(self.entries) - missed, len(self.entries))]
