"""A read on a thread of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Event

import pytest

from services.sensor_reader.adapters.remote.background_reader import _EARLY_S, BackgroundReader
from services.sensor_reader.core.ports import PortError
from services.sensor_reader.core.reading import Reading
from shared.clock import SYSTEM_CLOCK
from tests.support.waiting import until

MAINS = Reading({"ac_present": True})


@pytest.fixture
def aside() -> Iterator[Callable[..., BackgroundReader]]:
    """Return a function that makes one; all are closed at the end."""
    made: list[BackgroundReader] = []

    def make(read: Callable[[], Reading], release: Callable[[], None] = lambda: None) -> BackgroundReader:
        made.append(BackgroundReader("test", read, release))
        return made[-1]

    yield make
    for one in made:
        one.close()


def answer(one: BackgroundReader) -> Reading | PortError:
    """Wait for the answer."""
    got: list[Reading | PortError] = []

    def there() -> bool:
        got.extend(a for a in [one.answer()] if a is not None)
        return bool(got)

    until(there, "an answer")
    return got[0]


def test_an_answer_is_given_once(aside: Callable[..., BackgroundReader]) -> None:
    """And then there is nothing more, until it is asked again."""
    one = aside(lambda: MAINS)
    assert one.ask()

    assert MAINS == answer(one)
    assert one.answer() is None
    assert one.ask()
    assert MAINS == answer(one)


def test_a_failure_is_an_answer(aside: Callable[..., BackgroundReader]) -> None:
    """The error itself."""
    error = PortError("nack", "nobody")

    def read() -> Reading:
        raise error

    one = aside(read)
    one.ask()

    assert error is answer(one)


def test_while_a_read_is_under_way_nothing_else_is_asked(aside: Callable[..., BackgroundReader]) -> None:
    """And what it answered too late is thrown away when it is asked again."""
    go, began, answers = Event(), Event(), iter([Reading({"load": 1.0}), Reading({"load": 2.0})])

    def read() -> Reading:
        began.set()
        go.wait(10)
        return next(answers)

    one = aside(read)
    assert one.ask()
    began.wait(10)
    assert not one.ask()
    assert one.answer() is None

    go.set()
    until(one.ask, "it can be asked again")
    assert Reading({"load": 2.0}) == answer(one)


def test_a_bug_is_raised_to_whoever_asked(aside: Callable[..., BackgroundReader]) -> None:
    """It ends the service, as a bug anywhere else does, and is not mistaken for a fault of the hardware."""

    def read() -> Reading:
        raise ZeroDivisionError

    one = aside(read)
    one.ask()
    with pytest.raises(ZeroDivisionError):
        answer(one)


def test_at_the_end_what_is_held_is_let_go() -> None:
    """Also where it was never asked; closing twice is no matter."""
    released: list[str] = []
    used, unused = (
        BackgroundReader(name, lambda: MAINS, lambda name=name: released.append(name)) for name in ("used", "unused")
    )
    used.ask()
    answer(used)
    for one in (used, used, unused):
        one.close()

    assert ["used"] == released


def test_a_read_may_be_asked_for_at_a_later_time(aside: Callable[..., BackgroundReader]) -> None:
    """Its thread waits for that by itself, and keeps to the rhythm that it sees."""
    began: list[float] = []

    def read() -> Reading:
        began.append(SYSTEM_CLOCK.monotonic())
        return MAINS

    one = aside(read)
    dues = [SYSTEM_CLOCK.monotonic() + n * 0.03 for n in range(5)]
    for due in dues:
        assert one.ask(due)
        assert MAINS == answer(one)

    assert [True] * 5 == [at >= due - _EARLY_S for at, due in zip(began, dues, strict=True)]


def test_who_is_asked_sooner_than_expected_reads_sooner() -> None:
    """After two reads an hour apart the thread would sleep for another."""
    now = [0.0]
    one = BackgroundReader("test", lambda: MAINS, monotonic=lambda: now[0])
    for due in (0.0, 3600.0):
        now[0] = due
        one.ask(due)
        answer(one)
    one.ask()

    assert MAINS == answer(one)
    one.close()
