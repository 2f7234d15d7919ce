"""Feeds: what drives the stage, either a source played at a pace or the hardware polled live."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Protocol

from services.sensor_reader.core.polling.poller import Poller
from services.sensor_reader.core.polling.power_cut_command import CutError
from services.sensor_reader.core.sources.feed import Item, Refusal, Source, SourcePosition
from services.sensor_reader.core.sources.pace import Pace
from shared.messages import Frame


class PlayedFeed:
    """A ``Feed`` that plays a source at ``speed`` (None: as fast as it is asked)."""

    live = False

    def __init__(self, source: Source, speed: float | None) -> None:
        self.name = source.name
        self.has_life = source.has_life
        self._source = source
        self._speed = speed
        self._items: Iterator[Item] = iter(())
        self._place = SourcePosition()
        self._played: int | None = None  # the position of the last item taken
        self._ahead: Item | None = None
        self._pace: Pace | None = None

    def open(self, stored: SourcePosition | None, now: datetime) -> None:
        """Begin where ``stored`` says, or at the beginning."""
        self._place = self._source.place(stored, now)
        self._items = self._source.items(self._place)
        self._ahead = next(self._items, None)

    def next_due(self) -> float | None:
        """Return when the next item is to go: 0 for the first and for a refusal, None when all is played."""
        if self._ahead is None:
            return None
        content = self._ahead.content
        return self._pace.release_at(content.time) if self._pace and isinstance(content, Frame) else 0.0

    def poll(self, now: float, time: datetime, limit: int) -> list[Frame | Refusal]:  # noqa: ARG002
        """Return what is due at ``now``; the first frame taken starts the pace."""
        taken: list[Frame | Refusal] = []
        while self._ahead is not None and len(taken) < limit:
            content = self._ahead.content
            if self._pace is None and isinstance(content, Frame):
                self._pace = Pace(self._speed, content.time, now)
            due = self.next_due()
            if due is None or due > now:
                break
            taken.append(content)
            self._played = self._ahead.position
            self._ahead = next(self._items, None)
        return taken

    def place(self) -> SourcePosition | None:
        """Return how far it is played."""
        return self._place if self._played is None else SourcePosition(self._played, self._place.anchor)

    def cut_power(self, device: str, after_s: int) -> Mapping[str, Any]:  # noqa: ARG002
        """What is played has no power to cut; raises CutError."""
        raise CutError(f"{self.name} is played, and only hardware can be cut off")


class PolledDevices(Protocol):
    """Devices polled in turn: ``core.poller.Poller``, ``core.remote.Inquirer``."""

    def next_due(self) -> float | None:
        """When the next one is due, monotonic seconds; None if there is none."""

    def poll_due(self, now: float, time: datetime) -> list[Frame]:
        """Return the frames of those that are due, of ``time``."""


class LiveFeed:
    """A ``Feed`` that polls the hardware; it keeps no place and never ends."""

    live = True
    has_life = True

    def __init__(self, name: str, *turns: PolledDevices) -> None:
        self.name = name
        self._turns = turns

    def open(self, stored: SourcePosition | None, now: datetime) -> None:
        """Nothing to find again: hardware is read as it is now."""

    def next_due(self) -> float | None:
        """Return when the next device is due."""
        return min((due for turns in self._turns if (due := turns.next_due()) is not None), default=None)

    def poll(self, now: float, time: datetime, limit: int) -> list[Frame | Refusal]:  # noqa: ARG002
        """Poll the devices that are due: a frame each."""
        return [frame for turns in self._turns for frame in turns.poll_due(now, time)]

    def place(self) -> SourcePosition | None:
        """Nothing to keep."""
        return None

    def cut_power(self, device: str, after_s: int) -> Mapping[str, Any]:
        """Order a device's board to cut the power; raises CutError."""
        poller = next((turns for turns in self._turns if isinstance(turns, Poller)), None)
        if poller is None:
            raise CutError(f"{device}: nothing is polled here that could be cut off")
        return poller.cut_power(device, after_s)
