"""The host's processor temperature."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.sensor_reader.adapters.machine.host import LinuxHost
from services.sensor_reader.core.ports import PortError


def zone(root: Path, number: int, kind: str, temperature: str) -> None:
    folder = root / "sys/class/thermal" / f"thermal_zone{number}"
    folder.mkdir(parents=True)
    (folder / "type").write_text(kind + "\n")
    (folder / "temp").write_text(temperature)


def test_the_processors_zone_is_found_among_others(tmp_path: Path) -> None:
    """By its type, and in degrees although the kernel counts thousandths."""
    zone(tmp_path, 0, "iwlwifi", "33000\n")
    zone(tmp_path, 1, "cpu-thermal", "48312\n")

    assert LinuxHost(tmp_path).cpu_temperature() == 48.312


def test_a_zone_of_unknown_type_is_better_than_none(tmp_path: Path) -> None:
    """The first zone is taken."""
    zone(tmp_path, 0, "something-new", "40000")

    assert LinuxHost(tmp_path).cpu_temperature() == 40.0


def test_a_machine_without_zones_says_so(tmp_path: Path) -> None:
    """Virtual machines have none."""
    assert not LinuxHost(tmp_path).has_cpu_temperature()
    with pytest.raises(PortError, match="no thermal zone here"):
        LinuxHost(tmp_path).cpu_temperature()


def test_a_zone_that_cannot_be_read_is_an_error_and_no_number(tmp_path: Path) -> None:
    """The file is named."""
    zone(tmp_path, 0, "cpu-thermal", "n/a")

    with pytest.raises(PortError, match="thermal_zone0/temp: invalid literal"):
        LinuxHost(tmp_path).cpu_temperature()
