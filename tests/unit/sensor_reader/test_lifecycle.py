"""Start and stop: what is told, and what a crash is not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.sensor_reader.core.lifecycle import BOOT_S, RunRecord, power_was_away, started_frame, stopped_frame
from shared.messages import Frame

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(("before", "clean"), [
    (None, {}),
    (RunRecord("boot-1", running=False), {"clean": True}),
    (RunRecord("boot-2", running=False), {"clean": True}),
    (RunRecord("boot-1", running=True), {"clean": False}),
])  # fmt: skip
def test_a_start_says_whether_the_run_before_ended_well(before: RunRecord | None, clean: dict[str, bool]) -> None:
    """A run of an earlier boot that never stopped was cut off: not clean. The first start has none before it."""
    frame = started_frame(before, "boot-2", NOW)

    assert frame is not None
    assert {"lifecycle": "started", "boot_id": "boot-2", **clean} == frame.values


@pytest.mark.parametrize(("values", "away"), [
    ([{"power_fault": True}], True),            # PiJuice 44h: it cut the power itself
    ([{"power_fault": False}], False),
    ([{"output_run_time": 61.0}], True),        # UPS Plus 24h: its output came with this boot
    ([{"output_run_time": 30.0 + BOOT_S}], True),
    ([{"output_run_time": 31.0 + BOOT_S}], False),  # it has run since before: the host went down by itself
    ([{"battery_voltage": 4.0}, {"output_run_time": 86400.0}, {"power_fault": True}], True),
    ([{"battery_voltage": 4.0}], None),
])  # fmt: skip
def test_boards_know_whether_the_power_was_away(values: list[dict[str, float | bool]], away: bool | None) -> None:
    """Of a host that has been up for 30 s."""
    frames = [Frame(time=NOW, device="ups", values=dict(each)) for each in values]

    assert away is power_was_away(frames, 30.0)


def test_a_running_output_says_nothing_where_the_uptime_is_not_known() -> None:
    """As of what is played."""
    assert power_was_away([Frame(time=NOW, device="ups", values={"output_run_time": 5.0})], None) is None


@pytest.mark.parametrize(("before", "told"), [(RunRecord("boot-1", running=True), True), (None, False)])
def test_only_a_start_that_was_not_clean_tells_of_the_power(before: RunRecord | None, told: bool) -> None:
    """A flag stays until somebody clears it, so after a clean stop it is of another time."""
    frame = started_frame(before, "boot-2", NOW, power_fault=True)

    assert frame is not None
    assert told is ("power_fault" in frame.values)


def test_the_restart_after_a_crash_is_not_reported() -> None:
    """Same boot, still marked as running: the service crashed, the system did not start."""
    assert started_frame(RunRecord("boot-2", running=True), "boot-2", NOW) is None


def test_a_stop_is_reported_by_the_device_system() -> None:
    """The frame that becomes SYSTEM_SHUTDOWN."""
    frame = stopped_frame("boot-2", NOW)

    assert (frame.device, frame.values) == ("system", {"lifecycle": "stopped", "boot_id": "boot-2"})


def test_a_life_survives_the_ledger() -> None:
    """to_json and from_json are inverses."""
    life = RunRecord("boot-1", running=True)

    assert life == RunRecord.from_json(life.to_json())
