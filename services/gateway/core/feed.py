"""What has changed lately, numbered, so that a reader who was away goes on where it was.

Rules:
1. An id is ``{run}-{number}``: numbers count from 1 in one run of the gateway, and ``run`` tells runs apart.
2. The newest ``MOST_CHANGES`` are kept, and no more than ``MOST_BYTES`` of them, as they came.
   A change is written as JSON when the first reader asks for it, and never where none does.
3. A reader whose last id is no longer kept, or of another run, is to begin anew: ``after`` returns None.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from functools import cached_property

from shared.messages import Message

MOST_CHANGES = 500
MOST_BYTES = 1_000_000


@dataclass(frozen=True)
class Entry:
    """One change: its kind, with ``-cleared`` where a topic was emptied, and of what size it came."""

    number: int
    kind: str
    parts: tuple[str, ...]
    message: Message | None
    size: int

    @cached_property
    def data(self) -> str:
        """The message as JSON; without one the topic's levels."""
        return "/".join(self.parts) if self.message is None else self.message.model_dump_json(exclude_none=True)


@dataclass(slots=True)
class Feed:
    """The newest changes; ``head`` is the number of the last one."""

    run: str
    head: int = 0
    entries: deque[Entry] = field(default_factory=deque)
    size: int = 0

    def add(self, kind: str, parts: tuple[str, ...], message: Message | None, size: int) -> None:
        """Add a change."""
        kind = f"{kind}-cleared" if message is None else kind
        self.head += 1
        self.entries.append(Entry(self.head, kind, parts, message, size))
        self.size += size
        while len(self.entries) > MOST_CHANGES or self.size > MOST_BYTES:
            self.size -= self.entries.popleft().size

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
