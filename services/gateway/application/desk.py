"""The suite as the gateway's pages see it: the view, and questions and commands to the services."""

from __future__ import annotations

from services.gateway.core.metrics.families import Family
from services.gateway.core.metrics.suite import suite_families
from services.gateway.core.view import SHOWN, View
from shared.client.async_client import AsyncServiceClient
from shared.clock import Clock
from shared.services import suite_of
from shared.suite import SuiteSettings

ASKED = tuple(name for name in suite_of(optional=True) if name != "gateway")


class Desk:
    """Belongs to the event loop it is opened in. It keeps ``view`` up to date while ``follow`` runs."""

    def __init__(self, suite: SuiteSettings, clock: Clock) -> None:
        self.suite = suite
        self.clock = clock
        self.view = View()
        self.client = AsyncServiceClient(suite, f"upskeep-{suite.site}-gateway-asks", ASKED, SHOWN, by="gateway")

    async def follow(self) -> None:
        """Keep the view up to date until cancelled."""
        async for changes in self.client.changes():
            now = self.clock.monotonic()
            for change in changes:
                self.view.take(change.kind, change.parts, change.message, now, retained=change.retained)

    def families(self) -> list[Family]:
        """Return the metric families as of now."""
        self.view.connected = self.client.connected
        return suite_families(self.view, self.clock.monotonic(), self.clock.wall())
