"""Sensors of the air, of light and of soil: golden vectors and every word, without any bus."""

from __future__ import annotations

import struct

import pytest

from services.sensor_reader.core.chips import CHIPS
from services.sensor_reader.core.chips.bme280_formulas import Trim, fine, humidity, pressure, temperature
from services.sensor_reader.core.chips.mount import Analog, Mount
from shared.quantities import QUANTITIES
from tests.support.wires import understood

GOLDEN = [
    # kind, mount, words by block, values, source
    ("sht3x", Mount(), {"2400": "666693 8000a2"},
     {"air_temperature": 25.0, "relative_humidity": 50.00076295}, "as adafruit_sht31d; CRC recomputed"),
    ("sht4x", Mount("board"), {"fd": "666693 8000a2"},
     {"board_temperature": 25.0, "relative_humidity": 56.50095368}, "the same air, on a board"),
    ("aht20", Mount(), {"ac3300": "1c800005ffff a9"},
     {"air_temperature": 24.99980927, "relative_humidity": 50.0}, "as adafruit_ahtx0; CRC recomputed"),
    ("aht20", Mount(), {"ac3300": "1c3b5e8688b2 d2"},
     {"air_temperature": 31.674576, "relative_humidity": 23.191071}, "a real chip's, README of bilbobg/aht20"),
    ("aht10", Mount(), {"ac3300": "1c800005ffff"},
     {"air_temperature": 24.99980927, "relative_humidity": 50.0}, "the same without a CRC"),
    ("scd4x", Mount(), {"ec05": "01f433 6667a2 5eb93c"},
     {"co2": 500.0, "air_temperature": 25.00267033, "relative_humidity": 37.00160220}, "datasheet, worked example"),
    ("scd30", Mount(), {"0300": "43dbcb 8c2e8f 41d970 e7fff5 4243bf 3a1b74"},
     {"co2": 439.0951538, "air_temperature": 27.23828125, "relative_humidity": 48.80674362},
     "interface description, worked example"),
    ("bh1750", Mount(), {"01 20": "8390"}, {"illuminance": 28066.66667}, "datasheet p. 7: 83h 90h is 28067 lx"),
    ("tmp102", Mount(), {"00": "1900"}, {"board_temperature": 25.0}, "SBOS397, 12 bits"),
    ("tmp102", Mount("air"), {"00": "e700"}, {"air_temperature": -25.0}, "SBOS397, 12 bits"),
    ("tmp102", Mount(), {"00": "3201"}, {"board_temperature": 100.0}, "SBOS397, 13 bits: 0640h"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "mount", "wires", "expected", "source"), GOLDEN)
def test_golden_bytes_decode_to_their_values(
    kind: str, mount: Mount, wires: dict[str, str], expected: dict[str, float], source: str
) -> None:
    """Bytes of a known source give the values that source gives."""
    reading = understood(CHIPS[kind], mount, wires)

    assert expected == pytest.approx(dict(reading.values), abs=1e-5), source


@pytest.mark.parametrize(("word", "celsius"), [
    (0x1900, 25.0), (0xE700, -25.0), (0x7FF0, 127.9375), (0xC900, -55.0),
    (0x4B01, 150.0), (0x0C81, 25.0), (0xE481, -55.0),
])  # fmt: skip
def test_a_tmp102_shows_the_datasheets_temperatures(word: int, celsius: float) -> None:
    """In twelve bits, and in thirteen where the last bit says so, those too that no board has."""
    assert celsius == derived("tmp102", "00", word)["board_temperature"]


def derived(kind: str, block: str, word: int) -> dict[str, float]:
    """Return what the table makes of one word, before it is held against what can be."""
    chip = CHIPS[kind]
    named = next(each for each in chip.blocks() if each.name == block)
    decoded = {f.name: f.value(f.raw(word)) for f in chip.fields if f.register.block == named}
    names = {f.register.name: word for f in chip.fields if f.register.block == named}
    return {
        str(name): float(value) for name, value in chip.derive(decoded, names, Mount(chip.measures[0])).values.items()
    }


TRIM = Trim(
    (27504, 26435, -1000),
    (36477, -10685, 3024, 2855, 140, -7, 15500, -14600, 6000),
    (75, 355, 0, 333, 0, 30),
)


def test_a_bme280s_numbers_are_the_makers() -> None:
    """The worked example of the BMP280 datasheet (3.12): t_fine 128422, 25.08 °C, and 100653.25 Pa in 64 bits."""
    warmth = fine(TRIM, 519888)

    assert (warmth, temperature(warmth)) == (128422, 25.08)
    assert pressure(TRIM, warmth, 415148) == pytest.approx(1006.5325, abs=0.0001)


def test_a_pressure_that_would_divide_by_zero_is_none() -> None:
    """Trimming that is all zeros, as of a chip that did not answer, gives 0 and no exception."""
    assert pressure(Trim((0, 0, 0), (0,) * 9, (0,) * 6), 128422, 415148) == 0.0


@pytest.mark.parametrize(("raw", "percent"), [(0, 0.0), (0xFFFF, 100.0)])
def test_a_humidity_beyond_the_scale_is_held_to_it(raw: int, percent: float) -> None:
    """As the maker's code holds it."""
    assert percent == humidity(TRIM, 128422, raw)


def bme280(trim_h: str, raw: str) -> tuple[dict[str, object], list[str]]:
    """Return what a BME280 with TRIM's first numbers and the last as given says."""
    trim = struct.pack("<HhhHhhhhhhhhxB", *TRIM.t, *TRIM.p, TRIM.h[0])
    reading = understood(CHIPS["bme280"], Mount(), {"88": trim.hex(), "e1": trim_h, "f201 f425 f3": "00250000" + raw})
    return dict(reading.values), [doubt.detail.split(":")[0] for doubt in reading.doubts]


def test_h4_and_h5_share_a_byte_and_keep_their_signs() -> None:
    """E4 E5 E6 = 12 3F FE: H4 = 12Fh, H5 = FE3h = -29; and with the top bit set H4 is negative too."""
    chip = CHIPS["bme280"]
    block = chip.blocks()[1]
    decoded = {
        sign: {each.name: each.value(each.raw(each.register.word(bytes.fromhex(wire)))) for each in chip.fields
               if each.register.block == block}
        for sign, wire in (("plus", "63010012 3ffe 1e"), ("minus", "63010092 3ffe 1e"))
    }  # fmt: skip

    assert 0x12F == 16 * decoded["plus"]["h4_high"] + decoded["plus"]["h4_low"]
    assert 0x92F - 0x1000 == 16 * decoded["minus"]["h4_high"] + decoded["minus"]["h4_low"]
    assert -29 == decoded["plus"]["h5"]


def test_what_a_bme280_skipped_is_no_reading() -> None:
    """0x80000 and 0x8000: pressure and humidity go alone, a temperature takes all with it."""
    trim_h, press, warm, damp = "6301001500001e", "655ac0", "7eed00", "6e80"

    assert list(bme280(trim_h, press + warm + damp)[0]) == ["air_temperature", "relative_humidity", "air_pressure"]
    assert bme280(trim_h, "800000" + warm + "8000")[1] == ["pressure", "humidity"]
    assert list(bme280(trim_h, "800000" + warm + "8000")[0]) == ["air_temperature"]
    assert bme280(trim_h, press + "800000" + damp) == ({}, ["temperature"])


def test_a_humidity_of_nothing_is_no_reading_of_an_aht20() -> None:
    """Raw 0: the temperature stands, the humidity does not, and that is said."""
    reading = understood(CHIPS["aht10"], Mount(), {"ac3300": "1c000005ffff"})

    assert list(reading.values) == ["air_temperature"]
    assert ["implausible"] == [doubt.code for doubt in reading.doubts]


def test_light_beyond_the_scale_is_given_and_said() -> None:
    """All ones is 54,612 lx or more."""
    reading = understood(CHIPS["bh1750"], Mount(), {"01 20": "ffff"})

    assert reading.values == {"illuminance": 54612.5}
    assert [("saturated", "illuminance is 54612 lx or more")] == [(d.code, d.detail) for d in reading.doubts]


def within(channel: str, value: float) -> float | None:
    """Return a value that its quantity can have."""
    quantity = QUANTITIES[channel]
    return value if quantity.low <= value <= quantity.high else None


PAIRS = [
    # kind, block, its bytes by word, values by word
    ("sht3x", "2400", 4, lambda w: (-45 + 175 * w / 65535, 100 * w / 65535)),
    ("sht4x", "fd", 4, lambda w: (-45 + 175 * w / 65535, min(max(-6 + 125 * w / 65535, 0), 100))),
    ("scd4x", "ec05", 6, lambda w: (-45 + 175 * w / 65535, 100 * w / 65535)),
]


@pytest.mark.parametrize(("kind", "name", "length", "law"), PAIRS)
def test_every_word_of_a_sensirion_is_its_formula(kind: str, name: str, length: int, law: object) -> None:
    """All 65,536, in every place of the answer at once."""
    assert callable(law)
    chip = CHIPS[kind]
    block = next(each for each in chip.blocks() if each.name == name)
    for word in range(0x10000):
        values = chip.interpret({block: word.to_bytes(2, "big") * (length // 2)}, Mount()).values
        celsius, percent = law(word)
        expected = within("air_temperature", celsius)
        if expected is None:
            assert "air_temperature" not in values
        else:
            assert abs(values["air_temperature"] - expected) <= 1e-9
        assert abs(values["relative_humidity"] - percent) <= 1e-9
        if length == 6:
            assert values.get("co2") == (word if 0 < word <= 40000 else None)


def test_every_word_of_light_is_its_twelve_tenths() -> None:
    """All 65,536."""
    for word in range(0x10000):
        assert understood(CHIPS["bh1750"], Mount(), {"01 20": f"{word:04x}"}).values["illuminance"] == word * 5 / 6


def test_every_word_of_a_tmp102_is_sixteenths_in_both_modes() -> None:
    """All 65,536: twelve bits, or thirteen where D0 is set."""
    for word in range(0x10000):
        signed = word - 0x10000 if word & 0x8000 else word
        assert derived("tmp102", "00", word)["board_temperature"] == (signed >> 3 if word & 1 else signed >> 4) / 16


@pytest.mark.parametrize(("range_v", "word", "volts"), [
    (4.096, 0x7FFE, 4.09575), (4.096, 0x8001, -4.095875), (4.096, 0x6400, 3.2), (6.144, 0x7FFE, 6.143625),
])  # fmt: skip
def test_an_ads1115_shows_steps_of_its_range(range_v: float, word: int, volts: float) -> None:
    """FSR / 32768 for each (SBAS444)."""
    mount = Mount(analog=(Analog(1, "ain1_voltage", range_v=range_v),))
    chip = CHIPS["ads1115"].on(mount)

    assert {"ain1_voltage": volts} == pytest.approx(
        dict(chip.interpret({chip.blocks()[0]: word.to_bytes(2, "big")}, mount).values)
    )


@pytest.mark.parametrize("range_v", [6.144, 4.096, 2.048, 1.024, 0.512, 0.256])
def test_every_word_of_an_ads1115_is_its_voltage(range_v: float) -> None:
    """All 65,536 in every range, at the level of the field: 7FFF at ±4.096 V is 4.095875 V, 8000 is -4.096 V."""
    [field] = CHIPS["ads1115"].on(Mount(analog=(Analog(0, "ain0_voltage", range_v=range_v),))).fields
    for word in range(0x10000):
        signed = word - 0x10000 if word & 0x8000 else word
        expected = signed * range_v / 32768
        assert abs(field.value(field.raw(word)) - expected) <= 1e-12 * abs(expected)


SOIL = Analog(0, "soil_moisture", gain=-100 / 1.5, offset=100 * 2.6 / 1.5, least=0.0, most=100.0)


@pytest.mark.parametrize(("volts", "percent"), [(2.6, 0.0), (1.1, 100.0), (1.85, 50.0), (3.0, 0.0), (0.4, 100.0)])
def test_soil_is_a_line_between_two_points_and_ends_at_them(volts: float, percent: float) -> None:
    """Dry at 2.6 V, wet at 1.1 V; drier than dry is dry."""
    assert percent == pytest.approx(SOIL.value(volts), abs=1e-4)


@pytest.mark.parametrize("word", ["7fff", "8000"])
def test_a_voltage_at_the_end_of_its_range_means_nothing(word: str) -> None:
    """It may be any amount more; what would follow from it is left out."""
    mount = Mount(analog=(SOIL,))
    chip = CHIPS["ads1115"].on(mount)
    reading = chip.interpret({chip.blocks()[0]: bytes.fromhex(word)}, mount)

    assert reading.values == {}
    assert [("saturated", True)] == [(d.code, "4.096 V: no soil_moisture" in d.detail) for d in reading.doubts]
