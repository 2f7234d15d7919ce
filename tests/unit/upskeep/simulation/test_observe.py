"""The real recording of a room, driven through the law in Observe: a log of decisions."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shared.climate.room import air_of
from shared.climate.room_presets import PRESETS
from upskeep.simulation.observe import compare, observe
from upskeep.simulation.recording import Row, begins, read

COMPARED = Path(__file__).parents[3] / "golden" / "climate" / "room_climate_2015.compare.txt"
GOLDEN = Path(__file__).parents[3] / "golden" / "climate" / "room_climate_2015.observe.txt"


@pytest.mark.recordings
def test_the_decisions_on_a_real_room_are_the_golden_ones(recording: Callable[[str], Path]) -> None:
    """A week of an office that is far drier than its target; UPSKEEP_GOLDEN=write writes them anew."""
    path = recording("room_climate_2015.csv")
    zone = PRESETS["room"].zone.model_copy(update={"target_kpa": 1.8, "max_age_s": 120.0})

    log = "".join(f"{line}\n" for line in observe("office", zone, {}, read(path), begins(path)))

    if os.environ.get("UPSKEEP_GOLDEN") == "write":
        GOLDEN.write_text(log, encoding="utf-8")
    assert GOLDEN.read_text(encoding="utf-8") == log


@pytest.mark.recordings
def test_another_target_would_have_commanded_this(recording: Callable[[str], Path]) -> None:
    """The same week at 1.8 and 1.4 kPa: where they differ, from when to when, and for how long in all."""
    path = recording("room_climate_2015.csv")
    zone = PRESETS["room"].zone.model_copy(update={"target_kpa": 1.8, "max_age_s": 120.0})
    other = zone.model_copy(update={"target_kpa": 1.4})

    log = "".join(f"{line}\n" for line in compare("office", zone, other, {}, read(path), begins(path)))

    if os.environ.get("UPSKEEP_GOLDEN") == "write":
        COMPARED.write_text(log, encoding="utf-8")
    assert COMPARED.read_text(encoding="utf-8") == log


def test_a_target_compared_with_itself_changes_nothing() -> None:
    """Only the sums are printed."""
    begin = datetime(2026, 1, 1, 12, tzinfo=UTC)
    rows = [Row(30.0 * n, air_of(25, 60), 60.0, None, {}) for n in range(20)]
    zone = PRESETS["room"].zone
    lines = list(compare("tent", zone, zone, {}, rows, begin))
    assert [each.name for each in zone.actuators] == [line.split(":")[0] for line in lines]
    assert all("elsewhere for 0.0 h" in line for line in lines)
