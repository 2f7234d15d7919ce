"""The suite as the gateway's pages see it: the view, its changes, and questions and commands to the services."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from services.gateway.core.api.endpoint import ApiError
from services.gateway.core.feed import Feed
from services.gateway.core.metrics.families import Family
from services.gateway.core.metrics.suite import suite_families
from services.gateway.core.view import SHOWN, View
from shared.client.async_client import AsyncServiceClient
from shared.client.connect import ClientError, RefusedByServiceError
from shared.client.latest import Change
from shared.clock import Clock
from shared.messages import Candidate
from shared.services import suite_of
from shared.suite import SuiteSettings

ASKED = tuple(name for name in suite_of(optional=True) if name != "gateway")
MOST_AT_ONCE = 32  # questions and commands under way
GIVEN = "system.command.given"
LAZY_S = 4.0  # how long messages may wait while no client is connected
REPEATING = ("state", "status")

Audit = Callable[[Candidate], None]


class LiveSuite:
    """Belongs to the event loop it is opened in. It keeps ``view`` and ``feed`` up to date while ``follow`` runs.

    ``audit`` receives the event of each command given. While nobody looks, what comes waits a moment, many together:
    ``refresh`` before something is shown, and ``changed`` while somebody follows.
    """

    def __init__(self, suite: SuiteSettings, clock: Clock, audit: Audit) -> None:
        self.suite = suite
        self.clock = clock
        self.view = View()
        self.feed = Feed(uuid.uuid4().hex[:8])
        self._pulse = asyncio.Event()
        self.listeners: list[Callable[[Change], None]] = []  # they get each change after the view has
        name = f"upskeep-{suite.site}-gateway-asks"
        self.client = AsyncServiceClient(
            suite, name, ASKED, SHOWN, by="gateway", lazy_s=LAZY_S, repeating=REPEATING, remembers=False
        )  # fmt: skip
        self._audit = audit
        self._room = asyncio.Semaphore(MOST_AT_ONCE)

    async def follow(self) -> None:
        """Keep the view up to date until cancelled."""
        async for changes in self.client.changes():
            self._take(changes)

    def refresh(self) -> None:
        """Apply the messages that have arrived, so that an answer is up to date."""
        if changes := self.client.drain():
            self._take(changes)

    async def changed(self, place: int) -> None:
        """Wait until the feed has more than ``place``; meanwhile what comes is taken at once."""
        with self.client.eager():
            while self.feed.head <= place:
                await self._pulse.wait()

    def _take(self, changes: Iterable[Change]) -> None:
        now = self.clock.monotonic()
        for change in changes:
            taken = self.view.update(
                change.kind, change.parts, change.message, now, retained=change.retained, size=change.size
            )
            if taken:
                self.feed.add(change.kind, change.parts, change.message, change.size)
            for listen in self.listeners:
                listen(change)
        for excess in self.view.limits.drain(self.wall):
            self._audit(excess.candidate("gateway"))
        self._pulse.set()
        self._pulse = asyncio.Event()

    @property
    def now_s(self) -> float:
        """The monotonic time, as the view has it."""
        return self.clock.monotonic()

    @property
    def wall(self) -> datetime:
        """The time by the clock."""
        return self.clock.wall()

    @property
    def connected(self) -> bool:
        """Whether the broker is."""
        return self.client.connected

    def families(self) -> list[Family]:
        """Return the metric families as of now."""
        self.view.connected = self.connected
        return suite_families(self.view, self.now_s, self.wall)

    async def ask(self, service: str, name: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a service's answer; raises ApiError: 400 where it refuses, 503 where it gives none."""
        self._check_room()
        async with self._room:
            try:
                return await self.client.ask(service, name, data)
            except RefusedByServiceError as refusal:
                raise ApiError(400, str(refusal)) from None
            except ClientError as error:
                raise ApiError(503, str(error)) from None

    async def command(
        self, target: str, name: str, data: Mapping[str, Any], *, by: str, address: str
    ) -> Mapping[str, Any]:
        """Send a command and return its result; raises ApiError: 409 where it is refused.

        An event is offered for it whatever came of it; ``address`` is whose request it was.
        """
        self._check_room()
        async with self._room:
            came = "no answer"
            try:
                result = await self.client.command(target, name, data, by=by)
                came = result.status
            except ClientError as error:
                raise ApiError(503, str(error)) from None
            finally:
                data = {"by": by, "target": target, "name": name, "came": came, "address": address}
                self._audit(Candidate(type=GIVEN, id=f"command/{uuid.uuid4().hex}", time=self.wall, data=data))
        if result.status != "done":
            raise ApiError(409, f"{target}: {result.reason or result.status}")
        return result.data

    def _check_room(self) -> None:
        if self._room.locked():
            raise ApiError(503, f"{MOST_AT_ONCE} questions are under way; ask again in a moment")
