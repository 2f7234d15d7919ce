"""The gateway as a service: its life sign on the wire, and everything that is served on a loop of its own."""

from __future__ import annotations

import asyncio
import queue
from collections.abc import Callable, Mapping, Sequence

from services.gateway.adapters.loop_thread import LoopThread
from services.gateway.adapters.nut_server import NutServer
from services.gateway.adapters.web.asgi import Site, application
from services.gateway.adapters.web.pages import Console
from services.gateway.adapters.web.server import serve
from services.gateway.adapters.web.shared_parts import SharedParts
from services.gateway.application.api import API
from services.gateway.application.homeassistant import HomeAssistant
from services.gateway.application.live_suite import LiveSuite
from services.gateway.application.nut_door import NutDoor
from services.gateway.core.access.keys import Keys
from services.gateway.core.nut.protocol import World
from services.gateway.core.pages.counters import Limit
from services.gateway.core.pages.login import login_page
from services.gateway.settings import GatewaySettings
from shared.clock import Clock
from shared.delivery.handler import Figures
from shared.event_text.texts import EventTexts
from shared.messages import Candidate
from shared.suite import SuiteSettings

WAIT_S = 5.0  # whatever is due wakes the loop
MOST_OFFERS = 1_000


class Gateway:
    """Serves from ``start`` to ``close``. ``offer`` and ``wake`` are the endpoint's."""

    def __init__(
        self,
        settings: GatewaySettings,
        keys: Keys,
        texts: EventTexts,
        limits: Mapping[str, Limit],
        suite: SuiteSettings,
        clock: Clock,
        offer: Callable[[Candidate], None],
        wake: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._keys = keys
        self._texts = texts
        self._limits = limits
        self._suite = suite
        self._clock = clock
        self._offer = offer
        self._wake = wake
        self._address = ""
        self._offers: queue.Queue[Candidate] = queue.Queue(MOST_OFFERS)
        self._thread = LoopThread(self._serve, wake)

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def figures(self) -> Figures:
        """Return the address, once there is one."""
        return {"address": self._address} if self._address else {}

    def work(self) -> None:
        """Offer the events of commands that were given, and end by whatever ended the serving."""
        while not self._offers.empty():
            self._offer(self._offers.get_nowait())
        self._thread.check()

    def wait_s(self) -> float:
        """Return how long nothing may be due; the serving's end wakes the loop, too."""
        return WAIT_S

    def finish(self) -> None:
        """Offer what is left."""
        self.work()

    def close(self) -> None:
        """Stop serving."""
        self._thread.stop()

    async def _serve(self) -> None:
        live_suite = LiveSuite(self._suite, self._clock, self._audit)
        parts = SharedParts(self._clock.monotonic, lambda: live_suite.feed.head)
        console = Console(live_suite, self._texts, self._limits, self._keys.locked, parts)
        site = Site(live_suite, API, live_suite.families, login_page, console.routes())
        app = application(site, self._keys, self._clock)
        async with live_suite.client, asyncio.TaskGroup() as tasks:
            tasks.create_task(live_suite.follow())
            tasks.create_task(serve(app, self._settings.http, self._bound))
            tasks.create_task(self._home_assistant(live_suite).run())
            if self._settings.nut.port:
                tasks.create_task(self._nut_server(live_suite).serve(self._settings.nut.host, self._settings.nut.port))

    def _home_assistant(self, live_suite: LiveSuite) -> HomeAssistant:
        made = HomeAssistant(
            self._settings.home_assistant, self._suite, self._clock, lambda: live_suite.client.connected
        )
        live_suite.listeners.append(made.on_change)
        return made

    def _nut_server(self, live_suite: LiveSuite) -> NutServer:
        door = NutDoor(self._settings.nut, self._clock)
        live_suite.listeners.append(door.on_change)

        def world(clients: Sequence[tuple[str, str]]) -> World:
            live_suite.refresh()
            return door.world(clients)

        return NutServer(world, self._clock)

    def _audit(self, candidate: Candidate) -> None:
        """Hand an event over to the service's own thread."""
        self._offers.put_nowait(candidate)
        self._wake()

    def _bound(self, address: str) -> None:
        self._address = address
        self._wake()
