"""What the host shows of itself."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from services.sensor_reader.adapters.machine.vitals import LinuxVitals, throttled
from services.sensor_reader.core.polling.device import VitalsPart
from services.sensor_reader.core.ports import PortError, Ports
from shared.quantities import FACTS, QUANTITIES


def put(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


def test_uptime_and_load_are_the_kernels(tmp_path: Path) -> None:
    """Seconds, and the mean of a minute."""
    put(tmp_path, "proc/uptime", "350735.47 234388.90\n")
    put(tmp_path, "proc/loadavg", "0.20 0.18 0.12 1/80 11206\n")

    assert {"uptime": 350735.47, "load_average": 0.2} == LinuxVitals(tmp_path).read()


@pytest.mark.parametrize("platform", ["soc/soc:firmware", "soc@107c000000/soc@107c000000:firmware"])
def test_a_pi_tells_of_its_supply(tmp_path: Path, platform: str) -> None:
    """In hexadecimal without 0x, on a Pi 5 in another folder. Here: too little voltage now, throttled before."""
    put(tmp_path, f"sys/devices/platform/{platform}/get_throttled", "40001\n")
    values = LinuxVitals(tmp_path).read()

    assert {"under_voltage", "throttled_since_boot"} == {name for name, value in values.items() if value}
    assert 8 == len(values)


@pytest.mark.parametrize(("bits", "name"), [
    (1 << 0, "under_voltage"), (1 << 1, "frequency_capped"), (1 << 2, "throttled"), (1 << 3, "too_warm"),
    (1 << 16, "under_voltage_since_boot"), (1 << 17, "frequency_capped_since_boot"),
    (1 << 18, "throttled_since_boot"), (1 << 19, "too_warm_since_boot"),
])  # fmt: skip
def test_each_bit_is_one_fact(bits: int, name: str) -> None:
    """As vcgencmd get_throttled is documented; other bits say nothing."""
    assert {name} == {fact for fact, value in throttled(bits | 1 << 4 | 1 << 20).items() if value}
    assert throttled(0).keys() <= FACTS.keys()


def test_the_disk_is_that_of_the_data(tmp_path: Path) -> None:
    """What this user may still write, also before the folder is there."""
    values = LinuxVitals(tmp_path, tmp_path / "not" / "yet").read()
    disk = os.statvfs(tmp_path)

    assert values["disk_free"] == pytest.approx(100 * disk.f_bavail / disk.f_blocks, abs=1)
    assert values["disk_free_bytes"] == pytest.approx(disk.f_bavail * disk.f_frsize, rel=0.02)
    assert values.keys() <= QUANTITIES.keys()


def test_a_machine_that_shows_nothing_gives_nothing(tmp_path: Path) -> None:
    """No file, no value, no error."""
    assert {} == LinuxVitals(tmp_path).read()


@pytest.mark.parametrize(("path", "text"), [("proc/uptime", ""), ("proc/loadavg", "much\n")])
def test_a_file_that_makes_no_sense_is_an_error_that_names_it(tmp_path: Path, path: str, text: str) -> None:
    """It is there, so it should be right."""
    put(tmp_path, path, text)

    with pytest.raises(PortError, match=path):
        LinuxVitals(tmp_path).read()


def test_the_part_gives_what_there_is(tmp_path: Path) -> None:
    """And says so where the machine shows nothing at all."""
    put(tmp_path, "proc/uptime", "12.5 3\n")

    assert {"uptime": 12.5} == VitalsPart().read(Ports(vitals=LinuxVitals(tmp_path))).values
    with pytest.raises(PortError, match="shows nothing of its own state"):
        VitalsPart().read(Ports())
