"""Monitors and gauges agree with independent drivers, for whatever stands in the registers."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.sensor_reader.adapters.simulated.bus import SimulatedBus
from services.sensor_reader.adapters.simulated.chips import RegisterChip
from services.sensor_reader.core.chips.mount import Input, Mount
from tests.oracles.conftest import Oracle
from tests.support.oracles.ours import attach, read, show
from tests.support.oracles.wires import Busio, Qwiic

any_contents = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
words = st.binary(min_size=2, max_size=2)


@any_contents
@given(shunt=words, voltage=words)
def test_ina219_agrees_with_adafruit(bus: SimulatedBus, oracle: Oracle, shunt: bytes, voltage: bytes) -> None:
    """Volts exactly; amperes within one step of the calibrated current register."""
    address = attach(bus, "ina219")
    theirs = oracle("adafruit_ina219").INA219(Busio(bus), address)
    show(bus, "ina219", {"01": shunt, "02": voltage})
    ours = read(bus, "ina219", Mount(shunt_ohm=0.1)).values

    if "battery_voltage" in ours:
        assert ours["battery_voltage"] == pytest.approx(theirs.bus_voltage, abs=1e-9)
    if "battery_current" in ours:
        assert ours["battery_current"] == pytest.approx(theirs.shunt_voltage / 0.1, abs=1e-6)
        assert ours["battery_current"] == pytest.approx(theirs.current / 1000, abs=1.01e-4)
    assert bool(theirs.overflow) == ("battery_current" not in ours)


@any_contents
@given(gauge=st.binary(min_size=4, max_size=4), rate=words)
def test_max17048_agrees_with_adafruit(bus: SimulatedBus, oracle: Oracle, gauge: bytes, rate: bytes) -> None:
    """Volts, percent and percent an hour; what we leave out is what a gauge cannot show."""
    attach(bus, "max17048")
    theirs = oracle("adafruit_max1704x").MAX17048(Busio(bus))
    show(bus, "max17048", {"02": gauge, "16": rate})
    ours = read(bus, "max17048").values

    if 0 < int.from_bytes(gauge[:2], "big") < 0xFFFF:
        assert ours["battery_voltage"] == pytest.approx(theirs.cell_voltage, abs=1e-9)
    if gauge[2:] != b"\xff\xff":
        assert ours["state_of_charge"] == pytest.approx(min(theirs.cell_percent, 100.0), abs=1e-9)
    if abs(theirs.charge_rate) <= 500:
        assert ours["charge_rate"] == pytest.approx(theirs.charge_rate, abs=1e-9)


@any_contents
@given(current=words, voltage=words)
def test_ina260_agrees_with_adafruit(bus: SimulatedBus, oracle: Oracle, current: bytes, voltage: bytes) -> None:
    """Volts and amperes; theirs also gives those at the end of the range."""
    address = attach(bus, "ina260")
    theirs = oracle("adafruit_ina260").INA260(Busio(bus), address)
    show(bus, "ina260", {"01": current, "02": bytes([voltage[0] & 0x7F, voltage[1]])})
    ours = read(bus, "ina260").values

    if "battery_voltage" in ours:
        assert ours["battery_voltage"] == pytest.approx(theirs.voltage, abs=1e-9)
    if "battery_current" in ours:
        assert ours["battery_current"] == pytest.approx(theirs.current / 1000, abs=1e-6)
    assert ("battery_current" in ours) == (current not in (b"\x7f\xff", b"\x80\x00"))


@any_contents
@given(contents=st.lists(words, min_size=6, max_size=6))
def test_ina3221_agrees_with_adafruit(bus: SimulatedBus, oracle: Oracle, contents: list[bytes]) -> None:
    """All three inputs. Theirs loses one step of every negative number, by rounding towards 0 after a complement."""
    address = attach(bus, "ina3221")
    theirs = oracle("adafruit_ina3221").INA3221(Busio(bus), address)
    show(bus, "ina3221", {f"{at:02x}": word for at, word in enumerate(contents, 1)})
    for number in (1, 2, 3):
        ours = read(bus, "ina3221", Mount(inputs=(Input(number, "output", 0.1),))).values
        volts, drop = theirs[number - 1].bus_voltage, theirs[number - 1].shunt_voltage / 1000
        if "output_voltage" in ours:
            assert ours["output_voltage"] == pytest.approx(volts, abs=1e-9 if volts > 0 else 0.0081)
        if "output_current" in ours:
            assert ours["output_current"] == pytest.approx(drop / 0.1, abs=1e-6 if drop > 0 else 4.01e-4)


@any_contents
@given(shunt=words, voltage=words)
def test_ina226_agrees_with_pamoja(bus: SimulatedBus, oracle: Oracle, shunt: bytes, voltage: bytes) -> None:
    """Its own conversions of the same words: nanovolts and microvolts, which are exact."""
    ina226 = oracle("pamoja.sensors").ina226
    attach(bus, "ina226")
    raw_volts = int.from_bytes(voltage, "big") & 0x7FFF
    show(bus, "ina226", {"01": shunt, "02": raw_volts.to_bytes(2, "big")})
    ours = read(bus, "ina226", Mount(shunt_ohm=0.1)).values

    if "battery_voltage" in ours:
        assert ours["battery_voltage"] == pytest.approx(ina226.bus_microvolts(raw_volts) / 1e6, abs=1e-9)
    if "battery_current" in ours:
        nanovolts = ina226.shunt_nanovolts(int.from_bytes(shunt, "big", signed=True))
        assert ours["battery_current"] == pytest.approx(nanovolts / 1e9 / 0.1, abs=1e-6)


@any_contents
@given(kind=st.sampled_from(["max17043", "max17044", "max17048", "max17049"]), gauge=st.binary(min_size=4, max_size=4))
def test_all_gauges_agree_with_sparkfun(bus: SimulatedBus, oracle: Oracle, kind: str, gauge: bytes) -> None:
    """One cell and two, early and late."""
    attach(bus, kind)
    module = oracle("qwiic_max1704x").QwiicMAX1704X
    theirs = module(0x36, Qwiic(bus))
    theirs.set_device(getattr(module, f"kDeviceType{kind.upper()}"))
    show(bus, kind, {"02": gauge})
    ours = read(bus, kind).values

    if "battery_voltage" in ours:
        assert ours["battery_voltage"] == pytest.approx(theirs.get_voltage(), abs=1e-9)
    if "state_of_charge" in ours:
        assert ours["state_of_charge"] == pytest.approx(min(theirs.get_soc(), 100.0), abs=1e-9)


@any_contents
@given(voltage=words, charge=words, celsius=words)
def test_lc709203f_agrees_with_adafruit(
    bus: SimulatedBus, oracle: Oracle, voltage: bytes, charge: bytes, celsius: bytes
) -> None:
    """With the thermistor on, and every answer under its PEC; their writes pass ours too."""
    attach(bus, "lc709203f")
    theirs = oracle("adafruit_lc709203f").LC709203F(Busio(bus))
    theirs.thermistor_enable = True
    show(bus, "lc709203f", {"09": voltage, "0f": charge, "08": celsius})
    ours = read(bus, "lc709203f").values

    if "battery_voltage" in ours:
        assert ours["battery_voltage"] == pytest.approx(theirs.cell_voltage, abs=1e-9)
    if "state_of_charge" in ours:
        assert ours["state_of_charge"] == pytest.approx(min(theirs.cell_percent, 100.0), abs=1e-9)
    if "battery_temperature" in ours:
        assert ours["battery_temperature"] == pytest.approx(theirs.cell_temperature, abs=1e-9)


def test_an_oracle_that_resets_the_gauge_is_not_copied(bus: SimulatedBus, oracle: Oracle) -> None:
    """adafruit_max1704x resets the gauge when it is made; a hundred polls of ours do not."""
    address = attach(bus, "max17048")
    oracle("adafruit_max1704x").MAX17048(Busio(bus))
    chip = bus.chip(address)
    assert isinstance(chip, RegisterChip)
    by_theirs = chip.resets
    for _ in range(100):
        read(bus, "max17048")

    assert (1, 1) == (by_theirs, chip.resets)
