"""A battery's usual load by time of day, from the days before.

A day is twelve spans of two hours, in UTC. Each has a mean in which the newest days count most.
"""

from __future__ import annotations

SPANS = 12
SPAN_S = 86_400 / SPANS
DAYS = 5.0  # of a span's own time that its mean looks back
KNOWN = 6  # spans that must be known for an estimate
LONGEST_DAYS = 14

DailyLoad = tuple[float | None, ...]  # A, or W, or hours of load an hour; None: not seen yet
NO_LOADS: DailyLoad = (None,) * SPANS


def add(loads: DailyLoad, second_of_day: float, load: float, lasted_s: float) -> DailyLoad:
    """Return the loads after ``load`` (at least 0) has lasted ``lasted_s`` at that time of day."""
    span = int(second_of_day / SPAN_S) % SPANS
    held = loads[span]
    weight = min(lasted_s / (DAYS * SPAN_S), 1.0)
    mean = load if held is None else held + (load - held) * weight
    return (*loads[:span], mean, *loads[span + 1 :])


def lasts_s(loads: DailyLoad, second_of_day: float, amount: float) -> float | None:
    """Return how long ``amount`` (Ah, Wh or hours of load) lasts from that time of day on, s.

    None: fewer than ``KNOWN`` spans are known, or there is no load. An unknown span has the mean of the others.
    """
    known = [load for load in loads if load is not None]
    if len(known) < KNOWN or (mean := sum(known) / len(known)) <= 0:
        return None
    at_s, passed_s = second_of_day, 0.0
    while passed_s < LONGEST_DAYS * 86_400:
        span = int(at_s / SPAN_S) % SPANS
        load, left_s = loads[span], SPAN_S - at_s % SPAN_S
        load = mean if load is None else load
        if load * left_s / 3600 >= amount:
            return passed_s + (amount / load * 3600 if load else 0.0)  # no load: there was nothing left
        amount -= load * left_s / 3600
        at_s, passed_s = at_s + left_s, passed_s + left_s
    return passed_s
