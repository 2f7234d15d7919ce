"""Sensors of the air, of light and of soil agree with independent drivers, for whatever they measure.

What we leave out is outside what the quantity can be; the rest is compared. No driver is known for an AHT10 alone: the
AHT20's serves, whose formulas are the same.
"""

from __future__ import annotations

import struct

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.sensor_reader.adapters.simulated.bus import SimulatedBus
from services.sensor_reader.core.chips.mount import Analog, Mount
from shared.quantities import QUANTITIES
from tests.oracles.conftest import Oracle
from tests.support.oracles.ours import attach, read, show
from tests.support.oracles.wires import Busio, Qwiic

any_contents = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
words = st.integers(0, 0xFFFF)


def same(channel: str, ours: object, theirs: float, within: float = 1e-9) -> None:
    """Hold a value against the oracle's, or its absence against what the quantity can be."""
    quantity = QUANTITIES[channel]
    if quantity.low + within <= theirs <= quantity.high - within:
        assert ours == pytest.approx(theirs, abs=within), channel
    elif not quantity.low - within <= theirs <= quantity.high + within:
        assert ours is None, channel


@any_contents
@given(payload=st.binary(min_size=4, max_size=4))
def test_sht4x_agrees_with_adafruit(bus: SimulatedBus, oracle: Oracle, payload: bytes) -> None:
    """Temperature within what counts as air, and humidity held to 0…100 as they hold it."""
    address = attach(bus, "sht4x")
    theirs = oracle("adafruit_sht4x").SHT4x(Busio(bus), address)
    show(bus, "sht4x", {"fd": payload})
    temperature, humidity = theirs.measurements
    ours = read(bus, "sht4x").values

    same("relative_humidity", ours.get("relative_humidity"), humidity)
    same("air_temperature", ours.get("air_temperature"), temperature)


@any_contents
@given(payload=st.binary(min_size=4, max_size=4))
def test_sht3x_agrees_with_adafruit(bus: SimulatedBus, oracle: Oracle, payload: bytes) -> None:
    """Both quantities, over all words."""
    address = attach(bus, "sht3x")
    theirs = oracle("adafruit_sht31d").SHT31D(Busio(bus), address)
    show(bus, "sht3x", {"2400": payload})
    temperature, humidity = theirs.temperature, theirs.relative_humidity
    ours = read(bus, "sht3x").values

    same("relative_humidity", ours.get("relative_humidity"), humidity)
    same("air_temperature", ours.get("air_temperature"), temperature)


@pytest.mark.parametrize("kind", ["aht20", "aht10"])
@any_contents
@given(payload=st.binary(min_size=5, max_size=5))
def test_aht_agrees_with_adafruit(bus: SimulatedBus, oracle: Oracle, kind: str, payload: bytes) -> None:
    """20 bits each. They take a humidity of raw 0; we do not."""
    address = attach(bus, kind)
    theirs = oracle("adafruit_ahtx0").AHTx0(Busio(bus), address)
    show(bus, kind, {"ac3300": bytes(1) + payload})
    temperature, humidity = theirs.temperature, theirs.relative_humidity
    ours = read(bus, kind).values

    if humidity:
        same("relative_humidity", ours.get("relative_humidity"), humidity)
    same("air_temperature", ours.get("air_temperature"), temperature)


# As a BME280 comes from the factory, about; then whatever bits there are.
TYPICAL = struct.pack("<HhhHhhhhhhhhxB", 28485, 26735, 50, 36738, -10635, 3024, 6980, -4, -7, 9900, -10230, 4285, 75)
TYPICAL_H = struct.pack("<hBbBbb", 370, 0, 19, 0x29, 3, 30)


@any_contents
@given(sensed=st.binary(min_size=8, max_size=8), nudged=st.lists(st.integers(-99, 99), min_size=12, max_size=12))
def test_bme280_agrees_with_adafruit(bus: SimulatedBus, oracle: Oracle, sensed: bytes, nudged: list[int]) -> None:
    """Trimmings around a real one: 0.01 °C, 0.01 hPa in 1000, 0.02 % of what floating point says."""
    numbers = struct.unpack("<HhhHhhhhhhhhxB", TYPICAL)
    trim = struct.pack("<HhhHhhhhhhhhxB", *(a + b for a, b in zip(numbers, nudged, strict=False)), numbers[-1])
    address = attach(bus, "bme280")
    show(bus, "bme280", {"88": trim, "e1": TYPICAL_H, "f201 f425 f3": bytes(4) + sensed})
    theirs = oracle("adafruit_bme280.basic").Adafruit_BME280_I2C(Busio(bus), address)
    temperature, pressure, humidity = theirs.temperature, theirs.pressure, theirs.humidity
    ours = read(bus, "bme280").values
    pressed, warm, damp = (int.from_bytes(sensed[a:b], "big") for a, b in ((0, 3), (3, 6), (6, 8)))

    if warm >> 4 != 0x80000:
        same("air_temperature", ours.get("air_temperature"), temperature, 0.011)
        if pressed >> 4 != 0x80000:
            same("air_pressure", ours.get("air_pressure"), pressure, 0.02)
        if damp != 0x8000:
            same("relative_humidity", ours.get("relative_humidity"), humidity, 0.03)


@any_contents
@given(co2=words, temperature=words, humidity=words)
def test_scd4x_agrees_with_adafruit_and_sensirion(
    bus: SimulatedBus, oracle: Oracle, co2: int, temperature: int, humidity: int
) -> None:
    """Sensirion's own formulas exactly; Adafruit divides by 65,536 and not by 65,535, which is 0.003 at most."""
    attach(bus, "scd4x")
    theirs = oracle("adafruit_scd4x").SCD4X(Busio(bus))
    makers = oracle("sensirion_i2c_scd4x.result_types")
    show(bus, "scd4x", {"ec05": struct.pack(">HHH", co2, temperature, humidity)})
    theirs.start_periodic_measurement()
    bus.wait(5)
    assert theirs.data_ready
    assert theirs.CO2 == co2
    bus.wait(5)
    ours = read(bus, "scd4x").values

    if co2:
        same("co2", ours.get("co2"), co2)
    same("air_temperature", ours.get("air_temperature"), theirs.temperature, 0.003)
    same("relative_humidity", ours.get("relative_humidity"), theirs.relative_humidity, 0.002)
    same("air_temperature", ours.get("air_temperature"), makers.SignalTemperature(temperature).value)
    same("relative_humidity", ours.get("relative_humidity"), makers.SignalRelativeHumidity(humidity).value)


@any_contents
@given(numbers=st.tuples(*[st.floats(-1e5, 1e5, width=32)] * 3))
def test_scd30_agrees_with_adafruit(bus: SimulatedBus, oracle: Oracle, numbers: tuple[float, ...]) -> None:
    """Three floats, to the bit; what no air has we leave out."""
    attach(bus, "scd30")
    theirs = oracle("adafruit_scd30").SCD30(Busio(bus))
    show(bus, "scd30", {"0300": struct.pack(">fff", *numbers)})
    bus.wait(2)
    co2, temperature, humidity = theirs.CO2, theirs.temperature, theirs.relative_humidity
    bus.wait(2)
    ours = read(bus, "scd30").values

    if co2:
        same("co2", ours.get("co2"), co2)
    same("air_temperature", ours.get("air_temperature"), temperature)
    same("relative_humidity", ours.get("relative_humidity"), humidity)


@any_contents
@given(light=st.binary(min_size=2, max_size=2))
def test_bh1750_agrees_with_adafruit(bus: SimulatedBus, oracle: Oracle, light: bytes) -> None:
    """At the same resolution; theirs measures on and on, ours once."""
    driver = oracle("adafruit_bh1750")
    address = attach(bus, "bh1750")
    show(bus, "bh1750", {"01 20": light})
    bus.write(address, b"\x01")
    theirs = driver.BH1750(Busio(bus), address)
    theirs.resolution = driver.Resolution.MID

    assert read(bus, "bh1750").values["illuminance"] == pytest.approx(theirs.lux, abs=1e-9)


@any_contents
@given(word=words)
def test_tmp102_agrees_with_sparkfun(bus: SimulatedBus, oracle: Oracle, word: int) -> None:
    """In both modes. Their negatives of the normal mode come out 4096 °C too high, and all ones as None."""
    address = attach(bus, "tmp102")
    theirs = oracle("qwiic_tmp102").QwiicTmp102Sensor(address, Qwiic(bus))
    show(bus, "tmp102", {"00": word.to_bytes(2, "big")})
    celsius = theirs.read_temp_c()
    ours = read(bus, "tmp102").values.get("board_temperature")

    if celsius is not None:
        same("board_temperature", ours, celsius - 4096 if celsius >= 2048 else celsius)


@any_contents
@given(word=words, number=st.integers(0, 3), range_v=st.sampled_from([6.144, 4.096, 2.048, 1.024, 0.512, 0.256]))
def test_ads1115_agrees_with_adafruit(
    bus: SimulatedBus, oracle: Oracle, word: int, number: int, range_v: float
) -> None:
    """Every input in every range; the ends of the range are no reading of ours."""
    driver, analog_in = oracle("adafruit_ads1x15.ads1115"), oracle("adafruit_ads1x15.analog_in")
    mount = Mount(analog=(Analog(number, f"ain{number}_voltage", range_v=range_v),))
    address = attach(bus, "ads1115")
    show(bus, "ads1115", {"": word.to_bytes(2, "big")}, mount)
    theirs = analog_in.AnalogIn(driver.ADS1115(Busio(bus), gain=GAIN[range_v], address=address), number)
    ours = read(bus, "ads1115", mount).values.get(f"ain{number}_voltage")

    if word not in (0x7FFF, 0x8000):
        assert ours == pytest.approx(theirs.value * range_v / 32768, abs=1e-6)
        assert ours == pytest.approx(theirs.voltage, abs=range_v / 32768)
    else:
        assert ours is None


GAIN = {6.144: 2 / 3, 4.096: 1, 2.048: 2, 1.024: 4, 0.512: 8, 0.256: 16}
