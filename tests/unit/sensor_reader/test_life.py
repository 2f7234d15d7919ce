"""Start and stop: what is told, and what a crash is not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.sensor_reader.core.life import Life, started, stopped

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(("before", "clean"), [
    (None, True),
    (Life("boot-1", running=False), True),
    (Life("boot-2", running=False), True),
    (Life("boot-1", running=True), False),
])  # fmt: skip
def test_a_start_says_whether_the_run_before_ended_well(before: Life | None, clean: bool) -> None:
    """A run of an earlier boot that never stopped was cut off: not clean."""
    frame = started(before, "boot-2", NOW)

    assert frame is not None
    assert {"lifecycle": "started", "clean": clean, "boot_id": "boot-2"} == frame.values


def test_the_restart_after_a_crash_is_not_told() -> None:
    """Same boot, still marked as running: the service crashed, the system did not start."""
    assert started(Life("boot-2", running=True), "boot-2", NOW) is None


def test_a_stop_is_told_by_the_device_system() -> None:
    """The frame that becomes SYSTEM_SHUTDOWN."""
    frame = stopped("boot-2", NOW)

    assert (frame.device, frame.values) == ("system", {"lifecycle": "stopped", "boot_id": "boot-2"})


def test_a_life_survives_the_ledger() -> None:
    """to_json and from_json are inverses."""
    life = Life("boot-1", running=True)

    assert life == Life.from_json(life.to_json())
