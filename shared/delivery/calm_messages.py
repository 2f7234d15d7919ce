"""Which messages of live hardware may leave before they are on the disk: readings (docs/adr/0048), samples (0053)."""

from __future__ import annotations

from shared.delivery.calm_readings import CalmReadings
from shared.delivery.calm_samples import CalmSamples
from shared.messages import Frame, Sequenced, StateSample


class CalmMessages:
    """Asked once for each message that is emitted, in order."""

    def __init__(self) -> None:
        self._readings = CalmReadings()
        self._samples = CalmSamples()

    def is_calm(self, message: Sequenced) -> bool:
        """Whether a message may wait for its commit."""
        if isinstance(message, Frame):
            return self._readings.is_calm(message)
        return isinstance(message, StateSample) and self._samples.is_calm(message)

    def committed(self) -> None:
        """Everything so far is on the disk."""
        self._samples.committed()
