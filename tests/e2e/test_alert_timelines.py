"""Live at any speed: the alerts of a run are those of a backtest, byte for byte (issue 15.1).

A few scenarios stand for all here; ``tests/unit/alerter/test_timelines.py`` plays every one of them in this process.
With ``UPSKEEP_ALL_SPEEDS=1`` (``make timelines``) every scenario is played live, as fast as it goes and at every speed
that ends within ten minutes, and every recording.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from services.sensor_reader.adapters.simulated.scenarios import SCENARIOS
from tests.support import live_suite
from tests.support.alerter_timelines import backtest_timeline, live_timeline, write_recording
from tests.support.live_suite import Live
from tests.unit.alerter.test_recordings import SHARPER

LONGEST_S = 600.0
ALL = os.environ.get("UPSKEEP_ALL_SPEEDS") == "1"
SOME = [("outage", "max"), ("outage", "60"), ("brownout", "max"), ("flapping_mains", "60"), ("dead_chip", "max")]
RECORDINGS = ["ups_hat_discharge_2021.csv", *(["room_climate_2015.csv"] if ALL else [])]


def speeds() -> list[tuple[str, str]]:
    if not ALL:
        return SOME
    slower = [
        (name, str(speed))
        for name, script in SCENARIOS.items()
        for speed in (60, 10, 1)
        if script.lasts_s / speed <= LONGEST_S
    ]
    return [(name, "max") for name in SCENARIOS] + slower


def play_at(folder: Path, file: Path, speed: str, **more: object) -> Live:
    options = ("--source", f"recording:{file}", "--speed", speed, "--exit-when-done", "--json")
    return Live(folder, *options, broker="embedded", **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "speed"), speeds())
def test_a_scenario_gives_the_timeline_of_its_backtest(name, speed, tmp_path, live, monkeypatch):
    """State rules included: what they see is an ordered stream, and not whatever was retained when somebody looked."""
    monkeypatch.setattr(live_suite, "DEADLINE_S", live_suite.DEADLINE_S + LONGEST_S)
    file = write_recording(name, tmp_path / f"{name}.jsonl")
    run = live(play_at, file, speed)
    run.result()
    assert lines(backtest_timeline(file, {})) == lines(live_timeline(run.data))


@pytest.mark.recordings
@pytest.mark.parametrize("name", RECORDINGS)
def test_a_recording_gives_the_timeline_of_its_backtest(name, recording, live, monkeypatch):
    """With limits sharp enough that something fires."""
    monkeypatch.setattr(live_suite, "DEADLINE_S", live_suite.DEADLINE_S + LONGEST_S)
    run = live(play_at, recording(name), "max", environ=SHARPER)
    run.result()
    expected = backtest_timeline(recording(name), SHARPER)
    assert expected
    assert lines(expected) == lines(live_timeline(run.data))


def lines(timeline):
    return "".join(json.dumps(row) + "\n" for row in timeline)
