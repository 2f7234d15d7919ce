"""The real recording of a room, driven through the law in Observe: a log of decisions."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.climate.room_presets import PRESETS
from upskeep.simulation.observe import observe
from upskeep.simulation.recording import begins, read

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
