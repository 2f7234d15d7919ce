"""A burst of events that lead to further events."""

from __future__ import annotations

import threading
import time
from collections import Counter
from pathlib import Path

from services.event_processor.adapters.handler_scheduler import HandlerScheduler
from services.event_processor.adapters.plugins import PluginCall
from shared.messages import Candidate
from tests.support.event_flow import events_of, planned, processor
from tests.support.scenarios import START
from tests.unit.event_processor.test_work import Clocks


def test_ten_thousand_events_and_what_they_lead_to_neither_block_nor_grow(tmp_path: Path):
    """A11.8: a plug-in answers each event with another, and all of them are told."""
    plan = planned(
        {
            "longest_chain": 1,
            "queue": {"most": 25_000},
            "handlers": {"echo": {"kind": "plugin", "entry_point": "x", "timeout_s": 300}},
            "routes": [{"types": ["device.error"], "handlers": ["echo"]}],
        }
    )
    echo = PluginCall(lambda *_: [{"type": "device.error", "time": START.isoformat()}], {})
    with processor(plan, str(tmp_path / "ledger.sqlite")) as (handler, ledger, outlet):
        clocks = Clocks()
        scheduler = HandlerScheduler(
            plan.rules, {"echo": echo}, handler.work, clocks, lambda *_: None, lambda: None, lambda: 1.0
        )
        with ledger.transaction():
            for number in range(10_000):
                handler.offer("burst", Candidate(type="device.error", id=str(number), time=START), "-", b"{}")
            handler.flush()
        threads, deadline = 0, time.monotonic() + 240
        while handler.work.waiting:
            assert time.monotonic() < deadline
            with ledger.transaction():
                for each in scheduler.work():
                    handler.derive(each.handler, each.candidate, each.depth)
                handler.flush()
            threads = max(threads, threading.active_count())
        depths = Counter(told.metadata.get("depth", 0) for told in events_of(outlet))

    assert {0: 10_000, 1: 10_000} == depths
    assert 10_000 == len(outlet.rejected)  # a second link would be one too many
    assert threads <= 3
