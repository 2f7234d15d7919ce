"""Between two reads more may gather where that is allowed, and nothing waits where somebody is in a hurry."""

from __future__ import annotations

import threading
from itertools import count

from shared.mqtt.gathering import BUSY_S, FEW, Gathering

FOR_EVER_S = 3600.0
DEADLINE_S = 60.0


def waiting(gathering: Gathering) -> threading.Thread:
    """Return a thread that has read one message, and reads the next once it need not wait."""
    gathering.read(1)
    thread = threading.Thread(target=lambda: (gathering.wait(), gathering.read(1)))
    thread.start()
    return thread


def test_nothing_waits_until_it_is_allowed() -> None:
    """And nothing once it is no longer."""
    gathering = Gathering(lambda: 0.0)
    gathering.wait()
    gathering.allow(FOR_EVER_S)
    thread = waiting(gathering)
    gathering.allow(0)
    thread.join(DEADLINE_S)

    assert not thread.is_alive()


def test_who_catches_up_returns_when_all_is_read() -> None:
    """Each wait is ended by itself: the next one waits again."""
    gathering = Gathering(lambda: 0.0)
    gathering.allow(FOR_EVER_S)
    for _ in range(2):
        thread = waiting(gathering)
        while thread.is_alive():
            gathering.catch_up()
            thread.join(0.01)
    gathering.catch_up()  # nobody waits


def test_a_backlog_is_not_held_up() -> None:
    """Many messages in a moment are read as they come, until few come again."""
    times = count(0.0, BUSY_S / 2)
    gathering = Gathering(lambda: next(times))
    gathering.allow(FOR_EVER_S)
    gathering.read(FEW + 1)
    gathering.wait()  # returns
    gathering.read(FEW + 1)
    gathering.wait()
