"""The sending end of a stream, as a machine without I/O or clock.

Rules (design §3.1, §3.3–3.5; docs/adr/0002):
1. Rows are published live in order, each until the broker confirmed it; a lost connection takes
   everything unconfirmed back.
2. No more than ``window`` rows ahead of the slowest awaited consumer that is online.
3. A consumer that asks gets rows from behind its mark on its own topic, never more than ``window``
   ahead of that mark; what it gets live meanwhile is not sent to it twice.
4. A row may go when every awaited consumer has applied it, or, where none is awaited, when it is confirmed.
5. A row that leaves in several confirmed copies (the wire's and the public one) is published when all of them are
   confirmed, and does not go before.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Outbound:
    """One stream's outbox: rows ``floor`` … ``head`` exist; ``floor > head`` means it is empty."""

    awaited: tuple[str, ...] = ()
    window: int = 2000
    floor: int = 1
    head: int = 0
    published: int = 0
    sent: int = 0
    marks: dict[str, int] = field(default_factory=dict)
    online: set[str] = field(default_factory=set)
    asks: dict[str, int] = field(default_factory=dict)
    furthest: int = 0  # nobody can have applied more: what this process found written, and what it has sent
    heard: dict[str, int] = field(default_factory=dict)  # by consumer, what it has applied, durably or not
    early: tuple[set[int], ...] = field(default_factory=lambda: (set(),))  # confirmed out of order, by copy

    def connected(self) -> None:
        """A new connection: who is online is unknown again, and nothing sent before counts."""
        self.online.clear()
        self.disconnected()

    def disconnected(self) -> None:
        """Whatever the broker did not confirm will be sent again."""
        self.sent = self.published
        for copy in self.early:
            copy.clear()

    def seen(self, consumer: str, online: bool) -> None:
        """A consumer's status: only those online hold the window back."""
        if online and consumer in self.awaited:
            self.online.add(consumer)
        elif not online:
            self.online.discard(consumer)
            self.asks.pop(consumer, None)

    def note_applied(self, consumer: str, seq: int) -> None:
        """A consumer's status says how far it has applied, of which a part may not be durable."""
        if consumer in self.awaited:
            self.heard[consumer] = min(seq, self.head)

    @property
    def heard_by_all(self) -> int:
        """The last row that every awaited consumer has applied, durably or not; confirmed, where none is awaited."""
        if not self.awaited:
            return self.published
        return min(max(self.heard.get(name, 0), self.marks.get(name, 0)) for name in self.awaited)

    def checkpoint(self, consumer: str, seq: int, ask: bool) -> None:
        """A consumer has durably applied everything up to ``seq``; with ``ask`` it wants what follows."""
        seq = min(seq, self.head)
        if consumer in self.awaited and seq > self.marks.get(consumer, 0):
            self.marks[consumer] = seq
        if ask:
            self.asks[consumer] = max(seq + 1, self.floor)
        elif consumer in self.asks:
            self.asks[consumer] = max(self.asks[consumer], seq + 1)

    def live(self, room: int) -> range:
        """Return the seqs to publish now, at most ``room``, and count them as sent."""
        first = max(self.sent + 1, self.floor)
        last = min(self.head, first + room - 1, self._limit())
        if last >= first:
            self.sent = last
            self.furthest = max(self.furthest, last)
        return range(first, last + 1)

    def _limit(self) -> int:
        held_back = [self._mark(name) for name in self.awaited if name in self.online]
        return min(held_back) + self.window if held_back else self.head

    def _mark(self, consumer: str) -> int:
        """How far a consumer is; before the floor there is nothing left to wait for."""
        return max(self.marks.get(consumer, 0), self.floor - 1)

    def resend(self, consumer: str, room: int) -> range:
        """Return the seqs to send again to ``consumer``, at most ``room``; the ask ends at the live edge."""
        first = max(self.asks[consumer], self.floor)
        edge = max(self.sent, self.floor - 1)
        last = min(edge, first + room - 1, self._mark(consumer) + self.window)
        if last >= edge:
            del self.asks[consumer]
        else:
            self.asks[consumer] = max(first, last + 1)
        return range(first, last + 1)

    def confirmed(self, seqs: range, copy: int = 0) -> None:
        """The broker confirmed one copy of rows; the cursor moves over what is confirmed without a gap."""
        self.early[copy].update(range(max(seqs.start, self.published + 1), seqs.stop))
        first, last = self.early[0], self.early[-1]  # one set twice, where there is one copy; there are two at most
        following = self.published + 1
        while following in first and following in last:
            first.discard(following)
            last.discard(following)
            following += 1
        self.published = following - 1

    def done(self) -> int:
        """Return the last seq that nobody needs any more."""
        if not self.awaited:
            return self.published
        applied = min(self.marks.get(name, 0) for name in self.awaited)
        return applied if len(self.early) == 1 else min(applied, self.published)

    def trimmed(self, through: int) -> None:
        """Rows up to ``through`` are gone from the outbox."""
        self.floor = max(self.floor, through + 1)
        self.published = max(self.published, through)
        self.sent = max(self.sent, through)

    @property
    def lag(self) -> int:
        """How many rows the slowest awaited consumer, online or not, has yet to apply."""
        if not self.awaited:
            return self.head - self.published
        return self.head - min(self.marks.get(name, 0) for name in self.awaited)
