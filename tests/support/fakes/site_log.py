"""A SiteLog in memory: one partition, a limit of size, and an end that can be away."""

from __future__ import annotations

from collections.abc import Sequence

from services.uplink.adapters.kafka_log import MOST_BYTES
from services.uplink.core.ports import Entry, Refused, Unavailable


class FakeSiteLog:
    """``entries`` is what it holds. While ``away``, a batch leaves its first ``keeps`` entries behind, unconfirmed."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.writes: list[int] = []  # how many entries each write brought
        self.away = False
        self.keeps = 0
        self.most_bytes = MOST_BYTES
        self.interrupted = self.closed = False

    def write(self, entries: Sequence[Entry]) -> None:
        """Hold the entries; raises Unavailable or Refused."""
        self.writes.append(len(entries))
        if self.away:
            self.entries += entries[: self.keeps]
            raise Unavailable("the log is away")
        for entry in entries:
            if len(entry.value) > self.most_bytes:
                raise Refused("the record is too large")
            self.entries.append(entry)

    def interrupt(self) -> None:
        """Note it."""
        self.interrupted = True

    def close(self) -> None:
        """Note it."""
        self.closed = True
