"""The simulator: the same frames every time, from any place on, and each scenario causes what it is for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import groupby, islice
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.sensor_reader.adapters.simulated.fault_scenarios import FAULTS
from services.sensor_reader.adapters.simulated.greenhouse import SOIL
from services.sensor_reader.adapters.simulated.room import Room, Tending, pass_time, saturation_kpa
from services.sensor_reader.adapters.simulated.scenarios import SCENARIOS
from services.sensor_reader.adapters.simulated.script import Phase
from services.sensor_reader.adapters.simulated.world import Conditions, Pack, World, advance, noise, open_circuit_v
from services.sensor_reader.adapters.sources.simulation import Simulation
from services.sensor_reader.core.chips import AIR, CHIPS, LIGHT_AND_SOIL
from services.sensor_reader.core.chips.mount import Mount
from services.sensor_reader.core.polling.device import ChipPart, Device
from services.sensor_reader.core.sources.feed import Item, SourcePosition
from services.sensor_reader.settings import load
from shared.messages import Frame, Quality

START = datetime(2026, 1, 1, 12, tzinfo=UTC)
SHIPPED = load(Path(__file__).parents[3] / "config", {})
BLIND = ("ups_lite_1_2", "ups_lite_1_3")  # a gauge, and a mains line that is not known


def simulation(name: str, cycles: int | None = 1, board: str | None = None) -> Simulation:
    """On ``board``, else on the script's own, else on the shipped one."""
    script = SCENARIOS[name]
    devices = script.devices or SHIPPED.simulated(script.step_s, board or script.board)
    return Simulation(script, devices, cycles)


@cache
def once(name: str) -> list[Item]:
    return list(simulation(name).items(SourcePosition(0, START)))


def played(name: str, device: str = "ups", board: str | None = None) -> list[Frame]:
    items = once(name) if board is None else simulation(name, board=board).items(SourcePosition(0, START))
    return [item.content for item in items if isinstance(item.content, Frame) and item.content.device == device]


@cache
def three_cycles(name: str) -> list[Item]:
    return list(simulation(name, cycles=3).items(SourcePosition(0, START)))


def seconds(name: str, channel: str, *, value: bool) -> list[float]:
    """Return how long each spell lasted in which the channel was ``value``."""
    script = SCENARIOS[name]
    spells = groupby(played(name), key=lambda frame: frame.values[channel])
    return [len(list(spell)) * script.step_s for shown, spell in spells if shown is value]


@pytest.mark.parametrize("name", SCENARIOS)
def test_two_playings_are_the_same_bit_for_bit(name: str) -> None:
    """Frames follow from scenario, start and step alone."""
    first, second = (
        [repr(item.content) for item in items]
        for items in (once(name), simulation(name).items(SourcePosition(0, START)))
    )

    assert first == second
    assert len(first) > 100


LONG = ("full_cycle", "greenhouse_day")


@pytest.mark.parametrize("name", [name for name in SCENARIOS if name not in LONG])
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_playing_goes_on_anywhere(name: str, data: st.DataObject) -> None:
    """From any place of three cycles, what follows is what would have followed."""
    whole = three_cycles(name)
    position = data.draw(st.integers(0, len(whole)))

    assert whole[position : position + 40] == list(
        islice(simulation(name, cycles=3).items(SourcePosition(position, START)), 40)
    )


@pytest.mark.parametrize("name", LONG)
def test_the_long_ones_go_on_anywhere_too(name: str) -> None:
    """At their ends and in the middle: from the middle on to the end, from the beginning for a while."""
    whole = once(name)

    for position in (0, 1):
        follows = simulation(name).items(SourcePosition(position, START))
        assert whole[position : position + 1000] == list(islice(follows, 1000))
    for position in (len(whole) // 2, len(whole) - 1, len(whole)):
        assert whole[position:] == list(simulation(name).items(SourcePosition(position, START)))


def test_cycles_repeat_and_time_goes_on() -> None:
    """The second cycle is the first, one length later; for ever when no number is given."""
    script = SCENARIOS["outage"]
    first = once("outage")
    later = islice(simulation("outage", cycles=None).items(SourcePosition(0, START)), 7 * len(first), 8 * len(first))
    shift = timedelta(seconds=7 * script.lasts_s)

    def shifted(item: Item) -> Item:
        assert isinstance(item.content, Frame)
        return Item(item.position + 7 * len(first), item.content.model_copy(update={"time": item.content.time + shift}))

    assert [shifted(item) for item in first] == list(later)


def test_an_outage_is_seen_soon_and_is_over_soon() -> None:
    """Somebody who watches at speed 1 sees mains go within 10 s and come back within two minutes."""
    mains = [frame.values["ac_present"] for frame in played("outage")]

    assert mains.index(False) <= 10
    assert seconds("outage", "ac_present", value=False) == [75.0]
    assert all(mains[90:])


def test_an_outage_makes_the_battery_sag_and_come_back() -> None:
    """Below 3.6 V but not 3.4 V for longer than the rules' dwell, then above 3.7 V."""
    voltages = [float(frame.values["battery_voltage"]) for frame in played("outage")]

    assert 3.4 < min(voltages) < 3.6
    assert min(voltages[-60:]) > 3.7


def test_a_full_cycle_goes_below_critical_and_back_to_full() -> None:
    """From 4.2 V to under 3.4 V (never under the board's cut-off of 3.2 V) and to 4.15 V again, in six hours."""
    frames = played("full_cycle")
    voltages = [float(frame.values["battery_voltage"]) for frame in frames]

    assert pytest.approx(voltages[0], abs=0.01) == 4.2
    assert 3.2 < min(voltages) < 3.4
    assert voltages[-1] > 4.15
    assert frames[-1].time - frames[0].time > timedelta(hours=5)


def test_flapping_mains_are_many_blips_and_a_few_outages() -> None:
    """Twenty spells of a second, four of twenty."""
    spells = seconds("flapping_mains", "ac_present", value=False)

    assert (spells.count(1.0), spells.count(20.0)) == (20, 4)
    assert len(spells) == 24


def test_a_brownout_drains_the_battery_although_mains_are_there() -> None:
    """The voltage falls while ac_present is true; the deepest dips are blips."""
    frames = played("brownout")
    with_mains = [float(frame.values["battery_voltage"]) for frame in frames if frame.values["ac_present"]]

    assert min(with_mains) < with_mains[0] - 0.03
    assert seconds("brownout", "ac_present", value=False) == [1.0, 1.0]


def test_i2c_faults_are_reported_once_a_poll_and_hidden_where_a_retry_helps() -> None:
    """Bursts of NACKs and timeouts, the chip gone for 45 s, and everything fine at the end."""
    frames = played("i2c_faults")
    codes = [error.code for frame in frames for error in frame.errors]

    assert all(len(frame.errors) <= 1 for frame in frames)
    assert (codes.count("nack"), codes.count("timeout")) == (49, 2)
    assert all(frame.quality is Quality.GOOD for frame in frames[5:10])
    assert all(frame.quality is Quality.GOOD for frame in frames[-30:])
    assert all("battery_voltage" not in frame.values for frame in frames if frame.errors)


def test_an_overheated_processor_stays_hot_for_minutes_and_cools() -> None:
    """Above 60 °C for longer than three minutes in one go, and below 55 °C at the end."""
    hot = [float(frame.values["cpu_temperature"]) > 60 for frame in played("overheat", "host")]

    assert [len(list(spell)) > 180 for shown, spell in groupby(hot) if shown] == [True]
    assert float(played("overheat", "host")[-1].values["cpu_temperature"]) < 55


@pytest.mark.parametrize("name", SCENARIOS)
def test_only_scenarios_of_faults_have_errors(name: str) -> None:
    """Nothing simulated is implausible; torn words are read until they agree."""
    faulty = {"i2c_faults", *(script.name for script in FAULTS)} - {"torn_words"}
    assert (name in faulty) == any(frame.errors for frame in played(name))


@pytest.mark.parametrize("board", SHIPPED.boards)
def test_every_shipped_board_can_be_simulated(board: str) -> None:
    """All boards see the outage in their own way: by a line, a register, or the sign of the current; two cannot."""
    frames = played("outage", board=board)
    before, during = frames[3].values, frames[30].values

    if "ac_present" in before:
        assert (before["ac_present"], during["ac_present"]) == (True, False)
    elif board not in BLIND:
        assert float(before["battery_current"]) > 0.1
        assert float(during["battery_current"]) < -0.1
    cells = SHIPPED.boards[board].cells
    assert ("cell_voltage" in before) == (cells > 1)
    assert 3.4 < float(during["battery_voltage"]) / cells < float(before["battery_voltage"]) / cells < 4.2


@pytest.mark.parametrize("board", SHIPPED.boards)
def test_a_full_cycle_empties_and_fills_the_pack_of_every_board(board: str) -> None:
    """Cells in series or in parallel feel the same."""
    cells = SHIPPED.boards[board].cells
    voltages = [float(frame.values["battery_voltage"]) / cells for frame in played("full_cycle", board=board)]

    assert 3.2 < min(voltages) < 3.4
    assert voltages[-1] > 4.15


@given(st.floats(0, 1), st.floats(0.1, 20), st.booleans())
def test_a_pack_sags_under_load_and_lifts_while_charging(charge: float, load_w: float, mains: bool) -> None:
    """Discharge: below the rested voltage and charge falls. Charge: not below it and charge does not fall."""
    after = advance(World(charge), Pack(), Conditions(mains=mains, load_w=load_w), 1.0)

    if mains:
        assert open_circuit_v(charge) <= after.voltage_v <= 4.2 + 1e-9
        assert after.charge >= charge
    else:
        assert after.voltage_v < open_circuit_v(charge)
        assert after.charge <= charge


def test_noise_is_spread_and_repeatable() -> None:
    """Within -1 to 1, about even, and the same for the same step."""
    many = [noise(step, 0) for step in range(10_000)]

    assert many == [noise(step, 0) for step in range(10_000)]
    assert -1 <= min(many) < -0.99
    assert 0.99 < max(many) <= 1
    assert abs(sum(many) / len(many)) < 0.02


@cache
def day(device: str) -> list[Frame]:
    return played("greenhouse_day", device)


def column(device: str, channel: str) -> list[float]:
    """Return a channel of the day, a value a minute."""
    return [float(frame.values[channel]) for frame in day(device)]


def test_a_day_under_glass_is_a_day() -> None:
    """Dark at night, brightest about noon; warm after noon and cold before dawn; every minute a look."""
    light, air = column("light", "illuminance"), column("climate", "air_temperature")

    assert len(light) == len(air) == 1440
    assert max(light[15 * 60 : 23 * 60]) == 0.0
    assert 4 * 60 < light.index(max(light)) < 10 * 60
    assert 30_000 < max(light) < 54_612
    assert 6 * 60 < air.index(max(air)) < 8.5 * 60
    assert min(air) < 10


def test_gas_that_is_let_in_is_breathed_in_again_by_the_plants() -> None:
    """Above 1500 ppm for most of an hour, and below the air's 420 at noon."""
    co2 = column("co2", "co2")

    assert 30 < sum(value > 1500 for value in co2) < 80
    assert min(co2) < 350
    assert len(co2) == 1438  # the first two looks found the sensor idle, and then started it


def test_vents_that_stay_shut_at_noon_dry_the_air() -> None:
    """The deficit passes 2 kPa while they are shut, and is below 1 kPa in the morning and at night."""
    climate = [(float(f.values["air_temperature"]), float(f.values["relative_humidity"])) for f in day("climate")]
    deficits = [saturation_kpa(celsius) * (1 - percent / 100) for celsius, percent in climate]

    assert max(deficits[360:480]) > 2.0
    assert max(deficits[:120] + deficits[15 * 60 :]) < 1.0
    assert all(0 <= percent <= 100 for _, percent in climate)


def test_soil_dries_by_day_and_is_watered_twice() -> None:
    """Two climbs of ten percent and more within a quarter of an hour."""
    soil = column("bed", "soil_moisture")
    climbs = [index for index in range(15, len(soil)) if soil[index] - soil[index - 15] > 10]

    assert [len(list(spell)) > 0 for _, spell in groupby(enumerate(climbs), key=lambda at: at[1] - at[0])] == [True] * 2
    assert min(soil) > 40


@pytest.mark.parametrize("kind", [chip.kind for chip in (*AIR, *LIGHT_AND_SOIL)])
def test_every_sensor_of_the_air_can_be_put_into_the_room(kind: str) -> None:
    """And shows its air, light or soil, without an error, for a morning."""
    chip = CHIPS[kind]
    mount = SOIL if kind == "ads1115" else Mount("air" if "air" in chip.measures else None)
    device = Device("room", (ChipPart(chip.on(mount), 1, chip.addresses[0], mount),), 60.0)
    script = replace(SCENARIOS["greenhouse_day"], phases=(Phase(2 * 3600.0),))
    frames = [item.content for item in Simulation(script, (device,)).items(SourcePosition(0, START))]
    room = script.room
    for _ in range(script.steps):
        room = pass_time(room, Tending(), script.step_s)
    truth = {
        "air_temperature": (room.air_c, 0.2), "relative_humidity": (room.humidity, 0.5), "co2": (room.co2_ppm, 10),
        "illuminance": (room.light_lx, 0.02 * room.light_lx), "soil_moisture": (room.soil_percent, 0.5),
        "air_pressure": (1009.0, 0.1),
    }  # fmt: skip

    assert len(frames) >= script.steps - 2
    assert isinstance(frames[-1], Frame)
    assert all(isinstance(frame, Frame) and not frame.errors for frame in frames)
    assert frames[-1].values
    for channel, value in frames[-1].values.items():
        right, within = truth[channel]
        assert value == pytest.approx(right, abs=within), channel


@given(st.floats(-5, 45), st.floats(5, 95), st.floats(0, 24, exclude_max=True), st.floats(0, 1))
def test_no_room_holds_more_water_than_its_air_can(celsius: float, percent: float, hour: float, vents: float) -> None:
    """And carbon dioxide is never gone, light never negative."""
    room = Room(hour, celsius, saturation_kpa(celsius) * percent / 100)
    for _ in range(30):
        room = pass_time(room, Tending(vents=vents, fog_kpa_s=0.002), 60.0)

    assert 0 < room.humidity <= 97.0 + 1e-9
    assert room.co2_ppm >= 150
    assert room.light_lx >= 0
