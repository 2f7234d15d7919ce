"""Nothing came in time (``Absence``), and a service whose last will was published (``Offline``).

A device that is read rarely is not absent between two readings. Where ``missed_readings`` is given, an absence begins
no sooner than so many of the device's own intervals after the last reading. The interval is the shorter of the one in
the reader's settings and the median of the last ``GAPS`` gaps that were observed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import ClassVar, NamedTuple

from services.alerter.core.kinds.condition import Move, Reading, Span
from services.alerter.core.samples import Sample
from services.alerter.core.states import Reason
from services.alerter.core.wording import in_words
from shared.instants import span_to_us

GAPS = 5


class LastSeen(NamedTuple):
    """When the last sample came, the newest gaps between samples, and the interval from the reader's settings."""

    time_us: int | None = None
    gaps_us: tuple[int, ...] = ()
    set_us: int | None = None

    @property
    def interval_us(self) -> int:
        """The time between two samples; 0 while unknown."""
        if not self.gaps_us:
            return self.set_us or 0
        median_us = sorted(self.gaps_us)[(len(self.gaps_us) - 1) // 2]  # the lower of two
        return median_us if self.set_us is None else min(median_us, self.set_us)


_UNSEEN = LastSeen()


@dataclass(frozen=True)
class Absence:
    """Holds from ``after`` after the last sample until the next one, or until ``give_up`` has passed."""

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
        """The silence allowed, without regard to ``missed_readings``."""
        return self.after.total_seconds()

    @property
    def wants(self) -> str:
        """The silence that fires, in words."""
        missed = f" and {self.missed_readings} readings missed" if self.missed_readings else ""
        return f"nothing for {in_words(self.after)}{missed}"

    @property
    def measures(self) -> bool:
        """Never: the length of a silence grows while it lasts."""
        return False

    @cached_property
    def _after_us(self) -> int:
        return span_to_us(self.after)

    @cached_property
    def _give_up_us(self) -> int:
        return span_to_us(self.give_up)

    def patience_us(self, evidence: LastSeen) -> int:
        """Return the silence allowed: ``after``, or ``missed_readings`` intervals where those are longer."""
        if not self.missed_readings:
            return self._after_us
        return max(self._after_us, self.missed_readings * evidence.interval_us)

    def begin(self) -> LastSeen:
        """No sample yet."""
        return _UNSEEN

    def fold(self, evidence: LastSeen, sample: Sample, _now_us: int) -> LastSeen:
        """Keep the newest time; an older sample changes nothing."""
        if evidence.time_us is not None and sample.time_us <= evidence.time_us:
            return evidence
        if not self.missed_readings:
            return LastSeen(sample.time_us)
        gap_us = () if evidence.time_us is None else (sample.time_us - evidence.time_us,)
        interval = self.intervals.get(str(sample.field("device")))
        gaps_us = (*evidence.gaps_us, *gap_us)[-GAPS:]
        return LastSeen(sample.time_us, gaps_us, None if interval is None else span_to_us(interval))

    def span(self, evidence: LastSeen) -> Span | None:
        """From the end of the patience until ``give_up`` later; None while no sample has come."""
        if evidence.time_us is None:
            return None
        from_us = evidence.time_us + self.patience_us(evidence)
        return Span(from_us, from_us + self._give_up_us)

    def reading(self, evidence: LastSeen, at_us: int, key: str) -> Reading:
        """The silence so far and the silence allowed, in seconds."""
        away_us = 0 if evidence.time_us is None else max(0, at_us - evidence.time_us)
        away = timedelta(microseconds=away_us)
        patience_s = self.patience_us(evidence) / 1e6
        return Reading(away.total_seconds(), patience_s, f"{key}: nothing for {in_words(away)}")

    def pruned(self, evidence: LastSeen, now_us: int) -> LastSeen | None:
        """Keep the evidence until ``give_up`` has passed."""
        span = self.span(evidence)
        return None if span is None or span.over(now_us) else evidence

    def moved(self, evidence: LastSeen, move: Move) -> LastSeen:
        """Move the time of the last sample."""
        return evidence if evidence.time_us is None else evidence._replace(time_us=move(evidence.time_us))


class Presence(NamedTuple):
    """Since when a service is offline; None while it is online or stopped. ``state`` is its last status."""

    gone_us: int | None = None
    state: str = "online"


@dataclass(frozen=True, slots=True)
class Offline:
    """Holds while a service's status is ``offline``, its last will. ``stopped`` means stopped on purpose."""

    begins: ClassVar[Reason] = Reason.OFFLINE
    ends: ClassVar[Reason] = Reason.BACK
    limit: ClassVar[str] = "gone without a word"
    calm: ClassVar[str] = "it is back"

    @property
    def window_s(self) -> float:
        """0: only the last status counts."""
        return 0.0

    @property
    def wants(self) -> str:
        """The status that fires, in words."""
        return self.limit

    @property
    def measures(self) -> bool:
        """Never: a status is no number."""
        return False

    def begin(self) -> Presence:
        """No status yet."""
        return Presence()

    def fold(self, evidence: Presence, sample: Sample, _now_us: int) -> Presence:
        """Keep the time of the first ``offline`` in a row."""
        if sample.field("state") != "offline":
            return Presence(state=str(sample.field("state")))
        return evidence if evidence.gone_us is not None else Presence(sample.time_us, "offline")

    def span(self, evidence: Presence) -> Span | None:
        """From the first ``offline`` until another status."""
        return None if evidence.gone_us is None else Span(evidence.gone_us)

    def reading(self, evidence: Presence, at_us: int, key: str) -> Reading:
        """The time offline in seconds, and the status."""
        gone_s = 0.0 if evidence.gone_us is None else max(0, at_us - evidence.gone_us) / 1e6
        state = evidence.state if evidence.gone_us is None else "offline"
        return Reading(gone_s, 0.0, f"{key}: {state}", calm="it was stopped on purpose" if state == "stopped" else None)

    def pruned(self, evidence: Presence, _now_us: int) -> Presence | None:
        """Keep only a service that is offline."""
        return None if evidence.gone_us is None else evidence

    def moved(self, evidence: Presence, move: Move) -> Presence:
        """Move the time since when it is offline."""
        return evidence if evidence.gone_us is None else evidence._replace(gone_us=move(evidence.gone_us))
