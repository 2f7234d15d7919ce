"""All couriers of the alerter: one for each channel, started, woken, looked after and stopped together."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from services.alerter.adapters.courier import Clocks, Courier
from services.alerter.adapters.notices import Notices
from services.alerter.adapters.webhook import Webhook
from services.alerter.core.notify.channels import ByWebhook, Channel
from services.alerter.core.notify.delivery import Sender
from shared.instants import us_to_time

PATIENCE_S = 5.0


def sender_for(channel: Channel) -> Sender:
    """Return the way out of a channel."""
    if isinstance(channel.way, ByWebhook):
        return Webhook(channel.way)
    from services.alerter.adapters.by_apprise import AppriseSender  # 20 MB that who has no such channel saves

    return AppriseSender(channel.way)


class Couriers:
    """Carry what waits in the ledger at ``path``; ``notices`` is the service's own view of it."""

    def __init__(self, path: Path | str, channels: Iterable[Channel], notices: Notices, clocks: Clocks) -> None:
        self._notices = notices
        self._clocks = clocks
        self.lost = 0  # notices given up and told of so, since the start
        self._couriers = [Courier(path, channel, sender_for(channel), clocks) for channel in channels]

    def start(self) -> None:
        """Begin to carry."""
        for courier in self._couriers:
            courier.start()

    def wake(self) -> None:
        """Something may have been committed."""
        for courier in self._couriers:
            courier.wake()

    def check(self) -> None:
        """See that all live; raises what one ended on."""
        for courier in self._couriers:
            if courier.fault is not None:
                raise courier.fault
            if not courier.alive:
                raise RuntimeError(f"the thread of {courier.name} has ended by a fault; the process ends to start anew")

    def figures(self) -> Mapping[str, bool | int | float | str]:
        """Return vital figures for ``status/…``: all channels together, and what the last one to fail said."""
        waiting = self._notices.waiting()
        oldest_us = self._notices.oldest_us() if waiting else None
        age = None if oldest_us is None else self._clocks.wall() - us_to_time(oldest_us)
        errors = [f"{c.name}: {c.state.last_error}" for c in self._couriers if c.state.last_error]
        return {
            "notices_waiting": waiting.total(),
            "notices_sent": sum(courier.state.sent for courier in self._couriers),
            "notices_failed": self.lost,
            "notices_oldest_s": 0.0 if age is None else round(age.total_seconds(), 1),
            "notices_last_error": "; ".join(errors)[:500],
        }

    def stop(self) -> None:
        """Stop all; the attempts under way have a moment together."""
        for courier in self._couriers:
            courier.stop()
        deadline = time.monotonic() + PATIENCE_S
        for courier in self._couriers:
            courier.join(max(0.0, deadline - time.monotonic()))
