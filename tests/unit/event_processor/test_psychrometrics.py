"""Moist air, against ASHRAE's own formulas in psychrolib."""

from importlib.util import find_spec
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.climate.psychrometrics import (
    absolute_humidity_g_m3,
    deficit_kpa,
    dew_point_c,
    leaf_deficit_kpa,
    saturation_kpa,
)
from tests.conftest import Require
from tests.support.scenarios import configured, frame, run

PRESSURE_PA = 101325
GRID = [(t / 2, rh) for t in range(20, 81) for rh in range(10, 100, 3)]  # 10 to 40 °C, 10 to 97 %


@pytest.fixture(scope="module")
def ashrae() -> ModuleType:
    """The formulas of psychrolib, in SI units."""
    Require().that(find_spec("psychrolib"), "psychrolib is not installed here (make .venv/.oracles)")
    import psychrolib

    psychrolib.SetUnitSystem(psychrolib.SI)
    return psychrolib


def test_the_deficit_is_ashraes_within_a_twentieth_of_a_percent(ashrae: ModuleType):
    """From 10 to 40 °C and from 10 to 97 %."""
    worst = 0.0
    for celsius, humidity in GRID:
        ratio = ashrae.GetHumRatioFromRelHum(celsius, humidity / 100, PRESSURE_PA)
        expected = ashrae.GetVaporPressureDeficit(celsius, ratio, PRESSURE_PA) / 1000
        worst = max(worst, abs(deficit_kpa(celsius, humidity) / expected - 1))

    assert worst <= 0.0005


def test_saturated_air_has_no_deficit():
    """At 100 %: exactly none."""
    assert [0.0] == list({deficit_kpa(celsius, 100) for celsius in range(10, 41)})


def test_the_dew_point_is_ashraes_above_freezing(ashrae: ModuleType):
    """Below it ASHRAE gives the frost point."""
    for celsius, humidity in GRID:
        expected = ashrae.GetTDewPointFromRelHum(celsius, humidity / 100)
        if expected > 0.01:
            assert pytest.approx(expected, abs=0.01) == dew_point_c(celsius, humidity)


def test_the_water_in_the_air_is_ashraes(ashrae: ModuleType):
    """Humidity ratio by the volume of moist air."""
    for celsius, humidity in GRID:
        ratio = ashrae.GetHumRatioFromRelHum(celsius, humidity / 100, PRESSURE_PA)
        expected = 1000 * ratio / ashrae.GetMoistAirVolume(celsius, ratio, PRESSURE_PA)
        # ASHRAE's volume takes 287.042 J/(kg K) for dry air, a ratio of 0.621945
        assert pytest.approx(expected, rel=0.001) == absolute_humidity_g_m3(celsius, humidity)


@given(st.floats(-20, 60), st.floats(0.5, 100))
def test_air_at_its_dew_point_is_saturated(celsius: float, humidity: float):
    """The dew point is the inverse of the vapour pressure."""
    dew = dew_point_c(celsius, humidity)

    assert dew is not None
    assert pytest.approx(saturation_kpa(celsius) * humidity / 100, rel=1e-9) == saturation_kpa(dew)


def test_dry_air_has_no_dew_point():
    """And no water."""
    assert (None, 0.0) == (dew_point_c(20, 0), absolute_humidity_g_m3(20, 0))


@pytest.mark.parametrize("leaf_c", [20, 22, 23, 24, 25, 26, 27])
def test_the_deficit_at_the_leaf_is_ashraes(leaf_c: float, ashrae: ModuleType):
    """The leaf's saturation less the air's vapour, 25 °C and 60 %; within 2 Pa."""
    expected = (ashrae.GetSatVapPres(leaf_c) - ashrae.GetVapPresFromRelHum(25, 0.6)) / 1000

    assert pytest.approx(expected, abs=0.002) == leaf_deficit_kpa(25, 60, leaf_c)


def test_a_wet_leaf_is_negative_and_not_cut_off():
    """Leaf 5 °C below air of 90 %: dew falls on it."""
    assert leaf_deficit_kpa(25, 90, 20) < 0


def test_states_show_what_the_air_is_like():
    """Worked out of one poll's temperature and humidity; the leaf's only where somebody says how warm it is."""
    air = frame(0, "room", air_temperature=25, relative_humidity=60)
    _, state = run([air])
    _, offset = run([air], configured(DEVICES__ROOM__LEAF_OFFSET_C="-2"))
    _, measured = run([air.model_copy(update={"values": {**air.values, "leaf_temperature": 23.0}})])

    assert (1.267, 16.7, 13.82) == tuple(
        state.values[name] for name in ("vapour_pressure_deficit", "dew_point", "absolute_humidity")
    )
    assert "leaf_vapour_pressure_deficit" not in state.values
    assert 0.909 == offset.values["leaf_vapour_pressure_deficit"] == measured.values["leaf_vapour_pressure_deficit"]


def test_a_chips_own_deficit_goes_before_ours():
    """One reading, one event."""
    events, _ = run([frame(0, "room", air_temperature=25, relative_humidity=60, vapour_pressure_deficit=1.3)])

    assert [1.3] == [event.data["value"] for event in events if event.type == "sensor.vpd"]
