"""A stage for the alerter's plays: rules as YAML, what happens when (in seconds), and what came of it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from services.alerter.adapters.notice_store import NoticeStore
from services.alerter.app import options
from services.alerter.core.rules import Rule
from services.alerter.service import LEDGER_SCHEMA, Alerter
from services.alerter.settings import AlerterSettings, AlertsSettings
from shared.delivery.handler import InMemoryPublisher
from shared.event_counters import EventCountersSettings
from shared.event_text.texts import EventTexts
from shared.jumps import CLOCK_JUMP, Jump
from shared.ledger import Ledger
from shared.messages import Alert, Candidate, Event, Quality, Severity, StateSample, Status
from shared.notices import Notice
from shared.requests import Command
from shared.settings import parse_settings
from tests.support.alerter_times import START

Row = tuple[str, str, float]  # rule/key, state, seconds after the start
_ids = itertools.count()


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def settings(text: str, limits: str = "") -> AlerterSettings:
    alerts = parse_settings(text, "alerts.yaml", "alerts", AlertsSettings, {})
    return AlerterSettings(alerts, parse_settings(limits, "event_counters.yaml", "x", EventCountersSettings, {}))


@dataclass
class Play:
    """One alerter. ``wall`` gives it a clock of its own, which goes on by ``tick``; without, it is paced by events."""

    text: str
    path: Path | str = ":memory:"
    wall: bool = False
    limits: str = ""
    rules: Sequence[Rule] | None = None  # instead of those of the text
    publisher: InMemoryPublisher = field(default_factory=InMemoryPublisher)
    offers: list[Candidate] = field(default_factory=list)
    now_s: float = 0.0
    uptime_s: float = 0.0
    texts: EventTexts = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.open()

    def open(self) -> None:
        made = replace(settings(self.text, self.limits), texts=self.texts)
        self.ledger = Ledger(self.path, LEDGER_SCHEMA)
        how = options(made, by_events=not self.wall)
        rules, clock = self.rules or made.rules(), lambda: after(self.now_s)
        self.alerter = Alerter(rules, self.ledger, self.publisher, how, clock, self.offers.append)
        self.alerter.announce()

    def close(self) -> None:
        self.ledger.close()

    def restart(self) -> None:
        """A new process over the same ledger."""
        self.ledger.close()
        self.open()

    def restart_in_place(self) -> None:
        """A new process over the same ledger, which may be in memory."""
        made = settings(self.text, self.limits)
        how = options(made, by_events=not self.wall)
        self.alerter = Alerter(
            self.rules or made.rules(), self.ledger, self.publisher, how, lambda: after(self.now_s), self.offers.append
        )
        self.alerter.announce()

    # ---- what happens

    def event(self, at_s: float, kind: str, device: str | None = "d1", zone: str | None = None, **data: Any) -> None:
        metadata = {name: data.pop(name) for name in ("replayed", "incident", "offered_by") if name in data}
        self.alerter.apply(
            Event(
                id=data.pop("id", f"e{next(_ids)}"),
                type=kind,
                category="x",
                severity=data.pop("severity", Severity.INFO),
                time=after(at_s),
                site="home",
                device=device,
                zone=zone,
                data=data,
                metadata=metadata,
            )
        )
        self.alerter.flush()

    def state(self, at_s: float, device: str = "d1", quality: str = "good", **known: Any) -> None:
        own = {name: known.pop(name) for name in ("power", "battery", "charging") if name in known}
        self.alerter.apply(StateSample(device=device, time=after(at_s), quality=Quality(quality), values=known, **own))
        self.alerter.flush()

    def service(self, name: str, state: Any) -> None:
        self.alerter.follow(Status(service=name, state=state))
        self.alerter.flush()

    def until(self, at_s: float) -> None:
        self.alerter.advance(after(at_s))
        self.alerter.flush()

    def tick(self, to_s: float, every_s: float = 1.0, connected: bool = True) -> None:
        """Let the wall clock go on, evenly."""
        while self.now_s < to_s:
            passed_s = min(every_s, to_s - self.now_s)
            self.now_s += passed_s
            self.uptime_s += passed_s
            self.alerter.tick(after(self.now_s), self.uptime_s, connected)
            self.alerter.flush()

    def step(self, by_s: float) -> None:
        """The wall clock steps; nothing else changes."""
        self.now_s += by_s

    def jump(self, at_s: float, by_s: float) -> None:
        """The stream tells of a jump."""
        self.event(at_s, CLOCK_JUMP, None, **dict[str, Any](Jump(timedelta(seconds=by_s)).values()))

    def do(self, name: str, by: str = "ann", **data: Any) -> Any:
        command = Command(id=f"c{next(_ids)}", target="alerter", name=name, by=by, data=data)
        came = self.alerter.execute(command)
        self.alerter.flush()
        return came

    # ---- what came of it

    def timeline(self) -> list[Row]:
        rows = self.ledger.db.execute("SELECT alert FROM transition ORDER BY seq")
        alerts = [Alert.model_validate_json(text) for (text,) in rows]
        return [(f"{a.rule}/{a.key}", a.state.value, (a.time - START).total_seconds()) for a in alerts]

    def notices(self) -> list[Notice]:
        return list(reversed(NoticeStore(self.ledger).newest(10_000)))

    def notified(self) -> list[tuple[float, str, int, int]]:
        """When, why, and of how many that fire and have resolved."""
        found = self.notices()
        return [((n.time - START).total_seconds(), n.reason.value, n.firing, n.resolved) for n in found]

    def commands(self) -> list[tuple[str, str, dict[str, Any]]]:
        return [(m.target, m.name, m.data) for m in self.publisher.emitted if isinstance(m, Command)]

    def retained(self, rule: str, key: str) -> Alert | None:
        found = self.publisher.retained.get(f"upskeep/v1/home/alert/{rule}/{key}")
        assert found is None or isinstance(found, Alert)
        return found


def playing(text: str, **more: Any) -> closing[Play]:
    return closing(Play(text, **more))
