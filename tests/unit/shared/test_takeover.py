"""Who was there first under one name, from what a process hears of itself."""

from __future__ import annotations

import pytest

from shared.delivery.takeover import NameInUseError, Takeover
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
