"""Home Assistant's discovery at work: a connection of its own, and what is due on it.

1. After each connection what the broker retains is read back, for ``settle_s``. Only retained copies are read: what
   this client publishes itself comes back without that mark, and a device that somebody deletes in Home Assistant stays
   away until something about it changes, Home Assistant starts or the gateway does.
2. Switched off, it removes what an earlier run may have left, and disconnects.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from services.gateway.core.homeassistant.configs import Options
from services.gateway.core.homeassistant.discovery import Discovery, Publish
from services.gateway.core.homeassistant.known import Known
from services.gateway.settings import HomeAssistantSettings
from shared import __version__
from shared.client.latest import Change
from shared.clock import Clock
from shared.mqtt import Arrived, Confirmed, Connected, Disconnected, MqttClient, Publication
from shared.mqtt.wire import Arrival
from shared.suite import SuiteSettings

log = logging.getLogger(__name__)

STEP_S = 1.0
ONLINE = b"online"


class HomeAssistant:
    """Belongs to one event loop. ``following``: whether the suite's topics are subscribed and received."""

    def __init__(
        self, settings: HomeAssistantSettings, suite: SuiteSettings, clock: Clock, following: Callable[[], bool]
    ) -> None:
        self._settings = settings
        self._options = Options(suite.topics, __version__, settings.prefix, settings.expire_after_s)
        self._clock = clock
        self._following = following
        self._known = Known()
        self._discovery = Discovery()
        self._pending: deque[Publish] = deque()
        self._unconfirmed = 0
        self._reading_since_s: float | None = None
        self._due = True
        self._refused = False
        self._arrived = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        subscriptions = [self._options.birth, self._options.topic_of("+")]
        name = f"upskeep-{suite.site}-gateway-home-assistant"
        self._mqtt = MqttClient(
            suite.broker, name, subscriptions, persistent=False, clock=clock, on_arrival=self._wake
        )  # fmt: skip

    def on_change(self, change: Change) -> None:
        """Apply the new value of a followed topic."""
        if not self._settings.discovery:
            return
        known = self._known.after(change.kind, change.parts, change.message)
        self._due = self._due or known is not self._known
        self._known = known

    async def run(self) -> None:
        """Publish what is due until cancelled or, switched off, until nothing of ours is left."""
        self._loop = asyncio.get_running_loop()
        self._mqtt.open()
        try:
            while not self._step():
                with suppress(TimeoutError):
                    async with asyncio.timeout(STEP_S):
                        await self._arrived.wait()
            log.info("discovery is off, and nothing of ours is left for Home Assistant")
        finally:
            await asyncio.to_thread(self._mqtt.close)

    def _step(self) -> bool:
        """Take what has arrived and publish what is due; returns whether everything is done for good."""
        self._arrived.clear()
        for arrival in self._mqtt.poll(1000, 0):
            self._note(arrival)
        if not self._settled():
            return False
        if self._due:
            self._due = False
            self._discovery, found = self._discovery.due(self._known, self._options, enabled=self._settings.discovery)
            self._pending.extend(found)
        while self._pending and self._mqtt.room > 0:
            one = self._pending.popleft()
            if not self._mqtt.publish(Publication(one.topic, one.payload, retain=True)):
                self._pending.appendleft(one)
                break
            self._unconfirmed += 1
        return not (self._settings.discovery or self._pending or self._unconfirmed)

    def _settled(self) -> bool:
        """Return whether the retained messages have had ``settle_s`` to arrive."""
        now_s = self._clock.monotonic()
        if not (self._mqtt.connected and self._following()):
            self._reading_since_s = None
            return False
        if self._reading_since_s is None:
            self._reading_since_s = now_s
        return now_s - self._reading_since_s >= self._settings.settle_s

    def _note(self, arrival: Arrival) -> None:
        match arrival:
            case Connected():
                self._discovery, self._due, self._unconfirmed = Discovery(), True, 0
                self._pending.clear()
                self._reading_since_s = None
            case Disconnected():
                self._reading_since_s = None
            case Confirmed():
                self._unconfirmed -= 1
                self._complain(arrival.refusal)
            case Arrived():
                self._mqtt.ack(arrival.receipt)
                self._read(arrival)

    def _read(self, arrival: Arrived) -> None:
        if arrival.topic == self._options.birth:
            if arrival.payload == ONLINE and not arrival.retain:
                log.info("Home Assistant has started: everything is published again")
                self._pending.extend(self._discovery.again())
        elif arrival.retain:
            self._discovery = self._discovery.after(arrival.topic, arrival.payload, self._options)

    def _complain(self, refusal: str | None) -> None:
        if refusal is not None and not self._refused:
            self._refused = True
            log.error("the broker refuses what is published for Home Assistant (%s): see mosquitto/acl", refusal)

    def _wake(self) -> None:
        """Called on the network's thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._arrived.set)
