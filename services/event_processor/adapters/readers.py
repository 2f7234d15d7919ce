"""Which reader reads which device (``producer/{device}``): names are unique, and a clock jump moves its reader's own.

``system.device.clash`` is emitted once for each reader and device, ``system.limit.reached`` once for each reader, in
the life of a process.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from services.event_processor.core.device.owners import KEEP, DeviceOwners, Ruling, scoped
from shared.ledger import Ledger
from shared.limits import LIMIT_REACHED
from shared.messages import Event, Frame

CLASH = "system.device.clash"
MOST_REPORTED = 1000


class Readers:
    """The reader of every device; every call belongs inside the batch's transaction."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        owned = ((key.removeprefix("producer/"), name.decode()) for key, name in ledger.items("producer/"))
        self.owners = DeviceOwners(owned)
        self._reported: set[tuple[str, str | None]] = set()

    def owns(self, frame: Frame) -> bool:
        """Whether a frame comes from its device's reader, as nearly all do."""
        return self.owners.owner(frame.device) == frame.producer

    def judge(self, frame: Frame, last: Callable[[], datetime | None]) -> Ruling:
        """Return the ruling on a frame; ``last`` gives the time of the device's last accepted frame."""
        if self.owns(frame):
            return KEEP
        ruling = self.owners.judge(frame.device, frame.producer, frame.time, last())
        if ruling.claimed:
            self._ledger.put(f"producer/{frame.device}", frame.producer.encode())
        return ruling

    def refusal(self, frame: Frame, ruling: Ruling) -> tuple[str, str, Mapping[str, Any]] | None:
        """Return (type, cause, data) of the event for a ruling; None if it has none, or it was emitted before."""
        if ruling.accepted and ruling.evicted is None:
            return None
        key = (frame.producer, frame.device if ruling.clash is not None else None)
        if key in self._reported or len(self._reported) >= MOST_REPORTED:
            return None
        self._reported.add(key)
        cause = f"{frame.producer}|{frame.device}|{frame.epoch}|{frame.seq}"
        if ruling.clash is not None:
            return CLASH, cause, {"device_id": frame.device, "reader": ruling.clash, "refused": frame.producer}
        data = {"what": "devices", "limit": self.owners.most, "sender": frame.producer, "gone": ruling.evicted}
        return LIMIT_REACHED, cause, data

    def forget(self, device: str) -> None:
        """Remove a device."""
        self.owners.forget(device)
        self._ledger.drop(f"producer/{device}")

    def reads(self, producer: str, device: str) -> bool:
        """Whether the device belongs to that reader, or to none."""
        return self.owners.owner(device) in (None, producer)

    def is_alone(self, producer: str) -> bool:
        """Whether all devices belong to this reader, so that its clock is the site's."""
        return self.owners.is_alone(producer)

    def scoped(self, events: tuple[Event, ...], producer: str) -> tuple[Event, ...]:
        """Return the events of a frame; with several readers, a jump says that only its reader's devices move."""
        return scoped(events, alone=self.is_alone(producer))
