"""A decided notice: its text, its rows in the ledger, its MQTT message.

All of it commits with the decision. Delivery workers send it over the receivers' other channels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.alerter.adapters.notice_store import NoticeStore
from services.alerter.core.notify.sample import trial
from shared.delivery.handler import Publisher, RefusedError
from shared.ledger import Ledger
from shared.notices import Notice


@dataclass(frozen=True, slots=True)
class Channels:
    """The channels of each receiver besides MQTT, the receivers that are notified over MQTT, and the templates."""

    channels: Mapping[str, Sequence[str]] = field(default_factory=dict)
    mqtt: frozenset[str] = frozenset()
    write: Callable[[Notice], Notice] = lambda notice: notice


MQTT_NOWHERE = Channels()


class NoticeOutbox:
    """A NoticeSink. All calls belong inside the batch's transaction."""

    def __init__(self, ledger: Ledger, publisher: Publisher, channels: Channels) -> None:
        self.notices = NoticeStore(ledger, channels.channels)
        self._publisher = publisher
        self._channels = channels

    def put(self, notices: Sequence[Notice]) -> None:
        """Store notices for the delivery workers, and publish them over MQTT."""
        written = [self._channels.write(notice) for notice in notices]
        self.notices.put(written)
        for notice in written:
            if notice.receiver in self._channels.mqtt:
                self._publisher.emit(notice)

    def try_out(self, receiver: str | None, cause: str, now: datetime) -> dict[str, Any]:
        """Queue a test message for a receiver, or for all; raises RefusedError for an unknown one."""
        known = sorted({*self._channels.mqtt, *self._channels.channels})
        if receiver is not None and receiver not in known:
            raise RefusedError(f"there is no receiver {receiver!r} that can be notified; there is {', '.join(known)}")
        tests = [trial(name, cause, now) for name in known if receiver in (None, name)]
        self.put(tests)
        rows = [
            {
                "id": test.id,
                "receiver": test.receiver,
                "mqtt": test.receiver in self._channels.mqtt,
                "channels": list(self._channels.channels.get(test.receiver, ())),
            }
            for test in tests
        ]
        return {"tests": rows}
