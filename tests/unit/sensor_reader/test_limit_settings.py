"""Limits and freezing as the settings say them, from the YAML to the frame."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.sensor_reader.adapters.simulated.bus import SimulatedBus, SimulatedLines
from services.sensor_reader.core.plausibility.limits import SLEW_PER_S, Limit, Plausibility
from services.sensor_reader.core.polling.poll import poll_device
from services.sensor_reader.core.ports import Ports
from services.sensor_reader.settings import load
from shared.messages import Quality
from shared.settings import ConfigError

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
BOARD = (
    "boards: {b: {title: t, cells: 2, chemistry: li_ion, chips: [{chip: max17041, address: 0x36}],"
    " limits: {battery_voltage: {low: 4.8, high: 9.2}, state_of_charge: {slew_per_s: 1}}, frozen_after_s: 300}}"
)


def believed(folder: Path, device: str) -> Plausibility:
    """Return what is believed of a device of the board, with more said for it."""
    (folder / "boards.yaml").write_text(BOARD)
    (folder / "sensor_reader.yaml").write_text(
        f"{{devices: [{{name: d, board: b{device}}}], simulation: {{board: b}}}}"
    )
    return load(folder, {}).devices()[0].plausibility


def test_a_limit_says_what_it_says_and_leaves_the_rest_as_usual(tmp_path: Path) -> None:
    """A range keeps the usual slew of the channel, of all cells in series; a slew keeps the range."""
    plausibility = believed(tmp_path, "")

    assert Limit(4.8, 9.2, 2 * SLEW_PER_S["cell_voltage"]) == plausibility.limit("battery_voltage")
    assert Limit(slew_per_s=1.0) == plausibility.limit("state_of_charge")
    assert Limit(slew_per_s=SLEW_PER_S["board_temperature"]) == plausibility.limit("board_temperature")


def test_what_is_said_for_the_device_goes_before_its_board(tmp_path: Path) -> None:
    """Channel by channel."""
    plausibility = believed(tmp_path, ", limits: {battery_voltage: {low: 5.5}}")

    assert (5.5, float("inf")) == (
        plausibility.limit("battery_voltage").low,
        plausibility.limit("battery_voltage").high,
    )
    assert plausibility.limit("state_of_charge").slew_per_s == 1.0


@pytest.mark.parametrize(("said", "expected"), [("", 300.0), (", frozen_after_s: 45", 45.0),
                                                (", frozen_after_s: never", None)])  # fmt: skip
def test_freezing_is_said_by_device_or_board(tmp_path: Path, said: str, expected: float | None) -> None:
    """In seconds, or never."""
    assert expected == believed(tmp_path, said).frozen_after_s


def test_a_pack_with_another_number_of_cells_is_not_believed(tmp_path: Path) -> None:
    """One cell where the profile says two: 4.1 V is outside, and no half of it becomes a critical cell voltage.

    The rule that guesses cells from the voltage fails between 5 and 6 V (hardware notes §9); here nothing is guessed.
    """
    shipped = load(Path(__file__).parents[3] / "config", {"UPSKEEP_SENSOR_READER__SIMULATION__BOARD": "pipower_3"})
    ups, _ = shipped.simulated(1.0)
    bus = SimulatedBus()
    bus.load(0x5B, {0x00: 0x5014, 0x08: 0x0410, 0x0C: 0x3200})  # 4.1 V at the battery, low byte first
    frame = poll_device(ups, Ports({1: bus}, SimulatedLines()), NOON, bus.wait)

    assert frame is not None
    assert {"battery_voltage", "cell_voltage"}.isdisjoint(frame.values)
    assert (Quality.GOOD, ["implausible"] * 2) == (frame.quality, [error.code for error in frame.errors])
    assert {"battery_voltage", "cell_voltage"} == {error.channel for error in frame.errors}
    assert "battery_voltage 4.1 V is outside 4.8 to 9.2 V" in [error.detail for error in frame.errors]


@pytest.mark.parametrize(("limit", "fault"), [
    ("{low: -8}", "limits.battery_current: -8 A is out of reach; over its shunt the chip shows 3.2 A at most"),
    ("{high: 3.3}", "limits.battery_current: 3.3 A is out of reach; over its shunt the chip shows 3.2 A at most"),
    ("{low: -3.2, high: 3.2}", None),
])  # fmt: skip
def test_a_limit_that_the_chip_can_never_show_is_a_fault_of_the_settings(
    tmp_path: Path, limit: str, fault: str | None
) -> None:
    """An INA219 over 0.1 Ω ends at 3.2 A (geeekpi/upsplus#98): a limit beyond that would never hold."""
    shutil.copy(Path(__file__).parents[3] / "config" / "boards.yaml", tmp_path)
    device = f"{{name: ups, chip: ina219, address: 0x40, shunt_ohm: 0.1, limits: {{battery_current: {limit}}}}}"
    (tmp_path / "sensor_reader.yaml").write_text(f"devices: [{device}]\n")
    if fault is None:
        load(tmp_path, {})
        return
    with pytest.raises(ConfigError, match=re.escape(fault)):
        load(tmp_path, {})
