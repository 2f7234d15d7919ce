"""Monitors, gauges, chargers and controllers: golden bytes, and the traps each is known for."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sensor_reader.core.chips import CHIPS
from services.sensor_reader.core.chips.mount import Input, Mount
from services.sensor_reader.core.reading import Reading
from services.sensor_reader.core.registers.checksums import SMBUS_PEC, XOR_FF
from tests.support.wires import understood

SHUNT = Mount(shunt_ohm=0.1)
THREE = Mount(inputs=(Input(1, "battery", 0.1), Input(2, "output", 0.1, -1)))


def sealed(command: str, payload: str) -> str:
    """A PiJuice's answer."""
    return XOR_FF.seal(0x14, bytes.fromhex(command), bytes.fromhex(payload)).hex()


def pijuice(**changed: str) -> dict[str, str]:
    """A PiJuice on mains with its battery charging from USB; ``changed`` by command."""
    shown = {"40": "f4", "41": "4b", "44": "00", "47": "18ff", "49": "2010", "4b": "6aff", "4d": "8a13", "4f": "5802"}
    return {command: sealed(command, payload) for command, payload in (shown | changed).items()}


def lc709203f(shown: dict[str, str]) -> dict[str, str]:
    """An LC709203F's answers, each under its PEC."""
    return {at: SMBUS_PEC.seal(0x0B, bytes.fromhex(at), bytes.fromhex(payload)).hex() for at, payload in shown.items()}


def gauge(flags: int, current_ma: int = -320) -> dict[str, str]:
    """A BQ27441's block: 25 °C, 3.712 V, 1200 mAh, 62 %, health 97 %."""
    words = {0x02: 2982, 0x04: 3712, 0x06: flags, 0x0C: 1200, 0x10: current_ma & 0xFFFF, 0x1C: 62, 0x20: 0x0161}
    return {"02": b"".join(words.get(at, 0).to_bytes(2, "little") for at in range(0x02, 0x22, 2)).hex()}


GOLDEN = [
    # kind, mount, bytes on the wire by what was sent, values, source
    ("ina226", SHUNT, {"01": "fe0c", "02": "0c80"},
     {"battery_voltage": 4.0, "battery_current": -0.0125, "battery_power": -0.05}, "SBOS547A §7.6.2, §7.6.3, by hand"),
    ("ina260", Mount(), {"01": "ffce", "02": "0ce4"},
     {"battery_voltage": 4.125, "battery_current": -0.0625, "battery_power": -0.257812}, "SBOS656C §8.6.2, by hand"),
    ("ina3221", THREE, {"01": "ff38", "02": "1ff8", "03": "00c8", "04": "2710"},
     {"battery_voltage": 8.184, "battery_current": -0.01, "battery_power": -0.08184,
      "output_voltage": 10.0, "output_current": -0.01, "output_power": 0.0}, "SBOS576B, by hand"),
    ("cw2015", Mount(), {"02": "2ee0", "04": "3280"},
     {"battery_voltage": 3.66, "state_of_charge": 50.5}, "305 µV a step and 1/256 %, Linux cw2015_battery.c"),
    ("lc709203f", Mount(), {"09": "0a0fc4", "0f": "f3023a"},
     {"battery_voltage": 3.85, "state_of_charge": 75.5}, "as adafruit_lc709203f"),
    ("bq27441", Mount(), gauge(0x0009),
     {"board_temperature": 25.05, "battery_voltage": 3.712, "battery_present": True, "remaining_capacity": 1.2,
      "battery_current": -0.32, "state_of_charge": 62.0, "battery_health": 97.0}, "SLUUAC9, by hand"),
    ("bq25895", Mount(), {"0b": "14", "0c": "00", "0e": "5b6a009a1e"},
     {"charging": True, "ac_present": True, "battery_voltage": 4.124, "input_voltage": 5.2, "charge_current": 1.5,
      "fault": "none"}, "SLUSC88 REG0B to REG12; tjohn327 powerpi.py"),
    ("bq25792", Mount(), {"1b": "09 60 01 00 00 00 00", "31": "01f4 fe0c 1388 0000 0000 1ce8 0000 0000 0042"},
     {"ac_present": True, "charging": True, "battery_present": True, "fault": "none", "input_current": 0.5,
      "battery_current": -0.5, "input_voltage": 5.0, "battery_voltage": 7.4, "board_temperature": 33.0},
     "SLUSDG1 9.5.1, by hand"),
    ("ip5209", Mount(), {"a2": "e60e", "a4": "9c3f"},
     {"battery_voltage": 2.6 + 0x0EE6 * 0.00026855, "battery_current": -100 * 0.000745985}, "PiSugar ip5209.rs"),
    ("ip5312", Mount(), {"d0": "e60e", "d2": "6400"},
     {"battery_voltage": 2.6 + 0x0EE6 * 0.00026855, "battery_current": 0.268554}, "PiSugar ip5312.rs"),
    ("pijuice", Mount(), pijuice(),
     {"charging": True, "ac_present": True, "battery_present": True, "state_of_charge": 75.0, "fault": "none",
      "power_fault": False, "battery_temperature": 24.0, "battery_voltage": 4.128, "battery_current": 0.15,
      "output_voltage": 5.002,
      "output_current": 0.6}, "pijuice.py, command_server.c"),
    ("pisugar3", Mount(), {"02": "e0", "04": "45", "22": "0fa0", "26": "0190", "2a": "52"},
     {"ac_present": True, "output_on": True, "board_temperature": 29.0, "battery_voltage": 4.0, "output_current": 0.4,
      "state_of_charge": 82.0}, "PiSugar pisugar3.rs"),
    ("waveshare_ups_e", Mount(),
     {"02": "a2", "03": "03", "10": "8813 e803 8813", "20": "803e 0cfe 4b00 a00f f000 ffff",
      "30": "a00f 9f0f a10f a20f"},
     {"charging": True, "ac_present": True, "input_voltage": 5.0, "input_current": 1.0, "input_power": 5.0,
      "battery_voltage": 16.0, "battery_current": -0.5, "state_of_charge": 75.0, "remaining_capacity": 4.0,
      "runtime_left_s": 14400.0, "cell_1_voltage": 4.0, "cell_2_voltage": 3.999, "cell_3_voltage": 4.001,
      "cell_4_voltage": 4.002, "cell_voltage": 3.999}, "int08h/waveshare-ups-hat-e lib.rs"),
    ("upsplus", Mount(), {"01": "e40c", "03": "7814", "05": "a00f", "07": "0000", "09": "8813", "0b": "2300",
     "13": "5000", "17": "01", "18": "00", "24": "58020000"},
     {"battery_temperature": 35.0, "state_of_charge": 80.0, "input_voltage": 5.0, "ac_present": True,
      "output_run_time": 600.0},
     "Full-featured-demo-code.py"),
    ("upsv6", Mount(), {"0e": "d813 1027 a00f e40c e803 2c01 0cfe 1f 0000 05 00"},
     {"output_voltage": 5.08, "input_voltage": 10.0, "battery_voltage": 4.0, "output_current": 1.0,
      "input_current": 0.3, "battery_current": -0.5, "board_temperature": 31.0, "ac_present": True, "charging": False,
      "fault": "none", "output_on": True}, "geeekpi/upsv6_pub read_device.py"),
    ("pipower3", Mount(), {"00": "8813 0000 8a13 0000 401f 0000 50 0000 00 01 01 01 00 00"},
     {"input_voltage": 5.0, "output_voltage": 5.002, "battery_voltage": 8.0, "state_of_charge": 80.0,
      "ac_present": True, "charging": True, "shutdown_request": "none"}, "spc_data_buffer_sheet.md"),
    ("pipower5", Mount(cells=2), {"00": "0000 0000 8a13 e803 401f f401 0a 0000 01 00 01 00 00 01"},
     {"input_voltage": 0.0, "output_voltage": 5.002, "battery_voltage": 8.0, "cell_voltage": 4.0,
      "state_of_charge": 10.0, "ac_present": False, "charging": False, "shutdown_request": "low_battery",
      "input_current": 0.0, "output_current": 1.0, "battery_current": -0.5}, "spc_data_buffer_sheet.md"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "mount", "wires", "expected", "source"), GOLDEN, ids=[row[0] for row in GOLDEN])
def test_golden_bytes_decode_to_their_values(
    kind: str, mount: Mount, wires: dict[str, str], expected: dict[str, object], source: str
) -> None:
    """Bytes of a known source give the values that source gives, and no doubts."""
    reading = understood(CHIPS[kind], mount, wires)

    assert {name: pytest.approx(value, abs=1e-8) if isinstance(value, float) else value
            for name, value in expected.items()} == dict(reading.values), source  # fmt: skip
    assert reading.doubts == ()


@pytest.mark.parametrize(("bits", "celsius"), [("18ff", 24), ("00ff", 0), ("fbff", -5), ("7fff", 120)])
def test_the_temperature_of_a_pijuice_is_one_signed_byte(bits: str, celsius: int) -> None:
    """Two bytes would make -232 °C of 24 (PiJuice#124)."""
    values = understood(CHIPS["pijuice"], Mount(), pijuice(**{"47": bits})).values

    assert (celsius if celsius <= 120 and bits != "7fff" else None) == values.get("battery_temperature")


@pytest.mark.parametrize(("status", "mains", "charging", "battery"), [
    ("00", False, False, True), ("10", False, False, True), ("20", True, False, True), ("c8", True, True, True),
    ("3c", True, False, False), ("01", False, False, True),
])  # fmt: skip
def test_the_status_of_a_pijuice(status: str, mains: bool, charging: bool, battery: bool) -> None:
    """Mains by USB or by the pins, weak or present; without a battery nothing is said of one."""
    values = understood(CHIPS["pijuice"], Mount(), pijuice(**{"40": status})).values

    assert (mains, charging, battery) == (values["ac_present"], values["charging"], values["battery_present"])
    assert battery == ("battery_voltage" in values)


def test_the_faults_of_a_pijuice_are_reported_by_name() -> None:
    """Those of the power, and the charger's when it is too warm."""
    values = understood(CHIPS["pijuice"], Mount(), pijuice(**{"44": "82"})).values

    assert (True, "forced_power_off, charging_cool") == (values["power_fault"], values["fault"])


def test_a_negative_current_of_a_waveshare_e_is_twos_complement() -> None:
    """-1 mA is 0xFFFF; the maker's code takes that for 0."""
    wires = {"02": "00", "03": "03", "20": "803e ffff 4b00 a00f f000 ffff", "30": "a00f 9f0f a10f a20f"}

    assert understood(CHIPS["waveshare_ups_e"], Mount(), wires).values["battery_current"] == -0.001


def test_a_waveshare_e_that_lost_its_gauge_says_nothing_of_the_battery() -> None:
    """03h bit 1 is clear: what stands there is old."""
    wires = {"02": "20", "03": "01", "20": "803e 0cfe 4b00 a00f f000 ffff", "30": "a00f 9f0f a10f a20f"}
    reading = understood(CHIPS["waveshare_ups_e"], Mount(), wires)

    assert {"charging": False, "ac_present": True} == reading.values
    assert ["implausible"] == [doubt.code for doubt in reading.doubts]


def test_the_time_to_full_counts_while_charging() -> None:
    """And the time to empty does not."""
    wires = {"02": "a2", "03": "03", "20": "803e f401 4b00 a00f f000 3c00", "30": "a00f 9f0f a10f a20f"}
    values = understood(CHIPS["waveshare_ups_e"], Mount(), wires).values

    assert (3600.0, False) == (values["time_to_full_s"], "runtime_left_s" in values)


def test_a_gauge_that_forgot_its_battery_gives_no_charge() -> None:
    """ITPOR: the voltage stands, what follows from the battery's data does not."""
    reading = understood(CHIPS["bq27441"], Mount(), gauge(0x0029))

    assert ["reset"] == [doubt.code for doubt in reading.doubts]
    assert {"state_of_charge", "remaining_capacity", "battery_health"}.isdisjoint(reading.values)
    assert reading.values["battery_voltage"] == 3.712


def test_a_sleeping_gauge_gives_nothing_old() -> None:
    """LC709203F in power mode 2."""
    wires = lc709203f({"15": "0200", "16": "0000", "09": "0a0f", "0f": "f302", "08": "a60b"})
    reading = understood(CHIPS["lc709203f"], Mount(), wires)

    assert ({}, ["asleep"]) == (reading.values, [doubt.code for doubt in reading.doubts])


@pytest.mark.parametrize(("status", "shown"), [("0000", None), ("0100", 25.05)])
def test_a_temperature_that_was_only_written_is_none(status: str, shown: float | None) -> None:
    """LC709203F without a thermistor shows what somebody wrote into it, 25 °C by itself."""
    wires = lc709203f({"15": "0100", "16": status, "08": "a60b"})

    assert understood(CHIPS["lc709203f"], Mount(), wires).values.get("battery_temperature") == pytest.approx(shown)


def test_a_supply_that_is_not_there_has_no_voltage() -> None:
    """A BQ25895 shows 2.6 V without one."""
    values = understood(CHIPS["bq25895"], Mount(), {"0b": "00", "0c": "00", "0e": "5b6a000000"}).values

    assert (False, False) == (values["ac_present"], "input_voltage" in values)


@pytest.mark.parametrize(("fault", "told"), [
    ("00", "none"), ("80", "watchdog_fault"), ("08", "battery_fault"), ("10", "input_fault"), ("30", "charge_timer"),
    ("2a", "battery_fault, temperature_fault, thermal_shutdown"),
])  # fmt: skip
def test_the_faults_of_a_bq25895_are_reported_by_name(fault: str, told: str) -> None:
    """REG0C, flags and the charger's own number."""
    wires = {"0b": "00", "0c": fault, "0e": "5b6a000000"}

    assert told == understood(CHIPS["bq25895"], Mount(), wires).values["fault"]


@pytest.mark.parametrize("kind", ["ina226", "ina260"])
@pytest.mark.parametrize("word", ["7fff", "8000"])
def test_a_current_at_the_end_of_the_range_may_be_more_and_that_is_said(kind: str, word: str) -> None:
    """The least that it can be stands, for a board that sees the mains by nothing else; the doubt is the channel's."""
    reading = understood(CHIPS[kind], SHUNT, {"01": word, "02": "0c80"})

    assert [("saturated", "battery_current")] == [(doubt.code, doubt.channel) for doubt in reading.doubts]
    assert "the end of its scale: battery_current may be more" in reading.doubts[0].detail
    assert (4.0, word == "7fff") == (reading.values["battery_voltage"], reading.values["battery_current"] > 0)


@pytest.mark.parametrize(("word", "amperes", "codes"), [
    ("8300", -3.2, ["saturated"]),  # ±320 mV over 0.1 Ω, SBOS448 8.6.3.1
    ("7d00", 3.2, ["saturated"]),
    ("8301", -3.1999, []),
    ("7cff", 3.1999, []),
])  # fmt: skip
def test_an_ina219_says_when_it_shows_all_that_it_can(word: str, amperes: float, codes: list[str]) -> None:
    """chrisb2/pi_ina219#32: a current beyond ±320 mV over the shunt shows as exactly that."""
    reading = understood(CHIPS["ina219"], Mount("battery", 0.1), {"01": word, "02": "39d2"})

    assert (amperes, codes) == (reading.values["battery_current"], [doubt.code for doubt in reading.doubts])
    assert {"battery_current"} >= {doubt.channel for doubt in reading.doubts}


def test_an_ina3221_says_which_of_its_inputs_is_at_the_end() -> None:
    """Its doubt names the channel that the board makes of the input."""
    reading = understood(CHIPS["ina3221"], Mount(inputs=(Input(1, "output", 0.1),)), {"01": "7ff8", "02": "2710"})

    assert [("saturated", "output_current")] == [(doubt.code, doubt.channel) for doubt in reading.doubts]


def test_an_input_that_the_board_does_not_use_is_not_reported() -> None:
    """Of an INA3221's three."""
    shown = {"01": "ff38", "02": "1ff8", "05": "00c8", "06": "2710"}
    one = Mount(inputs=(Input(3, "input", 0.05),))

    assert {"input_voltage": 10.0, "input_current": 0.02, "input_power": 0.2} == understood(
        CHIPS["ina3221"], one, shown
    ).values


def test_a_voltage_of_an_ip5209_below_its_zero_is_lower() -> None:
    """All negative words: PiSugar's code would add what is to be taken away."""
    for raw in range(-0x2000, -1):
        values = understood(CHIPS["ip5209"], Mount(), {"a2": (raw & 0x3FFF).to_bytes(2, "little").hex()}).values
        assert round(2.6 + raw * 0.00026855, 12) == round(float(values["battery_voltage"]), 12)


@pytest.mark.parametrize("kind", ["ip5209", "ip5312"])
def test_a_chip_without_the_feature_has_no_voltage(kind: str) -> None:
    """0 is "not there", and not 2.6 V."""
    block = CHIPS[kind].blocks()[0].name

    assert understood(CHIPS[kind], Mount(), {block: "0000"}).values == {}


@pytest.mark.parametrize("low", range(256))
def test_a_high_byte_of_all_ones_is_a_known_fault_of_the_upsplus(low: int) -> None:
    """No voltage, and so no word on the mains."""
    wires = {"07": f"{low:02x}ff", "09": "0000"}

    assert understood(CHIPS["upsplus"], Mount(), wires).values == {}


def test_the_upsplus_has_no_battery_voltage_of_its_own() -> None:
    """It is wrong while charging: the INA219 beside it is asked."""
    assert "battery_voltage" not in understood(CHIPS["upsplus"], Mount(), {"05": "a00f"}).values


def test_an_adc_that_fails_gives_no_numbers() -> None:
    """UPS generation 6, status bit 6."""
    reading = understood(CHIPS["upsv6"], Mount(), {"0e": "d813 1027 a00f e40c e803 2c01 0cfe 1f 0000 45 00"})

    assert {"ac_present": True, "charging": False, "fault": "adc_error", "output_on": True} == reading.values


# ---- what makers' own code makes of the same bytes

V6 = "<BBIIIHHHHHHhbBBBB"  # geeekpi/upsv6_pub read_device.py, read_device_status
SPC = "<HHHHHhBHBBBBBB"  # sunfounder/spc spc_data_buffer_sheet.md


def believed(reading: Reading, channel: str, maker: float) -> bool:
    """Whether ours is the maker's, or none because it cannot be."""
    return channel not in reading.values or reading.values[channel] == pytest.approx(maker, abs=1e-9)


@given(st.binary(min_size=33, max_size=33))
def test_upsv6_decodes_as_its_makers_structure(memory: bytes) -> None:
    """Every field of the block, for whatever bytes."""
    fields = struct.unpack(V6, memory)
    reading = understood(CHIPS["upsv6"], Mount(), {"0e": memory[0x0E:0x21].hex()})
    channels = ("output_voltage", "input_voltage", "battery_voltage", None, "output_current", "input_current")

    for channel, value in zip((*channels, "battery_current"), fields[5:12], strict=True):
        assert channel is None or believed(reading, channel, value / 1000)
    assert believed(reading, "board_temperature", fields[12])


@given(st.binary(min_size=21, max_size=21))
def test_pipower_decodes_as_its_makers_sheet(memory: bytes) -> None:
    """Every field of the block, for whatever bytes."""
    vin, iin, vout, iout, vbat, ibat, percent, _, _, plugged, _, charging, _, _ = struct.unpack(SPC, memory)
    reading = understood(CHIPS["pipower5"], Mount(), {"00": memory.hex()})
    makers = {"input_voltage": vin, "input_current": iin, "output_voltage": vout, "output_current": iout,
              "battery_voltage": vbat, "battery_current": -ibat}  # fmt: skip

    assert all(believed(reading, channel, value / 1000) for channel, value in makers.items())
    assert believed(reading, "state_of_charge", percent)
    assert reading.values.get("ac_present", plugged > 1) == (plugged == 1 or plugged > 1)
    assert reading.values.get("charging", charging > 1) == (charging == 1 or charging > 1)


@given(st.binary(min_size=12, max_size=12), st.binary(min_size=8, max_size=8))
def test_waveshare_e_decodes_as_its_makers_code(battery: bytes, cells: bytes) -> None:
    """Every field of both blocks, but for the maker's error of 1 mA."""
    volts, amperes, percent, capacity, _, _ = struct.unpack("<HhHHHH", battery)
    reading = understood(CHIPS["waveshare_ups_e"], Mount(), {"03": "03", "20": battery.hex(), "30": cells.hex()})

    assert believed(reading, "battery_voltage", volts / 1000)
    assert believed(reading, "battery_current", amperes / 1000)
    assert believed(reading, "state_of_charge", percent)
    assert believed(reading, "remaining_capacity", capacity / 1000)
    for number, cell in enumerate(struct.unpack("<4H", cells), 1):
        assert believed(reading, f"cell_{number}_voltage", cell / 1000)
