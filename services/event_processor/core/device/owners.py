"""Which sensor_reader each device belongs to, and how many devices there may be.

Rules:
1. A device belongs to the reader whose frame of it came first. Frames of that name from another reader are refused
   while its own reader sends. After ``TAKEOVER_S`` of silence, by the device's own time, the other reader owns it.
2. A site has at most ``most`` devices. Beyond that the reader with the most devices loses its newest one to a reader
   with fewer; a reader with as many gets no more.
3. A frame costs one look-up, however many devices there are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from shared.jumps import CLOCK_JUMP
from shared.messages import Event

TAKEOVER_S = 600.0
MOST_DEVICES = 10_000


@dataclass(frozen=True, slots=True)
class Ruling:
    """The verdict on a frame. ``clash``: the reader that owns the device. ``evicted``: the device that makes room."""

    accepted: bool
    claimed: bool = False
    clash: str | None = None
    evicted: str | None = None


KEEP = Ruling(accepted=True)


class DeviceOwners:
    """``owned`` are (device, producer) from the ledger, oldest first."""

    def __init__(self, owned: Iterable[tuple[str, str]] = (), most: int = MOST_DEVICES) -> None:
        self.most = most
        self._owner: dict[str, str] = {}
        self._devices: dict[str, dict[str, None]] = {}
        for device, producer in owned:
            self._claim(device, producer)

    def __len__(self) -> int:
        return len(self._owner)

    def owner(self, device: str) -> str | None:
        """Return the reader that a device belongs to; None for an unknown device."""
        return self._owner.get(device)

    def is_alone(self, producer: str) -> bool:
        """Whether all devices belong to this reader, so that its clock is the site's."""
        return all(other == producer for other in self._devices)

    def judge(self, device: str, producer: str, time: datetime, last: datetime | None) -> Ruling:
        """Return the verdict on a frame; ``last`` is the time of the device's last accepted frame."""
        owner = self._owner.get(device)
        if owner == producer:
            return KEEP
        if owner is None:
            return self._newcomer(device, producer)
        if last is not None and (time - last).total_seconds() < TAKEOVER_S:
            return Ruling(accepted=False, clash=owner)
        self.forget(device)
        self._claim(device, producer)
        return Ruling(accepted=True, claimed=True)

    def forget(self, device: str) -> None:
        """Remove a device."""
        owner = self._owner.pop(device, None)
        if owner is not None:
            del self._devices[owner][device]
            if not self._devices[owner]:
                del self._devices[owner]

    def _newcomer(self, device: str, producer: str) -> Ruling:
        evicted = None
        if len(self._owner) >= self.most:
            largest = max(self._devices, key=lambda each: len(self._devices[each]))
            if len(self._devices.get(producer, ())) + 1 >= len(self._devices[largest]):
                return Ruling(accepted=False)
            evicted = next(reversed(self._devices[largest]))
            self.forget(evicted)
        self._claim(device, producer)
        return Ruling(accepted=True, claimed=True, evicted=evicted)

    def _claim(self, device: str, producer: str) -> None:
        self._owner[device] = producer
        self._devices.setdefault(producer, {})[device] = None


def scoped(events: tuple[Event, ...], *, alone: bool) -> tuple[Event, ...]:
    """Return the events of a jump's frame; where its reader is not alone, they say that only its own devices move."""
    if alone:
        return events
    return tuple(
        event.model_copy(update={"data": event.data | {"alone": False}}) if event.type == CLOCK_JUMP else event
        for event in events
    )
