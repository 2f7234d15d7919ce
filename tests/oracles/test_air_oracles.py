"""Sensors of the air agree with independent drivers, for whatever they measure."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.sensor_reader.adapters.simulated.bus import SimulatedBus
from tests.oracles.conftest import Oracle
from tests.oracles.ours import attach, read, show
from tests.oracles.wires import Busio

any_contents = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@any_contents
@given(payload=st.binary(min_size=4, max_size=4))
def test_sht4x_agrees_with_adafruit(bus: SimulatedBus, oracle: Oracle, payload: bytes) -> None:
    """Temperature within what counts as air, and humidity held to 0…100 as they hold it."""
    address = attach(bus, "sht4x")
    theirs = oracle("adafruit_sht4x").SHT4x(Busio(bus), address)
    show(bus, "sht4x", {"fd": payload})
    temperature, humidity = theirs.measurements
    ours = read(bus, "sht4x").values

    assert ours["relative_humidity"] == pytest.approx(humidity, abs=1e-9)
    if -40 <= temperature <= 85:
        assert ours["air_temperature"] == pytest.approx(temperature, abs=1e-9)
