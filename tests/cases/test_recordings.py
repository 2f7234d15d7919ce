"""Short recordings that once told a wrong story, played by ``upskeep backtest``."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support import processes

ROOT = Path(__file__).resolve().parents[2]
CASES = ROOT.parent / "shared" / "cases"
Events = list[dict[str, Any]]
Play = Callable[..., Events]


@pytest.fixture
def play(tmp_path: Path) -> Play:
    """Return what plays a case: its events, under the shipped configuration or one with ``devices`` of its own."""

    def played(name: str, devices: dict[str, Any] | None = None) -> Events:
        if not (CASES / name).exists():
            pytest.skip("the cases are not beside this checkout (../shared/cases)")
        config = tmp_path / "config"
        shutil.copytree(ROOT / "config", config)
        if devices is not None:
            file = config / "event_processor.yaml"
            file.write_text(yaml.safe_dump({**yaml.safe_load(file.read_text()), "devices": devices}))
        out = tmp_path / "events.jsonl"
        command = [str(Path(sys.executable).parent / "upskeep"), "backtest", str(CASES / name)]
        options = ["--config", str(config), "--out", str(out)]
        processes.run(command + options, check=True, capture_output=True, cwd=ROOT, env=dict(os.environ))
        return [json.loads(line) for line in out.read_text().splitlines()]

    return played


def of(events: Events, event_type: str) -> Events:
    """Return the events of one type."""
    return [event for event in events if event["type"] == event_type]


def test_an_outage_of_ten_hours_seen_once_is_an_outage(play: Play) -> None:
    """Its length is a bound."""
    events = play("blip10h.csv")
    assert (1, 0) == (len(of(events, "AC_POWER_LOSS")), len(of(events, "POWER_BLIP")))


@pytest.mark.parametrize(("name", "outage_s"), [("out75.csv", 75), ("rest2d.csv", 60)])
def test_an_outage_lasts_from_its_begin_to_its_end(play: Play, name: str, outage_s: float) -> None:
    """And not to the frame that confirmed it."""
    (restored,) = of(play(name), "AC_POWER_RESTORED")
    assert outage_s == restored["data"]["outage_s"]


def test_nothing_is_concluded_over_a_silence(play: Play) -> None:
    """A host that was away for five hours while the board drained has a healthy battery."""
    events = play("gap.csv", {"ups": {"cells": 1, "capacity_mah": 5000}})
    assert [] == of(events, "BATTERY_REPLACE")


def test_a_ups_is_no_hat(play: Play) -> None:
    """26.3 V of one that calibrates itself is no overcharged cell."""
    assert [] == of(play("cal.csv"), "OVERVOLTAGE_DETECTED")
