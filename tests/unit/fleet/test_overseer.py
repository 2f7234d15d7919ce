"""How often the rules over many sites are looked at."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from datetime import UTC, datetime
from unittest.mock import Mock

import pytest

from fleet.settings import FleetSettings
from fleet.store import rule_store, upkeep
from fleet.worker.overseer import Overseer
from shared.clock import Clock


class Stop(threading.Event):
    """Set with the third wait; notes how long each was to be."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout or 0.0)
        if len(self.waits) == 3:
            self.set()
        return self.is_set()


def test_a_look_that_takes_long_is_followed_by_a_longer_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """While an outage of many sites went on, each look read all of its events, every two seconds."""
    seconds = [0.0]
    looks = iter((0.01, 4.0, 0.2))

    def judge(*_: object) -> int:
        seconds[0] += next(looks)
        return 0

    monkeypatch.setattr(rule_store, "lead", lambda _: True)
    monkeypatch.setattr(rule_store, "judge", judge)
    monkeypatch.setattr(upkeep, "keep_bounds", lambda *_: None)
    clock = Clock(wall=lambda: datetime(2026, 11, 30, tzinfo=UTC), monotonic=lambda: seconds[0])
    stop = Stop()

    Overseer(lambda: nullcontext(Mock()), FleetSettings(), clock, stop).run()  # type: ignore[arg-type,return-value]

    assert stop.waits[:3] == pytest.approx([2.0, 36.0, 2.0])
