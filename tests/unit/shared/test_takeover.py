"""Who was there first under one name, from what a process hears of itself."""

from __future__ import annotations

import pytest

from shared.delivery.takeover import FIGHTS, NameInUseError, Takeover
from shared.messages import Status


def reconnected() -> Takeover:
    """A newcomer: its status was confirmed on a first, short connection, and a second one stands."""
    takeover = Takeover("counter_store")
    takeover.connected(0.0)
    takeover.status_confirmed()
    takeover.disconnected(1.0, taken_over=False)
    takeover.connected(1.1)
    return takeover


def status(state: str, instance: str = "another") -> Status:
    return Status(service="counter_store", state=state, instance=instance)


@pytest.mark.parametrize("state", ["offline", "stopped"])
def test_the_last_word_of_a_process_that_is_gone_is_no_other_process(state: str) -> None:
    """``make crash --climate``, seed 3: a session handed over the will of the process before, and the store ended."""
    takeover = reconnected()
    takeover.read_own_status(status(state), 1.2, retained=True)
    assert 0 == takeover.count


def test_another_that_is_online_ends_a_newcomer() -> None:
    with pytest.raises(NameInUseError, match="another process at this broker is called counter_store"):
        reconnected().read_own_status(status("online"), 1.2, retained=True)


def test_its_own_status_is_none_of_another() -> None:
    takeover = reconnected()
    takeover.read_own_status(status("online", takeover.instance), 1.2, retained=True)
    assert 0 == takeover.count


def flapping(*, named: bool) -> None:
    """Connections that each end within a second, of which the end says nothing."""
    takeover = Takeover("counter_store")
    for number in range(2 * FIGHTS):
        takeover.connected(3.0 * number, named=named)
        takeover.disconnected(3.0 * number + 1, taken_over=False)


def test_a_network_that_comes_and_goes_is_no_other_process_over_mqtt_5() -> None:
    """``make crash --live``, seed 5502: the counter store ended after five connections that had been cut."""
    flapping(named=True)


def test_short_connections_of_which_no_end_says_why_are_a_fight() -> None:
    """As with the embedded broker, which speaks MQTT 3.1.1."""
    with pytest.raises(NameInUseError):
        flapping(named=False)
