"""The last sample of each device, in the ledger under ``sampled/{device}``, so that a restart changes no sample."""

from __future__ import annotations

from services.event_processor.core.device.state_samples import LastSample, next_sample
from services.event_processor.core.pipeline.candidates import NO_TIME
from services.event_processor.core.process import Outcome
from services.event_processor.core.state import state_words
from shared.ledger import Ledger
from shared.messages import Quality, StateSample

SAMPLE = StateSample(device="-", time=NO_TIME, quality=Quality.GOOD)


class StateSampler:
    """Every call belongs inside the batch's transaction."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._last: dict[str, LastSample] = {}
        self._touched: set[str] = set()
        self.spoke = False  # whether the last frame had a new word

    def sample(self, outcome: Outcome) -> StateSample | None:
        """Return the sample that is due after a frame, None where none is."""
        device = outcome.frame.device
        last = self._last.get(device) or self._read(device)
        found = next_sample(last, outcome.frame, state_words(outcome.memory, outcome.frame))
        self.spoke = found is not None and (last is None or found.words != last.words)
        if found is None:
            return None
        self._last[device] = found
        self._touched.add(device)
        return SAMPLE.revised(**outcome.state.__dict__)

    def flush(self) -> None:
        """Write what has changed."""
        with self._ledger.may_wait():
            self._ledger.put_all([(f"sampled/{device}", self._last[device].to_json()) for device in self._touched])
        self._touched.clear()

    def forget(self, device: str) -> None:
        """Forget a device."""
        self._last.pop(device, None)
        self._touched.discard(device)
        self._ledger.drop(f"sampled/{device}")

    def _read(self, device: str) -> LastSample | None:
        if (kept := self._ledger.get(f"sampled/{device}")) is not None:
            self._last[device] = LastSample.from_json(kept)
        return self._last.get(device)
