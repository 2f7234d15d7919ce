"""The NUT door between the states that arrive and what a client reads."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Mapping, Sequence

from services.gateway.adapters.password_files import PasswordFileError, password_in
from services.gateway.core.nut.forced import PRIMARY, forced_by
from services.gateway.core.nut.protocol import World
from services.gateway.core.nut.supplies import Rules, Supplies, Ups
from services.gateway.settings import NutSettings
from shared import __version__
from shared.client.latest import Change
from shared.clock import Clock
from shared.messages import DeviceState, Status

log = logging.getLogger(__name__)

FRESH_S = 0.2  # how long one view of all UPSs is shown: many clients ask at once


class NutDoor:
    """Belongs to one event loop."""

    def __init__(self, settings: NutSettings, clock: Clock) -> None:
        self._users = settings.users
        self._clock = clock
        self._rules = Rules(settings.max_age_s, settings.simulated, __version__)
        self._supplies = Supplies()
        self._forced: frozenset[str] = frozenset()
        self._shown: Mapping[str, Ups] = {}
        self._shown_until_s = float("-inf")

    def on_change(self, change: Change) -> None:
        """Apply the new value of a followed topic."""
        match change.message:
            case DeviceState() as state:
                self._supplies = self._supplies.after(state, self._clock.monotonic(), retained=change.retained)
            case Status() as status if status.service == PRIMARY:
                self._forced = forced_by(status)
            case None if change.kind == "state":
                self._supplies = self._supplies.without(change.parts[0])
            case _:
                return
        self._shown_until_s = float("-inf")

    def world(self, clients: Sequence[tuple[str, str]]) -> World:
        """Return what the door knows now; ``clients`` are those that have logged in."""
        now_s = self._clock.monotonic()
        if now_s >= self._shown_until_s:
            self._shown = self._supplies.shown(self._rules, now_s, self._forced)
            self._shown_until_s = now_s + FRESH_S
        return World(self._shown, __version__, clients, self._may_log_in)

    def _may_log_in(self, username: str, password: str) -> bool:
        """Return whether a client may be counted. Without ``users`` anybody may: it gets nothing else by it."""
        if not self._users:
            return True
        user = self._users.get(username)
        if user is None:
            return False
        try:
            return hmac.compare_digest(password_in(user.password_file).encode(), password.encode())
        except PasswordFileError as error:
            log.error("nut.users.%s: %s", username, error)
            return False
