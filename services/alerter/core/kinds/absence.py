"""Nothing came in time (``Absence``), and a service that is gone (``Offline``)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from services.alerter.core.kinds.condition import Move, Reading, Span
from services.alerter.core.samples import Sample
from services.alerter.core.states import Reason
from services.alerter.core.wording import in_words
from shared.instants import span_to_us


@dataclass(frozen=True, slots=True)
class LastSeen:
    """When it was last seen."""

    time_us: int | None = None


@dataclass(frozen=True, slots=True)
class Absence:
    """Holds from ``after`` after the last sample until the next; for good after ``give_up``, when nobody waits."""

    begins: ClassVar[Reason] = Reason.ABSENT
    ends: ClassVar[Reason] = Reason.SEEN_AGAIN
    limit: ClassVar[str] = "expected every {} s"
    calm: ClassVar[str] = "seen again; expected every {} s"

    after: timedelta
    give_up: timedelta = timedelta(days=30)

    @property
    def window_s(self) -> float:
        """How long it may be away."""
        return self.after.total_seconds()

    def begin(self) -> LastSeen:
        """It was never seen."""
        return LastSeen()

    def fold(self, evidence: LastSeen, sample: Sample, _now_us: int) -> LastSeen:
        """The newest counts."""
        if evidence.time_us is not None and sample.time_us <= evidence.time_us:
            return evidence
        return LastSeen(sample.time_us)

    def span(self, evidence: LastSeen) -> Span | None:
        """From ``after`` on."""
        if evidence.time_us is None:
            return None
        from_us = evidence.time_us + span_to_us(self.after)
        return Span(from_us, from_us + span_to_us(self.give_up))

    def reading(self, evidence: LastSeen, at_us: int, key: str) -> Reading:
        """For how long."""
        away_us = 0 if evidence.time_us is None else max(0, at_us - evidence.time_us)
        away = timedelta(microseconds=away_us)
        return Reading(away.total_seconds(), self.window_s, f"{key}: nothing for {in_words(away)}")

    def pruned(self, evidence: LastSeen, now_us: int) -> LastSeen | None:
        """Remembered until nobody waits for it."""
        span = self.span(evidence)
        return None if span is None or span.over(now_us) else evidence

    def moved(self, evidence: LastSeen, move: Move) -> LastSeen:
        """Seen as long ago as before."""
        return evidence if evidence.time_us is None else LastSeen(move(evidence.time_us))


@dataclass(frozen=True, slots=True)
class Presence:
    """Since when a service is gone; None while it is there or has said good-bye."""

    gone_us: int | None = None


@dataclass(frozen=True, slots=True)
class Offline:
    """Holds while a service's last will stands. One that says ``stopped`` was stopped on purpose."""

    begins: ClassVar[Reason] = Reason.OFFLINE
    ends: ClassVar[Reason] = Reason.BACK
    limit: ClassVar[str] = "gone without a word"
    calm: ClassVar[str] = "it is back, or was stopped"

    @property
    def window_s(self) -> float:
        """It looks at the last life sign."""
        return 0.0

    def begin(self) -> Presence:
        """Nothing is known to be gone."""
        return Presence()

    def fold(self, evidence: Presence, sample: Sample, _now_us: int) -> Presence:
        """Gone since it was first seen to be."""
        if sample.field("state") != "offline":
            return Presence()
        return evidence if evidence.gone_us is not None else Presence(sample.time_us)

    def span(self, evidence: Presence) -> Span | None:
        """Until it is back."""
        return None if evidence.gone_us is None else Span(evidence.gone_us)

    def reading(self, evidence: Presence, at_us: int, key: str) -> Reading:
        """For how long, in seconds."""
        gone_s = 0.0 if evidence.gone_us is None else max(0, at_us - evidence.gone_us) / 1e6
        return Reading(gone_s, 0.0, f"{key}: {'online' if evidence.gone_us is None else 'offline'}")

    def pruned(self, evidence: Presence, _now_us: int) -> Presence | None:
        """Who is there need not be remembered."""
        return None if evidence.gone_us is None else evidence

    def moved(self, evidence: Presence, move: Move) -> Presence:
        """Gone as long as before."""
        return evidence if evidence.gone_us is None else Presence(move(evidence.gone_us))
