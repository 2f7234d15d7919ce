"""Who was there first under one name, from what a process hears of itself."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from shared.delivery.takeover import FIGHTS, NEWER, NameInUseError, Takeover
from shared.messages import Status


def reconnected(found: Status | None = None) -> Takeover:
    """A newcomer: its status was confirmed on a first, short connection, where it ``found`` one; a second stands."""
    takeover = Takeover("counter_store")
    takeover.connected(0.0)
    if found is not None:
        takeover.read_own_status(found, 0.1, retained=True)
    takeover.status_confirmed()
    takeover.disconnected(1.0, taken_over=False)
    takeover.connected(1.1)
    return takeover


def status(state: str, instance: str = "another", second: int = 0) -> Status:
    time = datetime(2026, 11, 29, 12, 0, second, tzinfo=UTC)
    return Status(service="counter_store", state=state, instance=instance, time=time)


@pytest.mark.parametrize("state", ["offline", "stopped"])
def test_the_last_word_of_a_process_that_is_gone_is_no_other_process(state: str) -> None:
    """``make crash --climate``, seed 3: a session handed over the will of the process before, and the store ended."""
    takeover = reconnected()
    takeover.read_own_status(status(state), 1.2, retained=True)
    assert 0 == takeover.count


FOUND = [None, status("offline", second=20), status("online", second=20), status("online", second=19)]


@pytest.mark.parametrize("found", FOUND)
def test_what_a_broker_that_died_had_saved_is_of_the_process_before(found: Status | None) -> None:
    """``make crash --live --persistence``, seed 6: the alerter ended after the broker had come back."""
    takeover = reconnected(found)
    takeover.read_own_status(status("online", second=19), 1.2, retained=True)
    assert 0 == takeover.count


def met(times: int) -> Takeover:
    """A newcomer that has found a newer status of another process so many times."""
    takeover = reconnected(status("online", second=20))
    for number in range(1, 1 + times):
        takeover.read_own_status(status("online", second=20 + number), number + 0.1, retained=True)
        takeover.status_confirmed()
        takeover.disconnected(number + 0.3, taken_over=False)
        takeover.connected(number + 0.5)
    return takeover


def test_another_that_was_there_and_goes_on_ends_a_newcomer() -> None:
    with pytest.raises(NameInUseError):
        met(NEWER)


def test_what_was_on_its_way_when_processes_died_is_no_other_process() -> None:
    """``make crash``, seed 7101: sensor_reader ended over the statuses of two that were killed before it."""
    assert 0 == met(NEWER - 1).count


def test_its_own_status_is_none_of_another() -> None:
    takeover = reconnected()
    takeover.read_own_status(status("online", takeover.instance), 1.2, retained=True)
    assert 0 == takeover.count


def flapping(*, finds_status: bool) -> None:
    """Connections that each end within a second, of which the end says nothing."""
    takeover = Takeover("counter_store")
    for number in range(2 * FIGHTS):
        takeover.connected(3.0 * number, finds_status=finds_status)
        takeover.disconnected(3.0 * number + 1, taken_over=False)


def test_a_network_that_comes_and_goes_is_no_other_process_over_mqtt_5() -> None:
    """``make crash --live``, seed 5502: the counter store ended after five connections that had been cut."""
    flapping(finds_status=True)


def test_short_connections_of_which_no_end_says_why_are_a_fight() -> None:
    """As with the embedded broker, which speaks MQTT 3.1.1."""
    with pytest.raises(NameInUseError):
        flapping(finds_status=False)
