"""What distinguishes two samples of one device, and how many may be ahead of their producer's disk (docs/adr/0053)."""

from __future__ import annotations

from shared.messages import DeviceState

SAMPLES_AHEAD = 16  # of a device; a calm batch of two minutes has twelve

Words = tuple[object, ...]
_WORDS = (str, bool)


def sample_words(sample: DeviceState) -> Words:
    """Return all that a sample says but its time and its numbers."""
    values = sorted([item for item in sample.values.items() if isinstance(item[1], _WORDS)])
    return (sample.zone, sample.quality.value, sample.power, sample.battery, sample.charging, *sample.active, *values)
