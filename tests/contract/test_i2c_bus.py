"""One contract, two buses: the simulated one, and the kernel's through smbus2 (in a guest, on i2c-stub)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from services.sensor_reader.adapters.simulated.bus import SimulatedBus
from tests.support.i2c.observe import CONTRACT, GAUGE, GAUGE_BYTES, MONITOR, MONITOR_WORDS, observe
from upskeep.first_start.write import difference, try_out

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.timeout(1500)  # the guest may have to be booted twice


@pytest.fixture
def guest(seen_in_guest: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What ``tests/support/i2c/in_guest.py`` saw in a guest whose kernel has an I2C bus."""
    return seen_in_guest["i2c"]


@pytest.fixture(params=["simulated", pytest.param("kernel", marks=pytest.mark.i2c)])
def outcomes(request: pytest.FixtureRequest) -> dict[str, object]:
    """The contract's outcomes over each bus."""
    if request.param == "kernel":
        seen: dict[str, object] = request.getfixturevalue("guest")["contract"]
        return seen
    bus = SimulatedBus()
    bus.load(
        GAUGE, {0x02 + at: int.from_bytes(GAUGE_BYTES[at : at + 2], "big") for at in range(0, len(GAUGE_BYTES), 2)}
    )
    bus.load(MONITOR, MONITOR_WORDS, stride=1)
    return observe(bus)


def test_the_bus_does_what_every_bus_must(outcomes: dict[str, object]) -> None:
    """Byte order, blocks, an absent chip is a NACK, and a failure does not spoil the next read."""
    assert {name: expected for name, (_, expected) in CONTRACT.items()} == outcomes


@pytest.mark.i2c
def test_a_poll_over_the_kernels_bus_gives_the_golden_values(guest: dict[str, Any]) -> None:
    """The driver, through smbus2 and a real /dev/i2c-0, reads what the dumps say."""
    frame = guest["frame"]

    assert frame["values"] == {"battery_voltage": 3.6225, "state_of_charge": 35.05859375,
            "output_voltage": 4.112, "output_current": -0.05, "output_power": 0.0}  # fmt: skip
    assert frame["registers"] == {"max17040.vcell": 0xB520, "max17040.soc": 0x230F, "ina219.shunt": 0xFE0C,
            "ina219.bus": 0x2022}  # fmt: skip
    assert (frame["quality"], frame["errors"]) == ("good", [])


@pytest.mark.i2c
def test_a_chip_that_is_gone_leaves_the_others_readable_on_the_kernels_bus(guest: dict[str, Any]) -> None:
    """One error, a NACK; the frame is suspect and holds the rest."""
    frame = guest["with a chip gone"]

    assert [(error["code"], error["chip"]) for error in frame["errors"]] == [("nack", "ina219@0x11")]
    assert (frame["quality"], frame["values"]["battery_voltage"]) == ("suspect", 3.6225)


@pytest.mark.i2c
def test_a_missing_bus_is_explained(guest: dict[str, Any]) -> None:
    """What is missing, and what to do."""
    assert guest["missing bus"] == (
        "bus: at 0x36: /dev/i2c-7: there is no such bus; switch I2C on (raspi-config, or dtparam=i2c_arm=on),"
        " or pass the device into the container"
    )


@pytest.mark.i2c
def test_a_bus_has_one_reader(guest: dict[str, Any]) -> None:
    """A second reader is turned away until the first is gone."""
    assert "another sensor_reader already reads this bus" in guest["second reader"]
    assert guest["after the first has closed"] == "read 0xb520"


@pytest.mark.i2c
def test_a_scan_of_the_kernels_bus_finds_both_chips_and_says_how_sure_it_is(guest: dict[str, Any]) -> None:
    """The gauge by its version; the monitor by its address alone; and what to paste."""
    found = {each["address"]: each for each in guest["scan"]}

    assert {GAUGE, MONITOR} == set(found)
    assert (True, True) == (found[GAUGE]["certain"], "max17040" in found[GAUGE]["kinds"])
    assert (False, True) == (found[MONITOR]["certain"], "ina219" in found[MONITOR]["kinds"])
    assert "board: geekworm_x1201, bus: 0" in guest["scan for a person"]


@pytest.mark.i2c
def test_auto_takes_the_hardware_when_it_answers(guest: dict[str, Any]) -> None:
    """The shipped board's gauge answers, so nothing is simulated; its version fits; the mains line is missed."""
    name, chosen, *rest = guest["auto"]

    assert (name, chosen) == ("i2c", "source auto: reading the hardware: ups (max17043@0x36) answers")
    assert any("ac_present is left out" in said for said in rest)
    assert not any("VERSION" in said for said in rest)
    assert any('"battery_voltage":3.6225' in said for said in rest)


@pytest.mark.i2c
def test_a_run_of_the_reader_reads_two_chips_every_second_and_asks_for_the_third_less_and_less(
    guest: dict[str, Any],
) -> None:
    """Over the kernel's bus, in real time: the values of the dumps, one nack a failed poll, a start and a stop."""
    run = guest["run"]
    by_device: dict[str, list[dict[str, Any]]] = {}
    for frame in run["frames"]:
        by_device.setdefault(frame["device"], []).append(frame)

    assert ["started", "stopped"] == [frame["values"]["lifecycle"] for frame in by_device["system"]]
    assert {3.6225} == {frame["values"]["battery_voltage"] for frame in by_device["ups"]}
    assert {(4.112, -0.05)} == {
        (frame["values"]["output_voltage"], frame["values"]["output_current"]) for frame in by_device["rail"]
    }
    assert {"good"} == {frame["quality"] for frame in (*by_device["ups"], *by_device["rail"])}
    assert min(len(by_device["ups"]), len(by_device["rail"])) >= 15
    assert [["nack"]] * len(by_device["gone"]) == [[e["code"] for e in frame["errors"]] for frame in by_device["gone"]]
    assert 4 <= len(by_device["gone"]) <= 6
    assert run["figures"]["errors"] == len(by_device["gone"])
    assert any("gone" in note for note in run["notes"])


@pytest.mark.i2c
def test_init_offers_the_board_that_fits_what_the_kernels_bus_holds(guest: dict[str, Any]) -> None:
    """A gauge at its address is a board's; the monitor beside it needs its wiring, and is left to a person."""
    lines = guest["init"]["output"].splitlines()

    assert "+source: i2c" in lines
    assert "+    bus: 0" in lines
    texts = {"sensor_reader": guest["init"]["sensor_reader"]}
    assert [line for line in lines if line[:1] in "+-" and line] == difference(ROOT / "config", texts)[1:]
    try_out(ROOT / "config", texts, {})
