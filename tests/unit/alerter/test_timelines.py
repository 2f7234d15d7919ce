"""One timeline for every scenario, however it is batched; docs/alert-timelines.md has them all (issue 15.1).

``UPSKEEP_GOLDEN=write`` writes the page's table anew; then read the difference.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from services.sensor_reader.adapters.simulated.scenarios import SCENARIOS
from tests.support.alerter_timelines import START, Timeline, backtest_timeline, table, write_recording

PAGE = Path(__file__).parents[3] / "docs" / "alert-timelines.md"
BEGIN, END = "<!-- timelines: begin -->\n", "<!-- timelines: end -->\n"
SHORT = ("outage", "brownout", "flapping_mains", "i2c_faults", "dead_chip")


@cache
def timeline(name: str, batch: int = 500) -> Timeline:
    with TemporaryDirectory() as folder:
        return backtest_timeline(write_recording(name, Path(folder) / f"{name}.jsonl"), {}, batch)


def test_the_page_has_the_timeline_of_every_scenario() -> None:
    """As a backtest gives it, and so a live run at any speed."""
    fresh = table([(name, timeline(name), START) for name in SCENARIOS])
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    if os.environ.get("UPSKEEP_GOLDEN") == "write":
        PAGE.write_text(f"{before}{BEGIN}\n{fresh}\n{END}{after}", encoding="utf-8")
    assert f"{before}{BEGIN}\n{fresh}\n{END}{after}" == PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("batch", [1, 7, 100])
@pytest.mark.parametrize("name", SHORT)
def test_how_many_frames_come_at_once_changes_nothing(name: str, batch: int) -> None:
    """A live run is a run in batches of any size, with event time told at any moment."""
    assert timeline(name) == timeline(name, batch)


def test_an_outage_of_75_seconds_fires_after_a_minute_and_resolves() -> None:
    """At speed 60 there was no alert, at full speed RESOLVED without FIRING."""
    rows = [(row["rule"], row["state"]) for row in timeline("outage")]
    assert [("on_battery", state) for state in ("pending", "firing", "resolved")] == rows
