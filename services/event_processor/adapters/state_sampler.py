"""The last sample of each device, in the ledger under ``sampled/{device}``, so that a restart changes no sample."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from services.event_processor.core.device.latch import Latch
from services.event_processor.core.device.state_samples import LastSample, Words, next_sample
from services.event_processor.core.process import Outcome
from services.event_processor.core.state import STATE, device_state, state_words
from shared.ledger import Ledger
from shared.messages import Quality, StateSample

SAMPLE = StateSample(**STATE.__dict__)


@dataclass(slots=True)
class Sampled:
    """One device: its last sample, and the ``words`` of the state that follow from these latches and this quality."""

    last: LastSample | None
    latches: Mapping[str, Latch] | None = None
    quality: Quality | None = None
    words: Words = ()


class StateSampler:
    """Every call belongs inside the batch's transaction."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._devices: dict[str, Sampled] = {}
        self._touched: dict[str, LastSample] = {}
        self.spoke = False  # whether the last frame had a new word

    def sample(self, outcome: Outcome) -> StateSample | None:
        """Return the sample that is due after a frame, None where none is."""
        frame, memory = outcome.frame, outcome.memory
        sampled = self._devices.get(frame.device) or self._read(frame.device)
        if sampled.latches is not memory.latches or sampled.quality is not frame.quality:
            sampled.latches, sampled.quality = memory.latches, frame.quality
            sampled.words = state_words(memory, frame)
        last = sampled.last
        found = next_sample(last, frame, sampled.words)
        self.spoke = found is not None and (last is None or found.words != last.words)
        if found is None:
            return None
        self._touched[frame.device] = sampled.last = found
        return device_state(outcome.compiled, memory, frame, SAMPLE)

    def flush(self) -> None:
        """Write what has changed."""
        if not self._touched:
            return
        with self._ledger.may_wait():
            self._ledger.put_all([(f"sampled/{device}", last.to_json()) for device, last in self._touched.items()])
        self._touched.clear()

    def forget(self, device: str) -> None:
        """Forget a device."""
        self._devices.pop(device, None)
        self._touched.pop(device, None)
        self._ledger.drop(f"sampled/{device}")

    def _read(self, device: str) -> Sampled:
        kept = self._ledger.get(f"sampled/{device}")
        sampled = self._devices[device] = Sampled(None if kept is None else LastSample.from_json(kept))
        return sampled
