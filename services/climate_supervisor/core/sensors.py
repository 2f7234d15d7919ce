"""Whether a sensor is believed, by the time of its readings and their arrival.

Rules:
1. A reading's age is its age at arrival by the wall clock, plus the time since then by the monotonic clock. A constant
   value is not stale; a step of the clock makes at most one reading stale.
2. A jump faster than air can change is set aside. It is believed once ``warm_up`` readings in a row agree with it.
3. ``warm_up`` readings are needed after a start and after every gap longer than ``max_age_s``.
4. A value that is constant to the last digit for ``max_age_s``, while an actuator that moves it runs or has just run,
   is stuck. A sensor that was constant for longer and then changed is only coarse: it gets three times as long, and
   ``stuck_after_s`` at most.
5. Nothing here discards heat: ``measured.py`` judges an emergency by the last reading, believed or not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from services.climate_supervisor.core.reasons import Reason
from shared.actuators import CHANNELS, Measure, ZoneSafety
from shared.messages import Quality
from shared.quantities import QUANTITIES


@dataclass(frozen=True, slots=True)
class Reading:
    """One value on arrival; ``source_age_s`` is its age then, negative where the source's clock is ahead."""

    value: float | None
    source_age_s: float
    heard_s: float
    quality: Quality = Quality.GOOD
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class SensorMemory:
    """The memory of one sensor: its newest reading, and the newest believed value."""

    newest: Reading | None = None
    believed: float | None = None
    believed_s: float = 0.0
    in_a_row: int = 0  # readings without a gap, up to the newest
    jump: float | None = None  # the newest value that was set aside
    jumps: int = 0  # how many in a row agree with it
    still_since_s: float | None = None  # since when the believed value is constant
    longest_still_s: float = 0.0  # the longest time that it was constant before a small change


@dataclass(frozen=True, slots=True)
class Moved:
    """The newest run of an actuator that moves a measure; ``until_s`` is now while it lasts."""

    since_s: float
    until_s: float


UNHEARD = SensorMemory()
TIMES_AS_LONG = 3  # as a sensor was constant before it changed again


def fastest_change(rules: ZoneSafety, measure: Measure) -> tuple[float, float] | None:
    """Return (least jump, change a minute) above which air cannot have changed; None without a limit."""
    match measure:
        case Measure.TEMPERATURE:
            return 1.0, rules.spike_c_per_min
        case Measure.HUMIDITY:
            return 5.0, rules.spike_percent_per_min
        case _:
            return None


def add_reading(rules: ZoneSafety, measure: Measure, memory: SensorMemory, reading: Reading) -> SensorMemory:
    """Return the memory with one more reading."""
    before = memory.newest
    gap = before is None or reading.heard_s - before.heard_s > rules.max_age_s
    usable = _fault_of(rules, measure, reading, reading.heard_s) is None
    memory = replace(memory, newest=reading, in_a_row=(1 if gap else memory.in_a_row + 1) if usable else 0)
    if reading.value is None or not usable:
        return memory
    if not gap and memory.believed is not None and _jumped(rules, measure, memory, reading):
        return _set_aside(rules, measure, memory, reading)
    since, longest_s = memory.still_since_s, memory.longest_still_s
    if gap or since is None or memory.believed != reading.value:
        longest_s = longest_s if gap or since is None else max(longest_s, reading.heard_s - since)
        since = reading.heard_s
    return replace(
        memory, believed=reading.value, believed_s=reading.heard_s, jump=None, jumps=0, still_since_s=since,
        longest_still_s=longest_s,
    )  # fmt: skip


def _jumped(rules: ZoneSafety, measure: Measure, memory: SensorMemory, reading: Reading) -> bool:
    limit = fastest_change(rules, measure)
    if limit is None or memory.believed is None or reading.value is None:
        return False
    minutes = max(reading.heard_s - memory.believed_s, 1.0) / 60
    return abs(reading.value - memory.believed) > max(limit[0], limit[1] * minutes)


def _set_aside(rules: ZoneSafety, measure: Measure, memory: SensorMemory, reading: Reading) -> SensorMemory:
    limit = fastest_change(rules, measure)
    value = reading.value
    if limit is None or value is None:
        raise AssertionError("nothing jumps without a limit")
    agrees = memory.jump is not None and abs(value - memory.jump) <= limit[0]
    jumps = memory.jumps + 1 if agrees else 1
    if jumps >= rules.warm_up:
        return replace(
            memory, believed=value, believed_s=reading.heard_s, jump=None, jumps=0, still_since_s=reading.heard_s
        )
    return replace(memory, jump=value, jumps=jumps)


def doubt(
    rules: ZoneSafety, measure: Measure, memory: SensorMemory, now_s: float, moved: Moved | None
) -> Reason | None:
    """Return why this sensor is not believed now; None if it is."""
    reading = memory.newest
    if reading is None:
        return Reason.NEVER_HEARD
    if (fault := _fault_of(rules, measure, reading, now_s)) is not None:
        return fault
    if memory.jump is not None:
        return Reason.SPIKE
    if memory.in_a_row < rules.warm_up:
        return Reason.WARMING_UP
    return Reason.STUCK if _is_stuck(rules, memory, now_s, moved) else None


def _is_stuck(rules: ZoneSafety, memory: SensorMemory, now_s: float, moved: Moved | None) -> bool:
    """Whether the value is constant although an actuator has moved it for long enough."""
    most_s, since = rules.stuck_after_s, memory.still_since_s
    if most_s is None or since is None or moved is None:
        return False
    patience_s = min(most_s, max(rules.max_age_s, TIMES_AS_LONG * memory.longest_still_s))
    return now_s - max(since, moved.since_s) >= patience_s and since <= moved.until_s + patience_s


def _fault_of(rules: ZoneSafety, measure: Measure, reading: Reading, now_s: float) -> Reason | None:
    """Return what is wrong with one reading by itself, or None."""
    silent_s = now_s - reading.heard_s
    if max(reading.source_age_s, 0.0) + silent_s > rules.max_age_s:
        return Reason.STALE_BY_SOURCE if reading.source_age_s > silent_s else Reason.STALE_BY_RECEIPT
    if reading.source_age_s < -rules.future_s:
        return Reason.FROM_THE_FUTURE
    if reading.quality in (Quality.BAD, Quality.STALE):
        return Reason.BAD_QUALITY
    if reading.value is None:
        return Reason.NO_VALUE
    quantity = QUANTITIES[CHANNELS[measure]]
    return None if quantity.low <= reading.value <= quantity.high else Reason.OUT_OF_RANGE
