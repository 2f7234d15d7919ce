"""What the control law decides: a level for each actuator, with a reason code and the reason in words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why an actuator is wanted at its level. The values are part of events and logs: add, never rename."""

    IN_BAND = "in_band"  # nothing to do
    VPD_LOW = "vpd_low"  # below the band: raise it
    VPD_HIGH = "vpd_high"  # above the band: lower it
    EDGE_AHEAD = "edge_ahead"  # inside the band, and outside it before an action would show
    CROSSING_BAND = "crossing_band"  # on its way to the stop
    STOPS_AHEAD = "stops_ahead"  # stopped before the stop, by the loop's own delay
    TARGET_REACHED = "target_reached"
    TRIMMED = "trimmed"  # a graded actuator's level was set anew
    FUTILE = "futile"  # it would not move the air the way it should
    NO_EFFECT = "no_effect"  # it was measured to do nothing
    OPPOSED = "opposed"  # the other direction has the zone
    TOO_HOT = "too_hot"
    TOO_COLD = "too_cold"
    TOO_HUMID = "too_humid"
    TOO_DRY = "too_dry"
    CONDENSING = "condensing"  # the leaf is below the dew point
    MIN_ON = "min_on"  # it would stop, and has not run for long enough
    MIN_OFF = "min_off"  # it would start, and has not rested for long enough
    SPACING = "spacing"  # a graded actuator was set too short a while ago
    UNAVAILABLE = "unavailable"  # it does not answer
    NO_READING = "no_reading"  # temperature and humidity are missing or too old
    WARMING_UP = "warming_up"  # too few readings since the start
    NOT_FOR_MODE = "not_for_mode"  # the mode does without it
    SCHEDULE = "schedule"  # a light by its hours
    PAUSED = "paused"
    MANUAL = "manual"  # a person's level, or none


@dataclass(frozen=True, slots=True)
class Decision:
    """One actuator's wanted level, 0 (off) to 1 (full), and why; ``text`` is the reason with its figures.

    ``until_s``: it is wanted off from then on, sooner than the next tick can say so; a lease is to end there.
    """

    zone: str
    actuator: str
    level: float
    reason: Reason
    text: str
    until_s: float | None = None
