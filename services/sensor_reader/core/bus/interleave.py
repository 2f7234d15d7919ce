"""Several who wait, waited for together: while one chip measures, the others are asked.

A round takes as long as its longest chain of waits, not as long as all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import TypeVar

T = TypeVar("T")

Pause = Callable[[float], None]
_TINY_S = 1e-9


def interleave(tasks: Sequence[Generator[float, None, T]], pause: Pause) -> list[T]:
    """Run every task to its end and return their results in order; a task yields the seconds it has to wait."""
    results: dict[int, T] = {}
    left = dict.fromkeys(range(len(tasks)), 0.0)
    while left:
        soonest = min(left.values())
        if soonest > 0:
            pause(soonest)
        left = {index: wait - soonest for index, wait in left.items()}
        for index in [index for index, wait in left.items() if wait <= _TINY_S]:
            try:
                left[index] = max(next(tasks[index]), 0.0)
            except StopIteration as done:
                results[index] = done.value
                del left[index]
    return [results[index] for index in range(len(tasks))]
