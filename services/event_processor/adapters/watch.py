"""The suite as the processor sees it: who is there, and how it does, told as events."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from services.event_processor.core.latch import stamp
from services.event_processor.core.pipeline.health import Vitals, examine
from services.event_processor.core.pipeline.presence import Known, Presence, heard, interrupted, settle
from services.event_processor.core.pipeline.rules import Monitoring, Queue
from shared.ledger import Ledger
from shared.messages import Status

HEALTH, STARTED = "system.health.check", "system.lifecycle.started"
TOLD = {"offline": "system.service.offline", "online": "system.service.online"}
KEPT_PRESENCE, KEPT_STARTS = "presence", "starts"


class Tell(Protocol):
    """Tells an event of the processor's own."""

    def __call__(self, event_type: str, cause: str, data: Mapping[str, Any], time: datetime | None = None) -> None:
        """The same ``cause`` is the same event."""


class Watch:
    """All calls belong inside the batch's transaction. ``epoch`` is the ledger's life: ids follow from it."""

    def __init__(self, rules: Monitoring, ledger: Ledger, epoch: str, tell: Tell, wall: Callable[[], datetime]) -> None:
        self._rules = rules
        self._ledger = ledger
        self._epoch = epoch
        self._tell = tell
        self._wall = wall
        self._known: Known = _load(ledger.get(KEPT_PRESENCE))
        self._ordinal = 0
        self._next_s: float | None = None
        self.begun = False
        self.states: dict[str, str] = {}

    def begin(self, now_s: float, data: Mapping[str, Any]) -> None:
        """The process has started: tell it, once."""
        if self.begun:
            return
        self.begun = True
        self._known = interrupted(self._known, now_s)
        self._next_s = now_s + self._rules.health_every_s if self._rules.health_every_s else None
        self._ordinal = int(self._ledger.get(KEPT_STARTS) or b"0") + 1
        self._ledger.put(KEPT_STARTS, str(self._ordinal).encode())
        if self._rules.started:
            self._tell(STARTED, f"{self._epoch}/{self._ordinal}", {**data, "startup_time": stamp(self._wall())})

    def hear(self, status: Status, now_s: float) -> None:
        """Take a life sign."""
        if len(self.states) < 1000 or status.service in self.states:
            self.states[status.service] = status.state
        if self._rules.presence:
            self._known = heard(self._known, status.service, status.state, status.epoch, now_s)

    def look(self, now_s: float, connected: bool, vitals: Callable[[], Vitals], queue: Queue) -> None:
        """Tell the changes that have lasted, and the health when it is due."""
        if not connected:
            self._known = interrupted(self._known, now_s)
        else:
            self._settle(now_s)
        if self._next_s is not None and now_s >= self._next_s:
            self._next_s = now_s + self._rules.health_every_s
            cause = f"{self._epoch}/{self._ordinal}/{now_s:.6f}"
            self._tell(HEALTH, cause, self.check(vitals(), queue))

    def check(self, vitals: Vitals, queue: Queue) -> dict[str, Any]:
        """Return the health now, as the event and the answer have it."""
        every_s = self._rules.health_every_s
        following = {"next_check": stamp(self._wall() + timedelta(seconds=every_s))} if every_s else {}
        return {**examine(vitals, queue), **following}

    def _settle(self, now_s: float) -> None:
        known, changes = settle(self._known, self._rules.presence_dwell_s, now_s)
        if known is self._known:
            return
        self._known = known
        self._ledger.put(KEPT_PRESENCE, _dump(known))
        for change in changes:
            data = {"service": change.service, "epoch": change.epoch, "change": change.ordinal}
            cause = f"{change.service}|{change.epoch}|{change.to}|{self._epoch}|{change.ordinal}"
            self._tell(TOLD[change.to], cause, {key: value for key, value in data.items() if value is not None})

    def wait_s(self, now_s: float) -> float:
        """How long until something here may be due."""
        until_health = 10.0 if self._next_s is None else max(0.0, self._next_s - now_s)
        return min(until_health, 1.0)


def _dump(known: Known) -> bytes:
    return json.dumps({name: [each.told, each.changes, each.epoch] for name, each in known.items()}).encode()


def _load(kept: bytes | None) -> Known:
    rows = json.loads(kept or "{}")
    return {
        name: Presence(told, changes, epoch, sign=told or "online") for name, (told, changes, epoch) in rows.items()
    }


def disk(path: str) -> tuple[int | None, int | None]:
    """Return (bytes of the ledger with its log, bytes free on its disk); None where there is no file."""
    if path == ":memory:":
        return None, None
    files = (Path(path), Path(f"{path}-wal"))
    used = sum(file.stat().st_size for file in files if file.exists())
    return used, shutil.disk_usage(Path(path).parent).free
