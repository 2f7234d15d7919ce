"""The maintenance due at each device, from event_processor's retained messages, for the reports.

Rules:
1. The last message of a device counts. A device whose topic was emptied stays until a message of it lists nothing, or
   until its last one is ``STALE`` older than the newest of all.
2. At most ``MOST`` devices are kept, those with the newest messages.
"""

from __future__ import annotations

from datetime import timedelta

from shared.ledger import Ledger
from shared.maintenance import Maintenance

PREFIX = "maintenance/"
MOST = 1000
STALE = timedelta(days=90)


class MaintenanceBook:
    """All writes belong inside the batch's transaction."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        kept = [Maintenance.model_validate_json(text) for _, text in ledger.items(PREFIX)]
        self._devices = {one.device: one for one in sorted(kept, key=lambda one: one.time)}

    def note(self, due: Maintenance) -> None:
        """Remember what is due at a device."""
        self._devices.pop(due.device, None)
        if due.items:
            self._devices[due.device] = due
            self._ledger.put(f"{PREFIX}{due.device}", due.model_dump_json().encode())
        else:
            self._ledger.drop(f"{PREFIX}{due.device}")
        while len(self._devices) > MOST:
            oldest = next(iter(self._devices))
            del self._devices[oldest]
            self._ledger.drop(f"{PREFIX}{oldest}")

    def all_due(self) -> tuple[Maintenance, ...]:
        """Return what is due, by device."""
        newest = max((one.time for one in self._devices.values()), default=None)
        return tuple(
            self._devices[device]
            for device in sorted(self._devices)
            if newest is not None and self._devices[device].time >= newest - STALE
        )
