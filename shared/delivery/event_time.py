"""Event time of one service: that of the frames, or, for a consumer of events, what their producer promises.

Rules (docs/adr/0002, 0008, 0024):
1. A frame moves the time of its producer on; only a frame that reports a jump of the clock moves that back. Event time
   is the latest of all producers, so that a clock that steps moves nothing of another reader's.
2. A producer of events promises in its status that its streams up to their heads precede its event time. That counts
   when everything consumed of it, up to those heads, has been applied.
3. A promise whose head lies before a jump that has been applied was made by the clock before: it is dropped.
4. After a jump of one reader among several the next promise counts, also where it goes back.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime

from shared.delivery.records import EPOCHS_KEPT, Records
from shared.jumps import CLOCK_STEP, read_jump
from shared.messages import Event, Frame, Status

UNKNOWN = "?"  # no name of a service
Reached = Callable[[str, str, str, int], bool]


class EventTime:
    """How far event time has come (``now``), and the first time ever seen (``first``); kept in the ledger."""

    def __init__(self, records: Records, consumed: Sequence[str] = ("event",)) -> None:
        self._records = records
        self._consumed = consumed
        self.now = _time(records.value("event_time"))
        self.simulated = False  # whether ``now`` is the time of a simulation or recording
        self._saved = self.now
        kept = json.loads(records.value("event_times") or "{}")
        self._times = {name: datetime.fromisoformat(text) for name, text in kept.items()}  # by producer
        if not self._times and self.now is not None:
            self._times[UNKNOWN] = self.now  # a ledger of before has one for all
        self._may_go_back = False
        self.first = _time(records.value("first_time"))
        self._promises: dict[str, Status] = {}
        self._jumped: dict[str, int] = json.loads(records.value("jumped") or "{}")  # epoch → seq of its last jump

    def observe(self, frame: Frame) -> None:
        """Note a frame's time."""
        time = frame.time
        if self.first is None:
            self.first = time
            self._records.save_value("first_time", time.isoformat())
        before = self._times.get(frame.producer)
        if CLOCK_STEP in frame.values:
            self._times.pop(UNKNOWN, None)
        elif before is not None and time <= before:
            return
        self._times[frame.producer] = time
        self.now = max(self._times.values())
        if self.now == time:
            self.simulated = frame.simulated

    def jump(self, event: Event) -> None:
        """Move what has been reached along with the clock."""
        self._jumped[event.epoch] = event.seq
        while len(self._jumped) > EPOCHS_KEPT:
            del self._jumped[next(iter(self._jumped))]
        self._records.save_value("jumped", json.dumps(self._jumped))
        if (jump := read_jump(event.data)) is None:
            self._may_go_back = True
        elif self.now is not None:
            self.now = jump.moved(self.now)

    def promise(self, status: Status) -> None:
        """Note what a producer of events promises."""
        self._promises[status.service] = status

    def reach(self, reached: Reached) -> datetime | None:
        """See which promises hold by now; return the new event time if it has moved on."""
        before = self.now
        for producer, status in list(self._promises.items()):
            head = status.streams["event"].head
            ends = {stream: status.streams[stream].head for stream in self._consumed if stream in status.streams}
            if status.epoch is None or not all(reached(producer, status.epoch, *end) for end in ends.items()):
                continue
            del self._promises[producer]
            if head < self._jumped.get(status.epoch, 0):
                continue
            if status.event_time is None:
                continue
            if self.now is None or self._may_go_back or status.event_time > self.now:
                self.now, self.simulated, self._may_go_back = status.event_time, status.simulated, False
        return self.now if self.now != before else None

    def save(self) -> None:
        """Write to the ledger how far it has come; call inside the batch's transaction."""
        if self.now is not None and self.now != self._saved:
            times = {name: time.isoformat() for name, time in self._times.items()}
            with self._records.ledger.may_wait():
                self._records.save_value("event_time", self.now.isoformat())
                self._records.save_value("event_times", json.dumps(times))
            self._saved = self.now


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
