"""Which share of a region's sites had an event within a window, over time.

A site counts from its event until just before the end of the window after its last one: (t - w, t] as everywhere. So
the course follows from the set of events alone, in whatever order they came.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

Step = tuple[int, float]  # from when, the share


def course(events: Iterable[tuple[int, str]], sites: int, window_us: int) -> list[Step]:
    """Return each change of the share, in order of time; ``events`` are (time in µs, site)."""
    times: dict[str, list[int]] = defaultdict(list)
    for time_us, site in events:
        times[site].append(time_us)
    change: dict[int, int] = defaultdict(int)
    for seen in times.values():
        until_us: int | None = None
        for time_us in sorted(seen):
            if until_us is None or time_us >= until_us:
                change[time_us] += 1
            else:
                change[until_us] += 1  # it goes on: the end is put off
            until_us = time_us + window_us
            change[until_us] -= 1
    steps, count = [], 0
    for time_us in sorted(change):
        if change[time_us]:
            count += change[time_us]
            steps.append((time_us, min(1.0, count / max(1, sites))))
    return steps
