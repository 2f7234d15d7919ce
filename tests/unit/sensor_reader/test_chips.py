"""Chips: golden vectors (bytes on the wire → values, each with its source) and the known traps."""

from __future__ import annotations

import pytest

from services.sensor_reader.core.chips import CHIPS
from services.sensor_reader.core.chips.model import Mount

SHUNT = Mount(shunt_ohm=0.1)

GOLDEN = [
    # kind, mount, words by register, values, source
    ("max17040", Mount(), {0x02: 0xB520, 0x04: 0x230F},
     {"battery_voltage": 3.6225, "state_of_charge": 35.05859375}, "dump in davidem/UPS-Lite README"),
    ("max17048", Mount(), {0x02: 0xCD20, 0x04: 0x4B80, 0x16: 0xFFEC},
     {"battery_voltage": 4.1025, "state_of_charge": 75.5, "charge_rate": -4.16}, "decoded alike by adafruit_max1704x"),
    ("ina219", SHUNT, {0x01: 0xFE0C, 0x02: 0x2022},
     {"battery_voltage": 4.112, "battery_current": -0.05, "battery_power": -0.2056}, "as adafruit_ina219"),
    ("ina219", Mount(shunt_ohm=0.01, current_sign=-1), {0x01: 0xFE0C, 0x02: 0x2022},
     {"battery_voltage": 4.112, "battery_current": 0.5, "battery_power": 2.056}, "the same words, Waveshare D wiring"),
    ("ina219", Mount("output", shunt_ohm=0.1), {0x01: 0x01F4, 0x02: 0x2722},
     {"output_voltage": 5.008, "output_current": 0.05, "output_power": 0.2504}, "SBOS448G §8.6.3, by hand"),
    ("max17044", Mount(cells=2), {0x02: 0xB520, 0x04: 0x230F},
     {"battery_voltage": 7.245, "state_of_charge": 35.05859375, "cell_voltage": 3.6225}, "2S: 2.50 mV a step"),
    ("max17049", Mount(cells=2), {0x02: 0xCD20, 0x04: 0x4B80, 0x16: 0x0012},
     {"battery_voltage": 8.205, "state_of_charge": 75.5, "charge_rate": 3.744, "cell_voltage": 4.1025},
     "2S: 156.25 µV a step, Linux max17040_battery.c"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "mount", "words", "expected", "source"), GOLDEN)
def test_golden_words_decode_to_their_values(
    kind: str, mount: Mount, words: dict[int, int], expected: dict[str, float], source: str
) -> None:
    """Bytes of a known source give the values that source gives, and no doubts."""
    reading = CHIPS[kind].interpret(words, mount)

    assert expected == pytest.approx(dict(reading.values), abs=1e-9), source
    assert reading.doubts == ()


def test_all_ones_in_the_shunt_is_minus_one_step_and_not_zero() -> None:
    """The maker's own driver subtracts 65535 for negatives, and so reads -10 µV as 0."""
    reading = CHIPS["ina219"].interpret({0x01: 0xFFFF, 0x02: 0x2022}, SHUNT)

    assert reading.values["battery_current"] == -0.0001


def test_every_shunt_word_gives_the_shunts_current() -> None:
    """All 65,536 shunt words: current is the signed word · 10 µV / R."""
    chip = CHIPS["ina219"]

    for word in range(0x10000):
        signed = word - 0x10000 if word >= 0x8000 else word
        assert (
            round(signed * 1e-5 / 0.1, 6) == chip.interpret({0x01: word, 0x02: 0x2022}, SHUNT).values["battery_current"]
        )


def test_every_vcell_word_of_the_early_gauges_ignores_the_low_four_bits() -> None:
    """(raw >> 4) · 1.25 mV for every word that is a reading."""
    chip = CHIPS["max17043"]

    for word in range(0x10000):
        values = chip.interpret({0x02: word, 0x04: 0x3200}, Mount()).values
        if word >> 4 not in (0, 0xFFF):
            assert (word >> 4) * 125 / 100_000 == values["battery_voltage"]


def test_overflow_leaves_current_out_and_says_so() -> None:
    """OVF set: the voltage stands, the current does not."""
    reading = CHIPS["ina219"].interpret({0x01: 0x7FFF, 0x02: 0x2023}, SHUNT)

    assert reading.values == {"battery_voltage": 4.112}
    assert [doubt.code for doubt in reading.doubts] == ["implausible"]
    assert "OVF" in reading.doubts[0].detail


def test_a_lost_calibration_does_not_matter() -> None:
    """Current comes from the shunt voltage; the current and calibration registers are not even read."""
    assert {0x01, 0x02} == {read.register for read in CHIPS["ina219"].reads()}


@pytest.mark.parametrize("word", [0x0000, 0xFFFF])
def test_a_gauge_stuck_low_or_high_gives_no_voltage(word: int) -> None:
    """A gauge lives on the cell: 0 V and all ones are bus faults, not an empty battery."""
    reading = CHIPS["max17043"].interpret({0x02: word, 0x04: 0x3200}, Mount())

    assert reading.values == {"state_of_charge": 50.0}
    assert [doubt.code for doubt in reading.doubts] == ["implausible"]


def test_a_charge_above_full_is_held_to_100_and_the_word_is_kept() -> None:
    """The gauge may say 106 %; the frame says 100 %, and the word is there for who asks."""
    reading = CHIPS["max17043"].interpret({0x02: 0xD480, 0x04: 0x6A00}, Mount())

    assert reading.values["state_of_charge"] == 100.0
    assert reading.registers == {"max17043.vcell": 0xD480, "max17043.soc": 0x6A00}


def test_a_value_out_of_its_quantitys_range_is_dropped() -> None:
    """5.1 V in a cell is nobody's reading: the pack's voltage stays, the cell's goes, with a doubt."""
    reading = CHIPS["ina219"].interpret({0x01: 0, 0x02: (2600 << 3)}, Mount(shunt_ohm=0.1, cells=2))

    assert reading.values["battery_voltage"] == 10.4
    assert "cell_voltage" not in reading.values
    assert reading.doubts[0].detail == "cell_voltage 5.2 V is outside 0 to 5 V"


def test_a_load_that_seems_to_feed_back_has_no_negative_power() -> None:
    """Noise around 0 A at an output is 0 W, and no implausible reading."""
    reading = CHIPS["ina219"].interpret({0x01: 0xFFFE, 0x02: 0x2722}, Mount("output", shunt_ohm=0.1))

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
    assert (CHIPS["max17043"].reads()[0].register, CHIPS["max17043"].reads()[0].words) == (2, 2)
