"""A stream remembers who is online of those it waits for, and of nobody else: any user may publish a status."""

from __future__ import annotations

from shared.delivery.outbound import Outbound


def test_strangers_that_are_online_are_not_remembered() -> None:
    """However many there are."""
    out = Outbound(awaited=("counter_store",), window=10)
    for number in range(1000):
        out.seen(f"host_agent-{number}", online=True)
    out.seen("counter_store", online=True)
    assert {"counter_store"} == out.online

    out.seen("counter_store", online=False)
    assert set() == out.online
