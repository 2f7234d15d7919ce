"""Waiting together: a round takes as long as its longest chain of waits."""

from __future__ import annotations

from collections.abc import Generator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sensor_reader.core.bus.interleave import interleave

Task = Generator[float, None, int]


def task(waits: list[float], log: list[tuple[int, int]], number: int) -> Task:
    """Wait so often, and note each step."""
    for step, wait in enumerate(waits):
        log.append((number, step))
        yield wait
    return number


@given(st.lists(st.lists(st.floats(0, 1), max_size=4), max_size=6))
def test_all_end_after_the_longest_chain_of_waits(chains: list[list[float]]) -> None:
    """Results in order, every step once, no wait longer than needed."""
    pauses: list[float] = []
    log: list[tuple[int, int]] = []

    results = interleave([task(waits, log, number) for number, waits in enumerate(chains)], pauses.append)

    assert list(range(len(chains))) == results
    assert sorted(log) == [(number, step) for number, waits in enumerate(chains) for step in range(len(waits))]
    assert pytest.approx(sum(pauses), abs=1e-6) == max((sum(waits) for waits in chains), default=0.0)


def test_who_waits_delays_nobody() -> None:
    """The second is done while the first still waits."""
    log: list[tuple[int, int]] = []
    interleave([task([0.18, 0.0], log, 0), task([0.01, 0.01], log, 1)], lambda _: None)

    assert [(0, 0), (1, 0), (1, 1), (0, 1)] == log


def test_one_alone_waits_exactly_what_it_says() -> None:
    """No rounding creeps in."""
    pauses: list[float] = []
    interleave([task([0.02] * 4, [], 0)], pauses.append)

    assert [0.02] * 4 == pauses
