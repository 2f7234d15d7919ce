"""The suite as event_processor sees it: which services are online, and its own health, as events to emit."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from services.event_processor.core.device.latch import stamp
from services.event_processor.core.pipeline.health import Vitals, examine
from services.event_processor.core.pipeline.presence import Known, Presence, interrupted, report_changes, take_sign
from services.event_processor.core.pipeline.rules import Monitoring, Queue
from shared.ledger import Ledger
from shared.messages import Status

HEALTH, STARTED = "system.health.check", "system.lifecycle.started"
STOPPED, CHANGED = "system.lifecycle.stopped", "system.config.changed"
PRESENCE_EVENTS = {"offline": "system.service.offline", "online": "system.service.online"}
KEPT_PRESENCE, KEPT_STARTS, KEPT_DIGESTS = "presence", "starts", "config_digests"
MOST_SERVICES = 1000


@dataclass(frozen=True, slots=True)
class OwnEvent:
    """An event that the processor makes without a frame or an offer. The same ``cause`` is the same event."""

    type: str
    cause: str
    data: Mapping[str, Any] = field(default_factory=dict)


class SuiteMonitor:
    """All calls belong inside the batch's transaction. ``epoch`` is the ledger's life: ids follow from it."""

    def __init__(
        self,
        rules: Monitoring,
        queue: Queue,
        ledger: Ledger,
        epoch: str,
        wall: Callable[[], datetime],
        monotonic: Callable[[], float],
    ) -> None:
        self._rules = rules
        self._queue = queue
        self._ledger = ledger
        self._epoch = epoch
        self._wall = wall
        self._monotonic = monotonic
        self._known: Known = _load(ledger.get(KEPT_PRESENCE))
        self._ordinal = 0
        self._next_s: float | None = None
        self.begun = False
        self.states: dict[str, str] = {}
        self._stopped: list[OwnEvent] = []  # to be emitted with the next batch

    def begin(self, data: Mapping[str, Any]) -> Iterator[OwnEvent]:
        """Count a start of the process, once, and yield its event; ``data`` goes along."""
        if self.begun:
            return
        self.begun = True
        now_s = self._monotonic()
        self._known = interrupted(self._known, now_s)
        self._next_s = now_s + self._rules.health_every_s if self._rules.health_every_s else None
        self._ordinal = int(self._ledger.get(KEPT_STARTS) or b"0") + 1
        self._ledger.put(KEPT_STARTS, str(self._ordinal).encode())
        if self._rules.started:
            yield OwnEvent(STARTED, f"{self._epoch}/{self._ordinal}", {**data, "startup_time": stamp(self._wall())})

    def record_status(self, status: Status) -> None:
        """Record a service's status, or its last will."""
        if status.state == "stopped" and self.states.get(status.service) == "online" and self._rules.presence:
            self._stopped.append(self.stopped(status.service, f"{self._monotonic():.6f}"))
        if len(self.states) < MOST_SERVICES or status.service in self.states:
            self.states[status.service] = status.state
        if self._rules.presence:
            self._known = take_sign(self._known, status.service, status.state, status.epoch, self._monotonic())

    def due_events(self, connected: bool, vitals: Callable[[], Vitals]) -> Iterator[OwnEvent]:
        """Yield the changes of presence that have lasted, and the health when it is due."""
        now_s = self._monotonic()
        while self._stopped:
            yield self._stopped.pop(0)
        if connected:
            yield from self._presence_changes(now_s)
        else:
            self._known = interrupted(self._known, now_s)
        if self._next_s is not None and now_s >= self._next_s:
            self._next_s = now_s + self._rules.health_every_s
            yield OwnEvent(HEALTH, f"{self._epoch}/{self._ordinal}/{now_s:.6f}", self.health(vitals()))

    def stopped(self, service: str, cause: str) -> OwnEvent:
        """Return the event of a service that stopped cleanly."""
        return OwnEvent(STOPPED, f"stopped|{service}|{self._epoch}/{self._ordinal}|{cause}", {"service": service})

    def changed(self, digests: Mapping[str, str]) -> Iterator[OwnEvent]:
        """Yield an event where the files of the configuration differ from those of the start before."""
        kept = self._ledger.get(KEPT_DIGESTS)
        now = json.dumps(dict(sorted(digests.items()))).encode()
        if kept == now:
            return
        self._ledger.put(KEPT_DIGESTS, now)
        if kept is not None:
            before = json.loads(kept)
            changes = sorted(name for name in {*before, *digests} if before.get(name) != digests.get(name))
            data = {"changes": changes, "requires_restart": False}
            yield OwnEvent(CHANGED, f"config|{self._epoch}/{self._ordinal}", data)

    def health(self, vitals: Vitals) -> dict[str, Any]:
        """Return the present health, as data of the event and the answer."""
        every_s = self._rules.health_every_s
        following = {"next_check": stamp(self._wall() + timedelta(seconds=every_s))} if every_s else {}
        return {**examine(vitals, self._queue), **following}

    def _presence_changes(self, now_s: float) -> Iterator[OwnEvent]:
        known, changes = report_changes(self._known, self._rules.presence_dwell_s, now_s)
        if known is self._known:
            return
        self._known = known
        self._ledger.put(KEPT_PRESENCE, _dump(known))
        for change in changes:
            data = {"service": change.service, "epoch": change.epoch, "change": change.ordinal}
            cause = f"{change.service}|{change.epoch}|{change.to}|{self._epoch}|{change.ordinal}"
            kept = {key: value for key, value in data.items() if value is not None}
            yield OwnEvent(PRESENCE_EVENTS[change.to], cause, kept)

    def wait_s(self) -> float:
        """How long until something here may be due, s."""
        until_health = 10.0 if self._next_s is None else max(0.0, self._next_s - self._monotonic())
        return min(until_health, 1.0)


def _dump(known: Known) -> bytes:
    return json.dumps({name: [each.reported, each.changes, each.epoch] for name, each in known.items()}).encode()


def _load(kept: bytes | None) -> Known:
    rows = json.loads(kept or "{}")
    return {
        name: Presence(reported, changes, epoch, sign=reported or "online")
        for name, (reported, changes, epoch) in rows.items()
    }


def disk(path: str) -> tuple[int | None, int | None]:
    """Return (bytes of the ledger with its log, bytes free on its disk); None where there is no file."""
    if path == ":memory:":
        return None, None
    files = (Path(path), Path(f"{path}-wal"))
    used = sum(file.stat().st_size for file in files if file.exists())
    return used, shutil.disk_usage(Path(path).parent).free
