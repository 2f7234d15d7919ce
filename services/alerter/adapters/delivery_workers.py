"""All delivery workers of the alerter, one for each channel: started, woken, checked and stopped together."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path

from services.alerter.adapters.delivery_worker import Clocks, DeliveryWorker
from services.alerter.adapters.notice_store import NoticeStore
from services.alerter.core.notify.channels import Channel, WebhookTarget
from services.alerter.core.notify.delivery import Sender
from shared.instants import us_to_time
from shared.ledger import Way

PATIENCE_S = 5.0


def sender_for(channel: Channel, clock: Callable[[], datetime]) -> Sender:
    """Return the sender of a channel."""
    if isinstance(channel.way, WebhookTarget):
        from services.alerter.adapters.webhook_sender import WebhookSender  # 2 MB, only for those who use it

        return WebhookSender(channel.way, clock)
    from services.alerter.adapters.apprise_sender import AppriseSender  # 20 MB, only for those who use it

    return AppriseSender(channel.way)


class DeliveryWorkers:
    """Deliver the notices in the ledger at ``path``; ``notices`` is the service's own connection to it."""

    def __init__(
        self,
        path: Path | str,
        channels: Iterable[Channel],
        notices: NoticeStore,
        clocks: Clocks,
        way: Way | None = None,
    ) -> None:
        self._notices = notices
        self._clocks = clocks
        self.lost = 0  # notices given up and reported, since the start
        self._workers = [
            DeliveryWorker(path, channel, sender_for(channel, clocks.wall), clocks, way) for channel in channels
        ]

    def start(self) -> None:
        """Start all workers."""
        for worker in self._workers:
            worker.start()

    def wake(self) -> None:
        """Wake all workers, after a commit."""
        for worker in self._workers:
            worker.wake()

    def check(self) -> None:
        """Check that all workers run; raises the error that one ended with."""
        for worker in self._workers:
            if worker.fault is not None:
                raise worker.fault
            if not worker.alive:
                raise RuntimeError(f"the thread of {worker.name} has ended by a fault; the process ends to start anew")

    def figures(self) -> Mapping[str, bool | int | float | str]:
        """Return figures for ``status/…``: totals over all channels, and the last error of each."""
        waiting = self._notices.waiting()
        oldest_us = self._notices.oldest_us() if waiting else None
        age = None if oldest_us is None else self._clocks.wall() - us_to_time(oldest_us)
        errors = [f"{c.name}: {c.state.last_error}" for c in self._workers if c.state.last_error]
        return {
            "notices_waiting": waiting.total(),
            "notices_sent": sum(worker.state.sent for worker in self._workers),
            "notices_failed": self.lost,
            "notices_oldest_s": 0.0 if age is None else round(age.total_seconds(), 1),
            "notices_last_error": "; ".join(errors)[:500],
        }

    def stop(self) -> None:
        """Stop all workers; the attempts under way have ``PATIENCE_S`` together."""
        for worker in self._workers:
            worker.stop()
        deadline = time.monotonic() + PATIENCE_S
        for worker in self._workers:
            worker.join(max(0.0, deadline - time.monotonic()))
