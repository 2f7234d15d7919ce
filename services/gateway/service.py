"""The gateway as a service: its life sign on the wire, and everything that is served on a loop of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from services.gateway.adapters.loop_thread import LoopThread
from services.gateway.adapters.prometheus import Exposition
from services.gateway.adapters.web.asgi import application
from services.gateway.adapters.web.server import serve
from services.gateway.application.desk import Desk
from services.gateway.settings import GatewaySettings
from shared.clock import Clock
from shared.delivery.handler import Figures
from shared.suite import SuiteSettings

WAIT_S = 1.0


class Gateway:
    """Serves from ``start`` to ``close``. ``wake`` ends a turn of the service's loop; any thread may call it."""

    def __init__(self, settings: GatewaySettings, suite: SuiteSettings, clock: Clock, wake: Callable[[], None]) -> None:
        self._settings = settings
        self._suite = suite
        self._clock = clock
        self._wake = wake
        self._address = ""
        self._thread = LoopThread(self._serve, wake)

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def figures(self) -> Figures:
        """Return the address, once there is one."""
        return {"address": self._address} if self._address else {}

    def work(self) -> None:
        """End by whatever ended the serving."""
        self._thread.check()

    def wait_s(self) -> float:
        """Return a wait short enough to notice that the serving has ended."""
        return WAIT_S

    def finish(self) -> None:
        """Nothing is left to say."""

    def close(self) -> None:
        """Stop serving."""
        self._thread.stop()

    async def _serve(self) -> None:
        desk = Desk(self._suite, self._clock)
        app = application(Exposition(desk.families))
        async with desk.client, asyncio.TaskGroup() as tasks:
            tasks.create_task(desk.follow())
            tasks.create_task(serve(app, self._settings.http.host, self._settings.http.port, self._bound))

    def _bound(self, address: str) -> None:
        self._address = address
        self._wake()
