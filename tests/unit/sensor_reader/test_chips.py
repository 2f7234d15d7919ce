"""Chips: golden vectors (bytes on the wire → values, each with its source) and the known traps."""

from __future__ import annotations

import pytest

from services.sensor_reader.core.chips import CHIPS
from services.sensor_reader.core.chips.mount import Mount
from services.sensor_reader.core.reading import Reading
from tests.support.wires import understood

SHUNT = Mount(shunt_ohm=0.1)

GOLDEN = [
    # kind, mount, words by register, values, source
    ("max17040", Mount(), {"02": "b520 230f"},
     {"battery_voltage": 3.6225, "state_of_charge": 35.05859375}, "dump in davidem/UPS-Lite README"),
    ("max17048", Mount(), {"02": "cd20 4b80", "16": "ffec"},
     {"battery_voltage": 4.1025, "state_of_charge": 75.5, "charge_rate": -4.16}, "decoded alike by adafruit_max1704x"),
    ("ina219", SHUNT, {"01": "fe0c", "02": "2022"},
     {"battery_voltage": 4.112, "battery_current": -0.05, "battery_power": -0.2056}, "as adafruit_ina219"),
    ("ina219", Mount(shunt_ohm=0.01, current_sign=-1), {"01": "fe0c", "02": "2022"},
     {"battery_voltage": 4.112, "battery_current": 0.5, "battery_power": 2.056}, "the same words, Waveshare D wiring"),
    ("ina219", Mount("output", shunt_ohm=0.1), {"01": "01f4", "02": "2722"},
     {"output_voltage": 5.008, "output_current": 0.05, "output_power": 0.2504}, "SBOS448G §8.6.3, by hand"),
    ("max17044", Mount(cells=2), {"02": "b520 230f"},
     {"battery_voltage": 7.245, "state_of_charge": 35.05859375, "cell_voltage": 3.6225}, "2S: 2.50 mV a step"),
    ("max17049", Mount(cells=2), {"02": "cd20 4b80", "16": "0012"},
     {"battery_voltage": 8.205, "state_of_charge": 75.5, "charge_rate": 3.744, "cell_voltage": 4.1025},
     "2S: 156.25 µV a step, Linux max17040_battery.c"),
    ("sht4x", Mount(), {"fd": "666693 8000a2"},
     {"air_temperature": 25.0, "relative_humidity": 56.50095368}, "as adafruit_sht4x; CRC recomputed"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "mount", "wires", "expected", "source"), GOLDEN)
def test_golden_bytes_decode_to_their_values(
    kind: str, mount: Mount, wires: dict[str, str], expected: dict[str, float], source: str
) -> None:
    """Bytes of a known source give the values that source gives, and no doubts."""
    reading = understood(CHIPS[kind], mount, wires)

    assert expected == pytest.approx(dict(reading.values), abs=1e-8), source
    assert reading.doubts == ()


def monitor(shunt: str, bus: str, mount: Mount = SHUNT) -> Reading:
    """What an INA219 says with these words in its registers."""
    return understood(CHIPS["ina219"], mount, {"01": shunt, "02": bus})


def test_all_ones_in_the_shunt_is_minus_one_step_and_not_zero() -> None:
    """The maker's own driver subtracts 65535 for negatives, and so reads -10 µV as 0."""
    assert monitor("ffff", "2022").values["battery_current"] == -0.0001


def test_every_shunt_word_gives_the_shunts_current() -> None:
    """All 65,536 shunt words: current is the signed word · 10 µV / R."""
    for word in range(0x10000):
        signed = word - 0x10000 if word >= 0x8000 else word
        assert round(signed * 1e-5 / 0.1, 6) == monitor(f"{word:04x}", "2022").values["battery_current"]


def test_every_vcell_word_of_the_early_gauges_ignores_the_low_four_bits() -> None:
    """(raw >> 4) · 1.25 mV for every word that is a reading."""
    for word in range(0x10000):
        values = understood(CHIPS["max17043"], Mount(), {"02": f"{word:04x} 3200"}).values
        if word >> 4 not in (0, 0xFFF):
            assert (word >> 4) * 125 / 100_000 == values["battery_voltage"]


def test_overflow_leaves_current_out_and_says_so() -> None:
    """OVF set: the voltage stands, the current does not."""
    reading = monitor("7fff", "2023")

    assert reading.values == {"battery_voltage": 4.112}
    assert [doubt.code for doubt in reading.doubts] == ["implausible"]
    assert "OVF" in reading.doubts[0].detail


def test_a_lost_calibration_does_not_matter() -> None:
    """Current comes from the shunt voltage; the current and calibration registers are not even read."""
    assert ["01", "02"] == [block.name for block in CHIPS["ina219"].blocks()]


@pytest.mark.parametrize("word", ["0000", "ffff"])
def test_a_gauge_stuck_low_or_high_gives_no_voltage(word: str) -> None:
    """A gauge lives on the cell: 0 V and all ones are bus faults, not an empty battery."""
    reading = understood(CHIPS["max17043"], Mount(), {"02": word + "3200"})

    assert reading.values == {"state_of_charge": 50.0}
    assert [doubt.code for doubt in reading.doubts] == ["implausible"]


def test_a_charge_above_full_is_held_to_100_and_the_word_is_kept() -> None:
    """The gauge may say 106 %; the frame says 100 %, and the word is there for who asks."""
    reading = understood(CHIPS["max17043"], Mount(), {"02": "d480 6a00"})

    assert reading.values["state_of_charge"] == 100.0
    assert reading.registers == {"max17043.vcell": 0xD480, "max17043.soc": 0x6A00}


def test_a_value_out_of_its_quantitys_range_is_dropped() -> None:
    """5.1 V in a cell is nobody's reading: the pack's voltage stays, the cell's goes, with a doubt."""
    reading = monitor("0000", f"{2600 << 3:04x}", Mount(shunt_ohm=0.1, cells=2))

    assert reading.values["battery_voltage"] == 10.4
    assert "cell_voltage" not in reading.values
    assert reading.doubts[0].detail == "cell_voltage 5.2 V is outside 0 to 5 V"


def test_a_load_that_seems_to_feed_back_has_no_negative_power() -> None:
    """Noise around 0 A at an output is 0 W, and no implausible reading."""
    reading = monitor("fffe", "2722", Mount("output", shunt_ohm=0.1))

    assert (reading.values["output_current"], reading.values["output_power"]) == (-0.0002, 0.0)
    assert reading.doubts == ()


@pytest.mark.parametrize(("kind", "version", "fits"), [
    ("max17040", 0x0002, True), ("max17043", 0x0003, True), ("max17043", 0x0012, False),
    ("max17048", 0x0012, True), ("max17049", 0x0011, True), ("max17048", 0x0002, False),
])  # fmt: skip
def test_a_gauge_is_known_by_its_version(kind: str, version: int, fits: bool) -> None:
    """VERSION tells the early gauges from the late ones."""
    identity = CHIPS[kind].identity

    assert identity is not None
    assert fits == identity.fits(version)


def test_one_transaction_reads_voltage_and_charge_of_a_gauge() -> None:
    """VCELL and SOC come of one moment."""
    assert [(b"\x02", 4)] == [(block.command, block.length) for block in CHIPS["max17043"].blocks()]
