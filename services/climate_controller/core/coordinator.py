"""Which of the law's requests are granted now, by availability, least and greatest times on and off, and budgets. Pure.

Rules:
1. The first rule that objects holds the actuator where it is, or off, with a reason and an end. That is one event.
2. A request for off with an ``URGENT`` reason (safety) is always granted.
3. A change of level is a command of its own, with an id; the same level again is the same command.
4. A grant lapses unless it is renewed in time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from shared.actuators import Actuator, action
from shared.on_times import DAY_S, HOUR_S, OnTimes

TICKS = 3  # how many ticks a grant lasts
URGENT = frozenset({"too_hot", "too_cold", "too_humid", "too_dry", "no_reading", "warming_up", "opposed", "condensing"})


class Dampening(StrEnum):
    """Why a request is not granted."""

    UNAVAILABLE = "device_unavailable"
    MIN_OFF = "min_off"
    MIN_ON = "min_on"
    MAX_ON = "max_on"
    HOUR_BUDGET = "hour_budget"
    DAY_BUDGET = "day_budget"


@dataclass(frozen=True, slots=True)
class LevelRequest:
    """A level that the law requests, and why; ``until_s``: off from then on."""

    level: float
    reason: str
    text: str = ""
    until_s: float | None = None


@dataclass(frozen=True, slots=True)
class Reported:
    """An actuator's level and availability as the supervisor reports them; None: unknown."""

    level: float | None = None
    available: bool | None = None


NOTHING_REPORTED = Reported()


@dataclass(frozen=True, slots=True)
class Held:
    """A request that is not granted before ``until_s``; None where that depends on the actuator."""

    level: float
    why: Dampening
    until_s: float | None


@dataclass(frozen=True, slots=True)
class Track:
    """The state of one actuator: the level granted, its command, and the on-times."""

    level: float = 0.0
    command: str = ""
    times: OnTimes = field(default_factory=OnTimes)
    held: Held | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """A level for the supervisor; it lapses at ``until_s``."""

    level: float
    command: str
    until_s: float
    reason: str
    text: str


@dataclass(frozen=True, slots=True)
class Note:
    """An event to offer; ``cause`` is unique for its type. The shell turns ``until_in_s`` into a time."""

    type: str
    cause: str
    actuator: str
    data: Mapping[str, object]
    until_in_s: float | None = None


@dataclass(frozen=True, slots=True)
class Coordination:
    """The outcome of a tick."""

    tracks: Mapping[str, Track]
    grants: Mapping[str, Grant]
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """One request, with all that the rules judge it by."""

    actuator: Actuator
    track: Track
    wanted: float
    reported: Reported
    now_s: float


def coordinate(
    actuators: Mapping[str, Actuator],
    tracks: Mapping[str, Track],
    asked: Mapping[str, LevelRequest],
    reports: Mapping[str, Reported],
    now_s: float,
    tick_s: float,
    mint: Callable[[], str],
) -> Coordination:
    """Return which requests are granted; ``mint`` returns a new command id."""
    after: dict[str, Track] = {}
    grants: dict[str, Grant] = {}
    notes: list[Note] = []
    for name, request in asked.items():
        actuator, reported = actuators[name], reports.get(name, NOTHING_REPORTED)
        track = _followed(tracks.get(name, Track()), reported, now_s)
        case = Case(actuator, track, actuator.stepped(request.level), reported, now_s)
        after[name], events = _granted(name, case, request, mint)
        notes += events
        grants[name] = _grant(after[name], request, now_s + TICKS * tick_s)
    return Coordination({**tracks, **after}, grants, tuple(notes))


def _followed(track: Track, reported: Reported, now_s: float) -> Track:
    """Count the on-times by the reported level, else by the granted one."""
    level = track.level if reported.level is None else reported.level
    return replace(track, times=track.times.began(now_s) if level > 0 else track.times.ended(now_s))


def _grant(track: Track, request: LevelRequest, until_s: float) -> Grant:
    if request.until_s is not None and track.level > 0:
        until_s = min(until_s, request.until_s)
    why = track.held.why.value if track.held else request.reason
    return Grant(track.level, track.command, until_s, why, request.text)


def _granted(name: str, case: Case, request: LevelRequest, mint: Callable[[], str]) -> tuple[Track, Sequence[Note]]:
    track, held = case.track, _objection(case, request.reason)
    level = case.wanted if held is None else held.level
    notes: list[Note] = []
    if held is not None and (track.held is None or track.held.why is not held.why):
        notes.append(_dampened(name, case, held, request))
    command = track.command
    if level != track.level or not command:
        command = mint()
    if level != track.level:
        data = {
            "device_id": name,
            "action": action(level),
            "reason": request.text or request.reason,
            "command": command,
        }
        notes.append(Note("device.action.requested", command, name, data))
    blind = case.reported.level is None and level > 0
    times = track.times.began(case.now_s) if blind else track.times
    return replace(track, level=level, command=command, held=held, times=times), notes


def _dampened(name: str, case: Case, held: Held, request: LevelRequest) -> Note:
    data = {"device_id": name, "action": action(case.wanted)}
    cause = f"{case.track.command}/{held.why}/{case.now_s:.3f}"
    if held.why is Dampening.UNAVAILABLE:
        return Note("device.action.failed", cause, name, {**data, "reason": held.why.value})
    until_in_s = None if held.until_s is None else held.until_s - case.now_s
    return Note(
        "device.action.dampened", cause, name, {**data, "reason": f"{held.why}, for {request.reason}"}, until_in_s
    )


def _unavailable(case: Case) -> Held | None:
    gone = case.wanted > 0 and case.reported.available is False
    return Held(0.0, Dampening.UNAVAILABLE, None) if gone else None


def _min_on(case: Case) -> Held | None:
    on_since_s, least_s = case.track.times.on_since_s, case.actuator.least_on_s
    if case.wanted > 0 or case.track.level <= 0 or on_since_s is None or case.now_s - on_since_s >= least_s:
        return None
    return Held(case.track.level, Dampening.MIN_ON, on_since_s + least_s)


def _min_off(case: Case) -> Held | None:
    off_since_s, least_s = case.track.times.off_since_s, case.actuator.least_off_s
    if case.wanted <= 0 or case.track.level > 0 or off_since_s is None or case.now_s - off_since_s >= least_s:
        return None
    return Held(0.0, Dampening.MIN_OFF, off_since_s + least_s)


def _max_on(case: Case) -> Held | None:
    on_since_s, most_s = case.track.times.on_since_s, case.actuator.max_on_s
    if case.wanted <= 0 or most_s is None or on_since_s is None or case.now_s - on_since_s < most_s:
        return None
    return Held(0.0, Dampening.MAX_ON, case.now_s + case.actuator.least_off_s)


def _hour_budget(case: Case) -> Held | None:
    return _budget(case, HOUR_S, case.actuator.on_s_per_hour, Dampening.HOUR_BUDGET)


def _day_budget(case: Case) -> Held | None:
    return _budget(case, DAY_S, case.actuator.on_s_per_day, Dampening.DAY_BUDGET)


def _budget(case: Case, window_s: float, most_s: float | None, why: Dampening) -> Held | None:
    """Hold an actuator whose budget is used up until it has room for ``least_on_s`` or a tenth of it."""
    times, held = case.track.times, case.track.held
    if case.wanted <= 0 or most_s is None:
        return None
    if held is not None and held.why is why and held.until_s is not None and case.now_s < held.until_s:
        return held
    if times.within_s(case.now_s, window_s) < most_s:
        return None
    room_s = min(max(case.actuator.least_on_s, most_s / 10), most_s)
    return Held(0.0, why, times.below_at_s(case.now_s, window_s, most_s - room_s))


RULES: tuple[Callable[[Case], Held | None], ...] = (
    _unavailable,
    _max_on,
    _hour_budget,
    _day_budget,
    _min_on,
    _min_off,
)


def _objection(case: Case, reason: str) -> Held | None:
    for rule in RULES:
        held = rule(case)
        if held is not None and not (held.why is Dampening.MIN_ON and reason in URGENT):
            return held
    return None
