"""The simulator's faults: each ends in the right quality and the right number of errors, and passes."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from services.sensor_reader.adapters.simulated.fault_scenarios import FAULTS
from services.sensor_reader.adapters.sources.open_source import Options, SourceError, open_source
from services.sensor_reader.settings import load
from shared.messages import Frame, Quality
from tests.unit.sensor_reader.test_simulation import played

CONFIG = Path(__file__).parents[3] / "config"


def told(frames: list[Frame]) -> tuple[dict[str, int], dict[str, int]]:
    """Return how many frames have which quality, and how many polls an error of which code."""
    codes = Counter(code for frame in frames for code in {error.code for error in frame.errors})
    return Counter(frame.quality.value for frame in frames), codes


@pytest.mark.parametrize(("name", "board", "quality", "codes"), [
    # a mains line answers on: suspect, and polled every second; without one: bad, and asked after 1, 2, 4 … 30 s
    ("dead_chip", "geekworm_x1201", {"good": 90, "suspect": 180}, {"nack": 180}),
    ("dead_chip", "waveshare_ups_hat_b", {"good": 89, "bad": 10}, {"nack": 10}),
    ("stuck_bus", "geekworm_x1201", {"good": 90, "suspect": 60}, {"timeout": 60}),
    ("stuck_bus", "waveshare_ups_hat_b", {"good": 89, "bad": 6}, {"timeout": 6}),
    ("crc_storm", "pijuice", {"good": 89, "bad": 5}, {"crc": 5}),
    ("lying_register", "geekworm_x1201", {"good": 120}, {"implausible": 22}),
    ("torn_words", "pisugar_3", {"good": 190}, {}),
    ("frozen_gauge", "geekworm_x1201", {"good": 779, "suspect": 101}, {"frozen": 101}),
    ("frozen_gauge", "waveshare_ups_hat_b", {"good": 779, "stale": 101}, {"frozen": 101}),
])  # fmt: skip
def test_a_fault_has_the_quality_and_the_errors_it_deserves(
    name: str, board: str, quality: dict[str, int], codes: dict[str, int]
) -> None:
    """And what a retry hides has none."""
    assert (quality, codes) == told(played(name, board=board))


@pytest.mark.parametrize("name", [script.name for script in FAULTS])
def test_no_fault_moves_the_battery(name: str) -> None:
    """Two values in a row are of one battery: as far apart as the return of the mains lifts it, and no farther."""
    volts = [float(v) for frame in played(name) if (v := frame.values.get("battery_voltage")) is not None]

    assert max(abs(after - before) for before, after in pairwise(volts)) < 0.25
    assert min(volts) > 3.8


@pytest.mark.parametrize("name", [script.name for script in FAULTS])
def test_when_the_fault_is_over_the_reader_goes_on_by_itself(name: str) -> None:
    """A held bus needs nine clocks, which no userspace can give; what can be done is to ask again, and be there."""
    assert {Quality.GOOD} == {frame.quality for frame in played(name)[-30:]}


def test_a_scenario_brings_its_board_unless_that_has_another_battery() -> None:
    """event_processor takes cells from simulation.board: a storm on one cell must not look like half an empty pack."""
    fine = open_source("sim:crc_storm", load(CONFIG, {}), Options(), lambda _: None, 0.0)
    two_cells = load(CONFIG, {"UPSKEEP_SENSOR_READER__SIMULATION__BOARD": "waveshare_ups_hat_b"})

    assert fine.notes[0].startswith("playing the simulated scenario crc_storm on the board pijuice: bits flip")
    with pytest.raises(SourceError, match=r"whose battery is another; set simulation.board to pijuice"):
        open_source("sim:crc_storm", two_cells, Options(), lambda _: None, 0.0)
