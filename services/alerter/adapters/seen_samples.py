"""The newest samples of each device, in the ledger under ``heard/{device}``."""

from __future__ import annotations

import json
from collections.abc import Iterator

from services.alerter.core.recent_samples import Identity, RecentSamples
from shared.ledger import Ledger
from shared.messages import StateSample

PREFIX = "heard/"


class SeenSamples:
    """``RecentSamples`` in an open ledger. Every call belongs inside the batch's transaction."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._recent = RecentSamples(_kept(ledger))

    def is_new(self, sample: StateSample) -> bool:
        """Note a sample; return whether it is new."""
        return not self._recent.is_repeat(sample)

    def flush(self) -> None:
        """Write the changes, best-effort like the records that the samples changed."""
        with self._ledger.may_wait():
            for device in self._recent.dropped:
                self._ledger.drop(PREFIX + device)
            for device in self._recent.touched:
                self._ledger.put(PREFIX + device, json.dumps(self._recent.of(device), separators=(",", ":")).encode())
        self._recent.dropped.clear()
        self._recent.touched.clear()


def _kept(ledger: Ledger) -> Iterator[tuple[str, tuple[Identity, ...]]]:
    for key, value in ledger.items(PREFIX):
        yield key.removeprefix(PREFIX), tuple((time_us, words) for time_us, words in json.loads(value))
