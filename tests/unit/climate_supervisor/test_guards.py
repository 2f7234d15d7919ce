"""Each guard on its own: what it forbids, what it lets pass, and its edge."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from services.climate_supervisor.core.guards import Case, LevelDemand, Stop, judge
from services.climate_supervisor.core.measured import Measured
from services.climate_supervisor.core.reasons import Reason
from services.climate_supervisor.core.shadow import UNKNOWN
from shared.actuators import KINDS, ActuatorKind, Measure
from tests.support.climate_room import ONE_SENSOR, TICK_S, TWO_SENSORS, Room, bind

QUICK = {"min_on_s": 0, "min_off_s": 0}
SOON_S = 40.0


def room_of(kind: str, sensors: Any = ONE_SENSOR, zone: dict[str, Any] | None = None, **settings: Any) -> Room:
    """A room with one actuator, whose sensors have warmed up."""
    room = Room({"it": {"kind": kind, **QUICK, **settings}}, sensors, **(zone or {}))
    room.wobble = lambda _: 0.0
    room.demand(it=0.0)
    room.go(30)
    return room


def after(room: Room, seconds: float = SOON_S, **values: float) -> str:
    """Return the reason once a measure has been that for a while, with the actuator demanded on."""
    room.values["air"] |= values
    room.go(5 * TICK_S)
    room.demand(it=1.0)
    room.go(seconds)
    return room.reason("it")


@pytest.mark.parametrize(
    ("kind", "values", "reason", "level"),
    [
        ("heater", {"air_temperature": 35.0}, "too_hot", 0),
        ("heater", {"air_temperature": 34.9}, "demanded", 1),
        ("cooler", {"air_temperature": 5.0}, "too_cold", 0),
        ("cooler", {"air_temperature": 5.1}, "demanded", 1),
        ("exhaust", {"air_temperature": 5.0}, "too_cold", 0),
        ("exhaust", {"air_temperature": 34.9}, "demanded", 1),
        ("humidifier", {"relative_humidity": 90.0}, "too_humid", 0),
        ("humidifier", {"relative_humidity": 89.9}, "demanded", 1),
        ("dehumidifier", {"relative_humidity": 20.0}, "too_dry", 0),
        ("dehumidifier", {"relative_humidity": 20.1}, "demanded", 1),
        ("co2", {"co2": 1500.0}, "co2_enough", 0),
        ("co2", {"co2": 1499.0}, "demanded", 1),
        ("pump", {"soil_moisture": 60.0}, "moist_enough", 0),
        ("pump", {"soil_moisture": 59.0}, "demanded", 1),
        ("light", {"air_temperature": 34.9}, "demanded", 1),
        ("circulation", {"air_temperature": 34.9}, "demanded", 1),
    ],
)
def test_a_limit_forbids_what_would_carry_the_air_further(
    kind: str, values: dict[str, float], reason: str, level: float
) -> None:
    """At the limit it is forbidden, just within it is not. OpenGrowBox's third defect had these signs inverted."""
    room = room_of(kind, {**ONE_SENSOR, "moisture": [{"device": "air"}]})
    assert (reason, level) == (after(room, **values), room.level("it"))


def test_a_violation_is_one_event_however_long_it_stands() -> None:
    """And again when it begins anew."""
    room = room_of("heater")
    after(room, 120, air_temperature=36.0)
    assert ["safety.violation"] == room.types("safety")
    room.values["air"]["air_temperature"] = 30.0
    room.go(120)
    after(room, air_temperature=36.0)
    assert ["safety.violation"] * 2 == room.types("safety")
    assert {"rule": "too_hot", "device_id": "it", "zone": "tent", "action": "off"}.items() <= next(
        event.data for event in room.events if event.type == "safety.violation"
    ).items()


@pytest.mark.parametrize("value", [42.0, 84.9, 120.0, 1e6])
def test_heat_is_an_emergency_and_never_discarded(value: float) -> None:
    """Also where it is beyond what the sensor can measure: OpenGrowBox's first defect dropped what is above 40 °C."""
    room = Room({"heater": {"kind": "heater", **QUICK}, "lamp": {"kind": "light"}, "fan": {"kind": "exhaust"}})
    room.wobble = lambda _: 0.0
    room.demand(heater=1.0, lamp=1.0, fan=0.0)
    room.go(60)
    assert (1, 1) == (room.level("heater"), room.level("lamp"))
    room.values["air"]["air_temperature"] = value
    room.tick()
    assert ["system.emergency"] == room.types("system")
    assert (0, 0, 1) == (room.level("heater"), room.level("lamp"), room.level("fan"))


def test_a_little_less_is_no_emergency() -> None:
    """The lamp stays; the heater went off at the limit."""
    room = Room({"heater": {"kind": "heater", **QUICK}, "lamp": {"kind": "light"}})
    room.wobble = lambda _: 0.0
    room.demand(heater=1.0, lamp=1.0)
    room.go(60)
    room.values["air"]["air_temperature"] = 41.99
    room.go(60)
    assert ([], 0, 1) == (room.types("system"), room.level("heater"), room.level("lamp"))


def test_a_second_sensor_disproves_heat() -> None:
    """It is believed and within the limit, so there is no emergency."""
    room = Room({"lamp": {"kind": "light"}}, TWO_SENSORS)
    room.demand(lamp=1.0)
    room.go(30)
    room.values["air"]["air_temperature"] = 85.0
    room.go(30)
    assert ([], 1) == (room.types("system"), room.level("lamp"))
    room.silent.add("spare")
    room.until(lambda: room.level("lamp") == 0, 60 + 2 * TICK_S)


def test_an_emergency_ends_by_a_cool_reading_and_not_by_silence() -> None:
    """The sensor that burnt says nothing more."""
    room = Room({"lamp": {"kind": "light"}})
    room.demand(lamp=1.0)
    room.go(30)
    room.values["air"]["air_temperature"] = 50.0
    room.go(10)
    room.silent.add("air")
    room.go(900)
    assert "heat_emergency" == room.reason("lamp")
    assert ["system.emergency"] == room.types("system")
    room.silent.clear()
    room.values["air"]["air_temperature"] = 34.0
    room.until(lambda: room.level("lamp") == 1, 10 * TICK_S)


ALL_KINDS = {
    kind.value: {"kind": kind.value, **QUICK} for kind in ActuatorKind if kind not in ("cooler", "dehumidifier")
}


@pytest.mark.parametrize(("policy", "exhaust"), [("stopped", 0.0), ("running", 1.0), ("safe", 0.3)])
def test_an_emergency_stop_stops_everything_and_stays(policy: str, exhaust: float) -> None:
    """It beats every demand; the exhaust's policy is the zone's. Only a reset ends it."""
    kinds = {name: {**settings, "steps": 10} for name, settings in ALL_KINDS.items()}
    room = Room(kinds, {**ONE_SENSOR, "moisture": [{"device": "air"}]}, exhaust_on_stop=policy)
    room.values["air"]["soil_moisture"] = 30.0
    room.demand(**dict.fromkeys(kinds, 1.0))
    room.go(60)
    room.stop("all")
    room.tick()
    levels = {name: room.level(name) for name in kinds}
    assert {**dict.fromkeys(kinds, 0.0), "exhaust": exhaust} == levels
    room.go(900)
    assert {"emergency_stop"} == {room.reason(name) for name in kinds}
    room.reset()
    room.go(30)
    assert 1 == room.level("heater")


def test_as_it_comes_a_stop_puts_fans_at_their_safe_level() -> None:
    """What heats is off, and its heat gets out; a circulation fan goes where its owner says that it is safe."""
    fans = {
        "fan": {"kind": "exhaust", "steps": 10, **QUICK},
        "mixer": {"kind": "circulation", "steps": 10, "safe": 0.5},
    }
    room = Room(fans | {"heater": {"kind": "heater", "safe": 1.0, **QUICK}})
    room.demand(fan=1.0, mixer=1.0, heater=1.0)
    room.go(60)
    room.stop()
    room.tick()
    assert (0.3, 0.5, 0.0) == (room.level("fan"), room.level("mixer"), room.level("heater"))


def test_a_stop_of_another_zone_is_not_this_ones() -> None:
    """Each zone has its own."""
    room = room_of("heater")
    room.stop("cellar")
    assert "demanded" == after(room)
    assert room.memory.stop_of("tent") is None
    room.stop("all")
    assert isinstance(room.memory.stop_of("tent"), Stop)


def test_gas_is_not_let_in_while_the_exhaust_is_not_off() -> None:
    """CO2 would be blown out."""
    room = Room({"gas": {"kind": "co2", **QUICK}, "fan": {"kind": "exhaust", **QUICK}})
    room.demand(gas=0.0, fan=1.0)
    room.go(30)
    room.demand(gas=1.0)
    room.go(30)
    assert ("venting", 0) == (room.reason("gas"), room.level("gas"))
    room.demand(fan=0.0)
    room.until(lambda: room.level("gas") == 1, 30.0)
    assert 0 == room.level("fan")


@pytest.mark.parametrize(
    ("bound", "on_s", "reason"),
    [
        ({"max_on_s": 30}, 30, "max_on"),
        ({"on_s_per_hour": 60}, 60, "hour_budget"),
        ({"on_s_per_day": 120}, 120, "day_budget"),
    ],
)
def test_an_actuator_is_on_no_longer_than_it_may(bound: dict[str, float], on_s: float, reason: str) -> None:
    """Mycodo's stuck float ran a pump all night: the on-time of a run, an hour and a day is bounded."""
    room = room_of("pump", **bound)
    room.demand(it=1.0)
    room.until(lambda: room.level("it") == 1, 10)
    lasted_s = room.until(lambda: room.level("it") == 0, on_s + 3 * TICK_S)
    assert abs(lasted_s - on_s) <= TICK_S
    assert [reason] == [event.data["rule"] for event in room.events if event.type == "safety.violation"]


def test_a_pulse_of_water_is_followed_by_a_pause() -> None:
    """The least interval is kept by the supervisor too, whatever is demanded."""
    room = Room({"pump": {"kind": "pump", "max_on_s": 10, "min_off_s": 600}})
    room.demand(pump=1.0)
    room.go(3600)
    runs = [event.data["duration"] for event in room.events if event.type == "device.action.executed"]
    assert 5 == len(runs)
    assert max(runs) <= 10 + TICK_S


def test_simulated_readings_switch_nothing_real() -> None:
    """Only an actuator of the simulator may follow them."""
    rules = Room({}).world.zones["tent"]
    measures = {measure: Measured(None, 20.0, 20.0, simulated=True) for measure in Measure}
    plug = bind("it", "tasmota", at={"topic": "plug"})
    case = Case(plug, rules, UNKNOWN, measures, 0.0, LevelDemand(1.0, 60.0, "c"))
    assert Reason.SIMULATED_READINGS is judge(case).reason
    assert Reason.DEMANDED is judge(replace(case, binding=bind("it", "simulated"))).reason


def test_every_kind_has_its_row_and_opposition_is_mutual() -> None:
    """Nothing that is dangerous is safe when it is on."""
    assert set(KINDS) == set(ActuatorKind)
    for kind, row in KINDS.items():
        assert row.opposes is None or KINDS[row.opposes].opposes is kind
        assert row.safe == 0 or kind is ActuatorKind.EXHAUST
