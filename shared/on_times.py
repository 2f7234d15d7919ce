"""How long an actuator has been on: within an hour or a day, at one stretch, and over a restart of who counts it.

Times are seconds of a monotonic clock. ``KeptOnTimes`` holds them as ages, which mean something to the next process.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

HOUR_S, DAY_S = 3600.0, 86_400.0
MOST_SPANS = 2000  # on-times kept of a day; beyond that the two oldest become one
Age = Annotated[float, Field(ge=0)]


@dataclass(frozen=True, slots=True)
class OnTimes:
    """``on_since_s`` while it is on, ``off_since_s`` while it is known to be off; ``spans`` are the day's runs."""

    on_since_s: float | None = None
    off_since_s: float | None = None
    spans: tuple[tuple[float, float], ...] = ()

    def began(self, now_s: float) -> OnTimes:
        """Return it switched on; unchanged where it is on already."""
        return self if self.on_since_s is not None else OnTimes(now_s, None, self.spans)

    def ended(self, now_s: float) -> OnTimes:
        """Return it switched off; where it was not on, it is known to be off from now on, or from before."""
        if self.on_since_s is None:
            return self if self.off_since_s is not None else OnTimes(None, now_s, self.spans)
        spans = tuple(span for span in (*self.spans, (self.on_since_s, now_s)) if span[1] > now_s - DAY_S)
        if len(spans) > MOST_SPANS:
            spans = ((spans[0][0], spans[1][1]), *spans[2:])
        return OnTimes(None, now_s, spans)

    def within_s(self, now_s: float, window_s: float) -> float:
        """Return how long it has been on within the last ``window_s``."""
        spans = self.spans if self.on_since_s is None else (*self.spans, (self.on_since_s, now_s))
        return sum((max(0.0, end - max(begin, now_s - window_s)) for begin, end in spans), start=0.0)

    def below_at_s(self, now_s: float, window_s: float, most_s: float) -> float:
        """Return when, if it stays off, the on-time within the window will be ``most_s`` or less."""
        over_s = self.within_s(now_s, window_s) - most_s
        if over_s <= 0:
            return now_s
        spans = self.spans if self.on_since_s is None else (*self.spans, (self.on_since_s, now_s))
        for begin, end in spans:
            inside = max(begin, now_s - window_s)
            if end - inside >= over_s:
                return inside + over_s + window_s
            over_s -= max(0.0, end - inside)
        return now_s + window_s


class KeptOnTimes(BaseModel):
    """On-times as ages, for a ledger."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False, defer_build=True)

    on_age_s: Age | None = None
    off_age_s: Age | None = None
    spans: Annotated[tuple[tuple[Age, Age], ...], Field(max_length=MOST_SPANS)] = ()


def keep(times: OnTimes, now_s: float) -> KeptOnTimes:
    """Return the on-times as ages."""
    return KeptOnTimes(
        on_age_s=None if times.on_since_s is None else now_s - times.on_since_s,
        off_age_s=None if times.off_since_s is None else now_s - times.off_since_s,
        spans=tuple((now_s - begin, now_s - end) for begin, end in times.spans),
    )


def recall(kept: KeptOnTimes, away_s: float, now_s: float) -> OnTimes:
    """Return the on-times in another process, ``away_s`` later; a clock that was put back counts as no time at all."""
    away_s = max(away_s, 0.0)
    return OnTimes(
        None if kept.on_age_s is None else now_s - away_s - kept.on_age_s,
        None if kept.off_age_s is None else now_s - away_s - kept.off_age_s,
        tuple((now_s - away_s - begin, now_s - away_s - end) for begin, end in kept.spans),
    )
