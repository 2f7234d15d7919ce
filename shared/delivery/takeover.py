"""Two processes under one name: the one that was there first stays, the newcomer ends with a sentence.

A broker lets one client have a client id, and hands a session over to whoever connects last. Rules:
1. A process whose connection has stood for ``STEADY_S`` belongs here: thrown out, it logs that and connects again.
2. A newcomer that is thrown out ends. Over MQTT 5 a broker can say so (0x8E, session taken over); Mosquitto 2.0.11
   does not.
3. Where a broker does not say so, the retained status does: each process writes its own ``instance`` into it. If
   another one that is online stands there on ``NEWER`` connections of a newcomer whose own was confirmed before, each
   time newer than the last, somebody else is at work. Of processes that died it may be found once or twice: a broker
   that died comes back with what it had saved, and what was on its way when they died arrives late. Their wills say
   nothing.
4. Where a broker gives a session no retained message again (the embedded one), the fight itself says it: ``FIGHTS``
   connections of a newcomer that each stood and ended within ``SHORT_S``. Over MQTT 5 the retained status comes with
   each (rule 3), and such connections are a network that comes and goes.
"""

from __future__ import annotations

import logging
import secrets
from datetime import datetime

from shared.messages import Status

log = logging.getLogger(__name__)

STEADY_S = 10.0
SHORT_S = 2.0
FIGHTS = 5
NEWER = 3
LOG_AGAIN_S = 60.0


class NameInUseError(RuntimeError):
    """Another process at this broker uses the name, and was there first; says what to do."""


class Takeover:
    """What one process knows of others under its name. ``count``: how often its session was taken over."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.instance = secrets.token_hex(6)
        self.count = 0
        self._since: float | None = None
        self._finds_status = False  # whether this connection brings the retained status
        self._steady = False
        self._short = 0
        self._confirmed = False  # on this connection
        self._was_confirmed = False  # on an earlier one
        self._found: datetime | None = None  # when another process wrote the status that was found last
        self._newer = 0  # how often one was found that was newer
        self._logged = float("-inf")

    def connected(self, now: float, *, finds_status: bool = False) -> None:
        """A connection stands; ``finds_status``: it brings the retained status, in a session that was there too."""
        self._since, self._finds_status = now, finds_status

    @property
    def is_confirmed(self) -> bool:
        """Whether the broker has this process's own status, since this connection began."""
        return self._confirmed

    def status_confirmed(self) -> None:
        """The broker has this process's own status."""
        self._confirmed = True

    def disconnected(self, now: float, *, taken_over: bool) -> None:
        """The connection ended; raises NameInUseError for a newcomer whose session was taken over."""
        self._steady = self._is_steady(now)
        short = self._since is not None and now - self._since < SHORT_S and not self._finds_status
        self._short = 0 if self._steady else self._short + short
        self._since = None
        self._was_confirmed |= self._confirmed
        self._confirmed = False
        if taken_over or self._short >= FIGHTS:
            self._note(now)

    def read_own_status(self, status: Status, now: float, *, retained: bool) -> None:
        """A status under the own name has arrived; raises NameInUseError for a newcomer where another wrote it."""
        foreign = status.instance is not None and status.instance != self.instance and status.state == "online"
        if not foreign or not retained:
            return
        found, self._found = self._found, status.time
        if status.time is not None and found is not None and status.time > found:
            self._newer += 1
            if self._newer >= NEWER and self._was_confirmed and not self._confirmed:
                self._note(now)

    def _is_steady(self, now: float) -> bool:
        return self._steady or (self._since is not None and now - self._since > STEADY_S)

    def _note(self, now: float) -> None:
        self.count += 1
        if not self._is_steady(now):
            raise NameInUseError(
                f"another process at this broker is called {self.name} and was there first: stop one of the two, or "
                "give this one a name of its own in its configuration"
            )
        if now - self._logged >= LOG_AGAIN_S:
            self._logged = now
            log.error(
                "another process has taken over the MQTT session of %s (%d times so far): two run under one name, or "
                "somebody else uses its client id; this one connects again",
                self.name,
                self.count,
            )
