"""The real recordings, through the whole chain: the expected timeline of alerts, in files to look at.

``UPSKEEP_GOLDEN=write`` writes them anew; then read the difference.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from upskeep.playback.backtest import backtest

ROOT = Path(__file__).parents[3]
GOLDEN = ROOT / "tests" / "golden" / "alerts"
SHARPER = {  # limits that these recordings pass
    "UPSKEEP_EVENT_COUNTERS__ALERT_THRESHOLDS__BATTERY_LOW__HOURLY": "0",
    "UPSKEEP_ALERTS__RULES__STUFFY": "{compare: {type: sensor.co2, above: 1200, clear: 900, lasts: 10m}, for: 30m}",
    "UPSKEEP_ALERTS__RULES__EMPTY_SOON": (
        "{prediction: {state: '*', field: cell_voltage, reaches: 3.0, within: 30m, over: 30m}, keep_firing_for: 5m}"
    ),
    "UPSKEEP_ALERTS__RULES__SENSOR_SILENT__ABSENCE__AFTER": "90s",
}


@pytest.mark.recordings
@pytest.mark.parametrize("name", ["ups_hat_discharge_2021", "room_climate_2015"])
@pytest.mark.parametrize(("limits", "environ"), [("shipped", {}), ("sharper", SHARPER)])
def test_a_recording_gives_its_timeline(
    name: str, limits: str, environ: dict[str, str], recording: Callable[[str], Path], tmp_path: Path
) -> None:
    """Every change of every alert: nothing with the limits as shipped, and with sharper ones just these."""
    backtest([recording(f"{name}.csv")], ROOT / "config", environ, None, tmp_path / "timeline")
    found = (tmp_path / "timeline").read_text()
    golden = GOLDEN / f"{name}.{limits}.jsonl"
    if os.environ.get("UPSKEEP_GOLDEN") == "write":
        golden.write_text(found)
    assert golden.read_text() == found
