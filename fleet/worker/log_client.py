"""How a client of the log reaches and trusts it, and what librdkafka may write into our own log."""

from __future__ import annotations

import logging
from typing import Any

from fleet.settings import LogSettings, secret

log = logging.getLogger(__name__)
QUIET_S = 60.0
FORM = "%s [%s] %s"  # of librdkafka's lines: their kind, the client, the words


def reach(settings: LogSettings) -> dict[str, Any]:
    """Return librdkafka's settings for servers, encryption and login; raises ConfigError for a secret."""
    found: dict[str, Any] = {
        "bootstrap.servers": settings.servers,
        "security.protocol": settings.protocol,
        "logger": complaints,
    }
    if settings.ca_file is not None:
        found["ssl.ca.location"] = str(settings.ca_file)
    if settings.protocol.startswith("sasl"):
        found["sasl.mechanism"] = settings.mechanism
        found["sasl.username"] = settings.user or ""
        found["sasl.password"] = secret(settings.password_file, "log.password_file") or ""
    return found


class OnceAMinute(logging.Filter):
    """Lets one line of each kind pass in ``QUIET_S``: of a log that is away the client says so twenty times a second.

    A kind is one of librdkafka's few dozen (``FAIL``, ``BRKMAIN`` …), or a message of ours. The next line that passes
    says how many did not.
    """

    def __init__(self) -> None:
        super().__init__()
        self._passed: dict[str, float] = {}
        self._held: dict[str, int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a line passes."""
        kind = str(record.args[0]) if record.msg == FORM and isinstance(record.args, tuple) else str(record.msg)
        last = self._passed.get(kind)
        if last is not None and record.created - last < QUIET_S:
            self._held[kind] = self._held.get(kind, 0) + 1
            return False
        self._passed[kind] = record.created
        if held := self._held.pop(kind, 0):
            record.msg = f"{record.msg} ({held} more of its kind since the last)"
        return True


complaints = logging.getLogger(f"{__name__}.librdkafka")  # of the client, and of ours about it
complaints.addFilter(OnceAMinute())
