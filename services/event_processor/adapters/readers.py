"""Which reader reads which device (``producer/{device}``): names are unique, and a clock jump moves its reader's own.

``system.device.clash`` and ``system.limit.reached`` are said once for each reader and device, or reader, in the life of
a process.
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
MOST_SAID = 1000


class Readers:
    """The reader of every device; every call belongs inside the batch's transaction."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        owned = ((key.removeprefix("producer/"), name.decode()) for key, name in ledger.items("producer/"))
        self.owners = DeviceOwners(owned)
        self._said: set[tuple[str, str | None]] = set()

    def owns(self, frame: Frame) -> bool:
        """Whether a frame is of its device's reader, as nearly all are."""
        return self.owners.owner(frame.device) == frame.producer

    def judge(self, frame: Frame, last: Callable[[], datetime | None]) -> Ruling:
        """Say what becomes of a frame; ``last`` gives the time of the device's last frame that was used."""
        if self.owns(frame):
            return KEEP
        ruling = self.owners.judge(frame.device, frame.producer, frame.time, last())
        if ruling.claimed:
            self._ledger.put(f"producer/{frame.device}", frame.producer.encode())
        return ruling

    def refusal(self, frame: Frame, ruling: Ruling) -> tuple[str, str, Mapping[str, Any]] | None:
        """Return (type, cause, data) of the event that a ruling deserves; None where there is none, or it was said."""
        if ruling.accepted and ruling.evicted is None:
            return None
        key = (frame.producer, frame.device if ruling.clash is not None else None)
        if key in self._said or len(self._said) >= MOST_SAID:
            return None
        self._said.add(key)
        cause = f"{frame.producer}|{frame.device}|{frame.epoch}|{frame.seq}"
        if ruling.clash is not None:
            return CLASH, cause, {"device_id": frame.device, "reader": ruling.clash, "refused": frame.producer}
        data = {"what": "devices", "limit": self.owners.most, "sender": frame.producer, "gone": ruling.evicted}
        return LIMIT_REACHED, cause, data

    def forget(self, device: str) -> None:
        """Let a device go."""
        self.owners.forget(device)
        self._ledger.drop(f"producer/{device}")

    def reads(self, producer: str, device: str) -> bool:
        """Whether the device is that reader's; one that nobody has read since then may be."""
        return self.owners.owner(device) in (None, producer)

    def is_alone(self, producer: str) -> bool:
        """Whether all devices are read by one reader: then its clock is the site's."""
        return self.owners.is_alone(producer)

    def scoped(self, events: tuple[Event, ...], producer: str) -> tuple[Event, ...]:
        """Return the events of a frame; where there are several readers, a jump says that the others' times stand."""
        return scoped(events, alone=self.is_alone(producer))
