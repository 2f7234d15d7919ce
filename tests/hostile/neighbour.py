"""A neighbour at the broker that sends bad messages as fast as they are taken, on a thread of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from shared.mqtt import Confirmed, MqttClient, Publication
from shared.suite import BrokerSettings
from tests.hostile.grammar import Bad

BATCH = 50


class Neighbour:
    """Sends what ``make`` returns, as one user. ``sent`` and ``refused`` count what the broker answered."""

    def __init__(self, settings: BrokerSettings, name: str, make: Callable[[], Bad], per_second: float) -> None:
        self.sent = 0
        self.refused = 0
        self._make = make
        self._per_second = per_second
        self._client = MqttClient(settings, f"{name}-{id(self):x}", [], persistent=False)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._work, name=f"neighbour-{name}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._client.open()
        self._thread.start()

    def stop(self) -> None:
        """End, without waiting for what is under way."""
        self._closing.set()
        self._thread.join(10)
        self._client.close(timeout_s=1)

    def _work(self) -> None:
        began, handed = time.monotonic(), 0
        waiting: Bad | None = None
        while not self._closing.is_set():
            for arrival in self._client.poll(1000, 0.005):
                if isinstance(arrival, Confirmed):
                    self.sent += 1
                    self.refused += arrival.refusal is not None
            with self._client.together():
                for _ in range(BATCH):
                    if handed > (time.monotonic() - began) * self._per_second:
                        break
                    waiting = waiting or self._make()
                    if not self._client.publish(Publication(waiting.topic, waiting.payload, waiting.retain)):
                        break
                    handed, waiting = handed + 1, None
