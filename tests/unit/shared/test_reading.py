"""The owner reads for itself while it waits and little comes; the network's thread reads else."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from shared.mqtt.gathering import BUSY_S, FEW
from shared.mqtt.reading import Reading

DEADLINE_S = 60.0
FOR_EVER_S = 3600.0


class Clock:
    """Says what it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def lending(reading: Reading) -> threading.Thread:
    """Return a network's thread that has lent the reading, or has seen that it may not."""
    thread = threading.Thread(target=reading.lend)
    thread.start()
    until(lambda: reading.lent or not thread.is_alive())
    return thread


def until(holds: Callable[[], bool]) -> None:
    waiting = threading.Event()
    for _ in range(round(DEADLINE_S / 0.01)):
        if holds():
            return
        waiting.wait(0.01)
    raise AssertionError("that did not come true")


def test_an_owner_that_waits_is_lent_the_reading_until_it_gives_it_back() -> None:
    """Nobody takes it from an owner that reads."""
    reading = Reading(Clock(), FOR_EVER_S)
    reading.begin_wait()
    thread = lending(reading)
    lent = reading.lent
    reading.give_back()
    thread.join(DEADLINE_S)

    assert (True, False, False) == (lent, reading.lent, thread.is_alive())


@pytest.mark.parametrize("waits", [False, True])
def test_it_is_not_lent_where_nobody_waits_or_much_comes(waits: bool) -> None:
    """A backlog is read while the owner works."""
    reading = Reading(Clock(), FOR_EVER_S)
    if waits:
        reading.begin_wait()
        reading.came(FEW + 1)
    thread = lending(reading)
    thread.join(DEADLINE_S)

    assert (False, False) == (reading.lent, thread.is_alive())


def test_after_a_burst_it_is_quiet_again() -> None:
    """Few messages in each moment are quiet, however many they become."""
    clock = Clock()
    reading = Reading(clock, FOR_EVER_S)
    reading.came(FEW + 1)
    busy = reading.is_quiet
    quiet = []
    for _ in range(3):
        clock.now += BUSY_S
        reading.came(FEW)
        quiet.append(reading.is_quiet)

    assert (False, [True] * 3) == (busy, quiet)


def test_an_owner_that_is_away_loses_it() -> None:
    """The connection must be kept alive."""
    clock = Clock()
    reading = Reading(clock, 0.01)
    reading.begin_wait()
    thread = lending(reading)
    reading.end_wait()
    clock.now += 1.0
    thread.join(DEADLINE_S)

    assert (False, False) == (reading.lent, thread.is_alive())
