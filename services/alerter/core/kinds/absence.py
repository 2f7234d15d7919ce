"""Nothing came in time (``Absence``), and a service that is gone (``Offline``).

A device that is read rarely is not absent between two readings. Where ``missed_readings`` is given, an absence begins
no sooner than so many of the device's own intervals after the last reading. The interval is the shorter of the one in
the reader's settings and the median of the last ``GAPS`` gaps that were observed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from statistics import median_low
from typing import ClassVar

from services.alerter.core.kinds.condition import Move, Reading, Span
from services.alerter.core.samples import Sample
from services.alerter.core.states import Reason
from services.alerter.core.wording import in_words
from shared.instants import span_to_us

GAPS = 5


@dataclass(frozen=True, slots=True)
class LastSeen:
    """When it was last seen, the newest gaps between two samples, and the interval that settings name."""

    time_us: int | None = None
    gaps_us: tuple[int, ...] = ()
    set_us: int | None = None

    @property
    def interval_us(self) -> int:
        """How often it comes; 0 where nobody knows yet."""
        observed_us = median_low(self.gaps_us) if self.gaps_us else None
        return min((us for us in (self.set_us, observed_us) if us is not None), default=0)


@dataclass(frozen=True, slots=True)
class Absence:
    """Holds from ``after`` after the last sample until the next; for good after ``give_up``, when nobody waits."""

    begins: ClassVar[Reason] = Reason.ABSENT
    ends: ClassVar[Reason] = Reason.SEEN_AGAIN
    limit: ClassVar[str] = "expected every {} s"
    calm: ClassVar[str] = "seen again; expected every {} s"

    after: timedelta
    give_up: timedelta = timedelta(days=30)
    missed_readings: int = 0
    intervals: Mapping[str, timedelta] = field(default_factory=dict)  # by device, as the reader's settings say

    @property
    def window_s(self) -> float:
        """How long it may be away."""
        return self.after.total_seconds()

    @property
    def wants(self) -> str:
        """Silence for so long."""
        missed = f" and {self.missed_readings} readings missed" if self.missed_readings else ""
        return f"nothing for {in_words(self.after)}{missed}"

    @property
    def measures(self) -> bool:
        """How long it is silent goes on while it is."""
        return False

    def patience_us(self, evidence: LastSeen) -> int:
        """Return how long it may be away: ``after``, or so many of its intervals where those are longer."""
        return max(span_to_us(self.after), self.missed_readings * evidence.interval_us)

    def begin(self) -> LastSeen:
        """It was never seen."""
        return LastSeen()

    def fold(self, evidence: LastSeen, sample: Sample, _now_us: int) -> LastSeen:
        """The newest counts."""
        if evidence.time_us is not None and sample.time_us <= evidence.time_us:
            return evidence
        if not self.missed_readings:
            return LastSeen(sample.time_us)
        gap_us = () if evidence.time_us is None else (sample.time_us - evidence.time_us,)
        interval = self.intervals.get(str(sample.field("device")))
        gaps_us = (*evidence.gaps_us, *gap_us)[-GAPS:]
        return LastSeen(sample.time_us, gaps_us, None if interval is None else span_to_us(interval))

    def span(self, evidence: LastSeen) -> Span | None:
        """From ``after`` on."""
        if evidence.time_us is None:
            return None
        from_us = evidence.time_us + self.patience_us(evidence)
        return Span(from_us, from_us + span_to_us(self.give_up))

    def reading(self, evidence: LastSeen, at_us: int, key: str) -> Reading:
        """For how long."""
        away_us = 0 if evidence.time_us is None else max(0, at_us - evidence.time_us)
        away = timedelta(microseconds=away_us)
        patience_s = self.patience_us(evidence) / 1e6
        return Reading(away.total_seconds(), patience_s, f"{key}: nothing for {in_words(away)}")

    def pruned(self, evidence: LastSeen, now_us: int) -> LastSeen | None:
        """Remembered until nobody waits for it."""
        span = self.span(evidence)
        return None if span is None or span.over(now_us) else evidence

    def moved(self, evidence: LastSeen, move: Move) -> LastSeen:
        """Seen as long ago as before."""
        return evidence if evidence.time_us is None else replace(evidence, time_us=move(evidence.time_us))


@dataclass(frozen=True, slots=True)
class Presence:
    """Since when a service is gone; None while it is there or was stopped. ``state`` is what it said last."""

    gone_us: int | None = None
    state: str = "online"


@dataclass(frozen=True, slots=True)
class Offline:
    """Holds while a service's last will stands. One that says ``stopped`` was stopped on purpose."""

    begins: ClassVar[Reason] = Reason.OFFLINE
    ends: ClassVar[Reason] = Reason.BACK
    limit: ClassVar[str] = "gone without a word"
    calm: ClassVar[str] = "it is back"

    @property
    def window_s(self) -> float:
        """It looks at the last life sign."""
        return 0.0

    @property
    def wants(self) -> str:
        """No good-bye."""
        return self.limit

    @property
    def measures(self) -> bool:
        """It is gone or it is not."""
        return False

    def begin(self) -> Presence:
        """Nothing is known to be gone."""
        return Presence()

    def fold(self, evidence: Presence, sample: Sample, _now_us: int) -> Presence:
        """Gone since it was first seen to be."""
        if sample.field("state") != "offline":
            return Presence(state=str(sample.field("state")))
        return evidence if evidence.gone_us is not None else Presence(sample.time_us, "offline")

    def span(self, evidence: Presence) -> Span | None:
        """Until it is back."""
        return None if evidence.gone_us is None else Span(evidence.gone_us)

    def reading(self, evidence: Presence, at_us: int, key: str) -> Reading:
        """For how long, in seconds."""
        gone_s = 0.0 if evidence.gone_us is None else max(0, at_us - evidence.gone_us) / 1e6
        state = evidence.state if evidence.gone_us is None else "offline"
        return Reading(gone_s, 0.0, f"{key}: {state}", calm="it was stopped on purpose" if state == "stopped" else None)

    def pruned(self, evidence: Presence, _now_us: int) -> Presence | None:
        """Who is there need not be remembered."""
        return None if evidence.gone_us is None else evidence

    def moved(self, evidence: Presence, move: Move) -> Presence:
        """Gone as long as before."""
        return evidence if evidence.gone_us is None else replace(evidence, gone_us=move(evidence.gone_us))
