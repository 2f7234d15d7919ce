"""The health score as it is on the wire: ``health``, retained."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from shared.messages import AnyCaseSeverity, Message, Name, Time
from shared.names import DottedName, Text
from shared.values import Count


class Grade(StrEnum):
    """The health score in a word; in capitals, for ``CRITICAL`` is not the severity ``critical``."""

    EXCELLENT = "EXCELLENT"
    GOOD = "GOOD"
    FAIR = "FAIR"
    POOR = "POOR"
    CRITICAL = "CRITICAL"


class HealthFactor(Message):
    """What one event type takes from the score. ``recovers``: when it takes nothing any more; null while it lasts.

    ``lasted_s`` is how long it lasted within seven days. ``capped``: it happened so often or lasted so long that it
    takes the most a type may take.
    """

    type: DottedName
    severity: AnyCaseSeverity
    points: Annotated[int, Field(ge=1, le=100)]
    episodes: Count
    events: Count
    lasts: bool = False
    lasted_s: float = 0.0
    capped: bool = False
    last: Time
    recovers: Time | None = None
    remedy: Text


class Health(Message):
    """How well the watched hardware has been over seven days; the factors' points add up to 100 - ``score``.

    ``recovers``: when the score is 100 again if nothing more happens; null at 100, and while something still lasts.
    ``formula`` names the formula in use: ``health_scoring.formula``.
    """

    site: Name
    score: Annotated[int, Field(ge=0, le=100)]
    grade: Grade
    factors: Annotated[tuple[HealthFactor, ...], Field(max_length=10_000)]
    formula: Name = "seed"
    as_of: Time
    recovers: Time | None = None
