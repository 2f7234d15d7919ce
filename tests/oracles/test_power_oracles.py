"""Monitors and gauges agree with independent drivers, for whatever stands in the registers."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.sensor_reader.adapters.simulated.bus import SimulatedBus
from services.sensor_reader.core.chips.reading import Mount
from tests.oracles.conftest import Oracle
from tests.oracles.ours import attach, read, show
from tests.oracles.wires import Busio

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
