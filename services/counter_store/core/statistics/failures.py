"""Failure patterns: which device fails how often, and with which error code."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from services.counter_store.core.answers import Answer, Dated
from services.counter_store.core.counting.series import Episode, join_episodes
from services.counter_store.core.time_units import US_PER_S
from shared.instants import time_to_us, us_to_time
from shared.messages import Event, Severity, Time

FAILING = (Severity.ERROR, Severity.CRITICAL)
CODES = ("error_code", "code")
REPEATED = "repeated_failures"


class FailurePattern(Answer):
    """One device and error code. ``episodes``: runs of failures with no ten minutes between them.

    ``device`` is null for events that name none; ``error_code`` is the event's type where its data hold no code.
    """

    pattern: str
    device: str | None
    error_code: str
    types: tuple[str, ...]
    failure_count: int
    episodes: int
    first: Time
    last: Time
    time_span_s: float


class Failures(Dated):
    """The patterns, most failures first. ``looked_at`` events are those of severity error or critical in the span."""

    since: Time
    days: float
    min_failures: int
    looked_at: int
    complete: bool
    patterns: tuple[FailurePattern, ...]


def failure_patterns(events: Iterable[Event], min_failures: int) -> tuple[FailurePattern, ...]:
    """Return every device and code with at least ``min_failures`` failures; an event with two codes counts for both."""
    groups: dict[tuple[str | None, str], list[Event]] = {}
    for event in events:
        for code in error_codes(event):
            groups.setdefault((event.device, code), []).append(event)
    found = [_pattern(device, code, group) for (device, code), group in groups.items() if len(group) >= min_failures]
    return tuple(sorted(found, key=lambda one: (-one.failure_count, one.device or "", one.error_code)))


def error_codes(event: Event) -> list[str]:
    """Return the distinct codes of an event, in order: of its ``errors``, else its own, else its type."""
    listed = [code for error in _errors(event.data) for code in _codes(error)]
    return list(dict.fromkeys(listed or _codes(event.data))) or [event.type]


def _errors(data: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    errors = data.get("errors")
    if isinstance(errors, list | tuple):
        yield from (error for error in errors if isinstance(error, Mapping))


def _codes(data: Mapping[str, Any]) -> list[str]:
    return [str(data[name]) for name in CODES if isinstance(data.get(name), str | int)][:1]


def _pattern(device: str | None, code: str, group: list[Event]) -> FailurePattern:
    times = sorted(time_to_us(event.time) for event in group)
    return FailurePattern(
        pattern=REPEATED,
        device=device,
        error_code=code,
        types=tuple(sorted({event.type for event in group})),
        failure_count=len(group),
        episodes=len(join_episodes(Episode(us, us, 1) for us in times)),
        first=us_to_time(times[0]),
        last=us_to_time(times[-1]),
        time_span_s=(times[-1] - times[0]) / US_PER_S,
    )
