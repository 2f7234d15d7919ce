"""Which reader reads which device (``producer/{device}``): a jump of one reader's clock moves nothing of another's."""

from __future__ import annotations

from shared.jumps import CLOCK_JUMP
from shared.ledger import Ledger
from shared.messages import Event, Frame


class Readers:
    """The reader of every device, by the producer of its last frame."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._by_device = {key.removeprefix("producer/"): name.decode() for key, name in ledger.items("producer/")}

    def note(self, frame: Frame) -> None:
        """Note who has read the device; call inside the batch's transaction."""
        if self._by_device.get(frame.device) != frame.producer:
            self._by_device[frame.device] = frame.producer
            self._ledger.put(f"producer/{frame.device}", frame.producer.encode())

    def reads(self, producer: str, device: str) -> bool:
        """Whether the device is that reader's; one that nobody has read since then may be."""
        return self._by_device.get(device, producer) == producer

    def is_alone(self, producer: str) -> bool:
        """Whether all devices are read by one reader: then its clock is the site's."""
        return all(other == producer for other in self._by_device.values())

    def scoped(self, events: tuple[Event, ...], producer: str) -> tuple[Event, ...]:
        """Return the events of a frame; where there are several readers, a jump says that the others' times stand."""
        if self.is_alone(producer):
            return events
        return tuple(
            event.model_copy(update={"data": event.data | {"alone": False}}) if event.type == CLOCK_JUMP else event
            for event in events
        )
