"""How far a frame can be believed.

Rules:
1. No value is left: bad; stale if all that is wrong is that numbers have frozen.
2. A part that failed makes the frame suspect. A doubt about one channel does not: that channel's value is left out,
   and the others are as good as ever.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.sensor_reader.core.plausibility.parts import FROZEN
from shared.messages import Quality, ReadError, Scalar


def quality_of(values: Mapping[str, Scalar], errors: Sequence[ReadError]) -> Quality:
    """Return the quality of a frame with these values and errors."""
    if not values:
        frozen = bool(errors) and all(error.code == FROZEN for error in errors)
        return Quality.STALE if frozen else Quality.BAD
    return Quality.SUSPECT if any(error.channel is None for error in errors) else Quality.GOOD
