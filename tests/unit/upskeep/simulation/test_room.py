"""The room model, its sensor and its faults: physics that holds, and loops that stay safe."""

from __future__ import annotations

import math

import pytest

from shared.climate.room import RoomModel, air_of, pass_time
from shared.climate.room_devices import SENSOR, Sensed, SensorFault, sense, shown
from shared.climate.room_presets import FAN, HEATER, PRESETS, TENT, WIDE, zone_with
from upskeep.simulation.figures import figures
from upskeep.simulation.loop import Fault, Setup, run

HALL = air_of(25.0, 55.0)


@pytest.mark.parametrize(
    ("lit", "fan", "celsius", "percent"), [(1, 0, 29.4, 80), (1, 1, 27.1, 57), (0, 0, 24.4, 88), (0, 1, 23.9, 64)]
)
def test_the_tent_comes_to_rest_where_the_real_one_did(lit: int, fan: int, celsius: float, percent: float) -> None:
    """Measured: 29.5 °C and 78 %, 27.2 and 64, 24.2 and 92, 23.8; within 1 °C and 8 %."""
    room = air_of(25.0, 60.0)
    for _ in range(3000):
        room = pass_time(room, TENT, HALL, {"exhaust": float(fan)}, 10.0, float(lit))

    assert celsius == pytest.approx(room.celsius, abs=0.6)
    assert percent == pytest.approx(room.percent, abs=2)


def test_a_longer_step_comes_to_the_same_place() -> None:
    """Each step relaxes exactly: ten minutes at once are close to sixty steps of ten seconds."""
    short = long = air_of(22.0, 50.0)
    for _ in range(60):
        short = pass_time(short, TENT, HALL, {"exhaust": 1.0}, 10.0, 1.0)
    long = pass_time(long, TENT, HALL, {"exhaust": 1.0}, 600.0, 1.0)

    assert short.celsius == pytest.approx(long.celsius, abs=0.1)
    assert short.percent == pytest.approx(long.percent, abs=2.5)


def test_a_closed_room_without_plants_keeps_its_water_and_never_holds_more_than_it_can() -> None:
    """Until it is cooled below its dew point."""
    box = RoomModel(volume_m3=1, heat_kj_k=10, loss_w_k=10, leak_per_h=0)
    room = start = air_of(25.0, 80.0)
    for _ in range(600):
        room = pass_time(room, box, air_of(10.0, 50.0), {}, 10.0)

    assert room.celsius == pytest.approx(10.0, abs=0.1)
    assert room.percent == pytest.approx(100.0, abs=0.01)
    assert room.water_kg_m3 < start.water_kg_m3


@pytest.mark.parametrize(
    ("kind", "sign"), [("heater", 1), ("cooler", -1), ("humidifier", -1), ("dehumidifier", 1), ("exhaust", 1)]
)
def test_each_device_moves_the_vpd_its_way(kind: str, sign: int) -> None:
    """Five minutes of it against five without, in a dry hall."""
    room = air_of(26.0, 60.0)
    with_it = without = room
    for _ in range(30):
        with_it = pass_time(with_it, TENT, air_of(24.0, 45.0), {kind: 1.0}, 10.0, 1.0)
        without = pass_time(without, TENT, air_of(24.0, 45.0), {}, 10.0, 1.0)

    assert sign * (with_it.deficit_kpa - without.deficit_kpa) > 0.1


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (SensorFault.DROPOUT, None), (SensorFault.STUCK, (20.0, 50.0)), (SensorFault.CRC, None),
    ],
)  # fmt: skip
def test_a_broken_sensor_shows_its_fault(fault: SensorFault, expected: tuple[float, float] | None) -> None:
    """Nothing, or for ever what it showed."""
    assert expected == shown(Sensed(30.0, 70.0), SENSOR, 7, 1, fault, (60.0, Sensed(20.0, 50.0)))


def test_a_sensor_lags_drifts_spikes_and_goes_blind() -> None:
    """Sixty-three percent within its time constant; one percent an hour."""
    one = sense(Sensed(20.0, 50.0), air_of(30.0, 50.0), SENSOR, SENSOR.lag_c_s)
    assert one.celsius == pytest.approx(26.32, abs=0.01)
    drifted = shown(Sensed(20.0, 50.0), SENSOR, 1, 1, SensorFault.DRIFT, (7200.0, one))
    spiked = shown(Sensed(20.0, 50.0), SENSOR, 6, 1, SensorFault.SPIKE)
    blind = shown(Sensed(20.0, 50.0), SENSOR, 1, 1, SensorFault.NAN)
    assert drifted is not None and spiked is not None and blind is not None  # noqa: PT018
    assert drifted[1] == pytest.approx(52.0, abs=0.5)
    assert spiked[0] > 34
    assert all(map(math.isnan, blind))


@pytest.mark.parametrize("fault", [SensorFault.DROPOUT, SensorFault.NAN])
def test_a_sensor_that_goes_blind_leaves_the_heater_off_within_a_tick(fault: SensorFault) -> None:
    """It ran when the sensor went."""
    zone = zone_with(FAN, HEATER, limits=WIDE)
    setup = Setup(zone, PRESETS["cellar"].model, PRESETS["cellar"].weather, faults=(Fault(fault, 7200.0, 9000.0),))

    ticks = list(run(setup, 3 * 3600.0))
    before = [tick.running["heater"].level for tick in ticks if 3600 < tick.at_s < 7200]
    blind = [tick.running["heater"].level for tick in ticks if 7200 <= tick.at_s < 9000]
    after = [tick.running["heater"].level for tick in ticks if tick.at_s > 9060]

    assert 1.0 in before
    assert {0.0} == set(blind)
    assert 1.0 in after


def test_a_run_is_a_function_of_its_seed() -> None:
    """Twice the same, and another with another."""
    tent = PRESETS["tent"]
    one, again, other = (
        figures(run(Setup(tent.zone, tent.model, tent.weather, seed=seed), 7200.0), tent.zone, 600.0)
        for seed in (1, 1, 2)
    )

    assert one == again
    assert one != other
