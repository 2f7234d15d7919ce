"""What a board's and a device's settings say may be believed, put together into a ``Plausibility``.

Rules:
1. What is said for the device goes before what is said for its board, and that before what is usual.
2. A limit says what it says and nothing more: a channel with a range and no slew keeps its usual slew.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from services.sensor_reader.core.plausibility.limits import Limit, Plausibility

DAY_S = 86_400


def _seconds_or_never(value: object) -> object:
    if value == "never" or (isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= DAY_S):
        return value
    raise ValueError(f"must be seconds above 0, {DAY_S} at most, or the word never")


FrozenAfter = Annotated[float | Literal["never"], BeforeValidator(_seconds_or_never)]


class Bounds(BaseModel):
    """The narrowest range a channel can have here, and how fast it can move (in its unit per second)."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)

    low: float | None = None
    high: float | None = None
    slew_per_s: Annotated[float, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.low is None and self.high is None and self.slew_per_s is None:
            raise ValueError("says nothing; give low, high or slew_per_s")
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError(f"low {self.low:g} is not below high {self.high:g}")
        return self

    def limit(self, usual: Limit) -> Limit:
        """Return the limit, with what is ``usual`` where nothing is said."""
        return Limit(
            usual.low if self.low is None else self.low,
            usual.high if self.high is None else self.high,
            usual.slew_per_s if self.slew_per_s is None else self.slew_per_s,
        )


def plausibility(limits: Mapping[str, Bounds], cells: int, *frozen: FrozenAfter | None) -> Plausibility:
    """Return what is believed of a device; of ``frozen`` the first that is said counts, else the usual time."""
    usual = Plausibility(cells=cells)
    own = {channel: bounds.limit(usual.limit(channel)) for channel, bounds in limits.items()}
    after = next((each for each in frozen if each is not None), usual.frozen_after_s)
    return Plausibility(own, cells, None if isinstance(after, str) else after)
