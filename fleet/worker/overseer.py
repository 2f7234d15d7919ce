"""The thread beside a worker's loop that may look at the rules over many sites: one of all workers does.

It has a connection of its own, and what goes wrong with that ends nothing but its turn. A look reads all events of an
alert that fires, so it rests in proportion: it works a tenth of the time at most.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from fleet.settings import FleetSettings
from fleet.store import rule_store, upkeep
from fleet.store.connection import Connection, DatabaseAwayError, DatabaseRefusesError
from shared.clock import Clock

log = logging.getLogger(__name__)
WAIT_S = 5.0  # until it is tried again who looks
UPKEEP_S = 600.0
REST = 9  # of the time that a look took


class Overseer(threading.Thread):
    """Looks at the rules while it has the lock, until ``stop``."""

    def __init__(
        self, connect: Callable[[], Connection], settings: FleetSettings, clock: Clock, stop: threading.Event
    ) -> None:
        super().__init__(name="overseer", daemon=True)
        self._connect, self._settings, self._clock, self._stop_asked = connect, settings, clock, stop

    def run(self) -> None:
        """Try for the lock, look, and again."""
        while not self._stop_asked.is_set():
            try:
                with self._connect() as connection:
                    if rule_store.lead(connection):
                        log.info("this worker looks at the rules over all sites")
                        self._look(connection)
            except (DatabaseAwayError, DatabaseRefusesError) as error:
                log.debug("the rules are not looked at: %s", error)
            self._stop_asked.wait(WAIT_S)

    def _look(self, connection: Connection) -> None:
        bounded_at = float("-inf")
        while not self._stop_asked.is_set():
            began, now = self._clock.monotonic(), self._clock.wall()
            if changed := rule_store.judge(connection, self._settings.rules, now):
                log.info("%d alerts over many sites changed", changed)
            if self._clock.monotonic() - bounded_at >= UPKEEP_S:
                upkeep.keep_bounds(connection, self._settings.keep_days, rule_store.SIGNALS_KEPT, now)
                bounded_at = self._clock.monotonic()
            self._stop_asked.wait(max(self._settings.rules.every_s, REST * (self._clock.monotonic() - began)))
