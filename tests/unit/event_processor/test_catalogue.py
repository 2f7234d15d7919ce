"""Every event type: an input that causes it, one just short of that, its end, its triggers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

import pytest

from services.event_processor.core.catalogue.data_shapes import mismatches
from services.event_processor.core.pipeline.candidates import Refusal, admit
from services.event_processor.core.process import triggers_of
from shared.messages import Candidate, Event, Frame, Quality, ReadError
from tests.support.scenarios import NACK, SHIPPED, START, at, configured, run

Spell = tuple[int, dict[str, object]]  # frames, a second apart, and what they say


@dataclass(frozen=True)
class Case:
    """Spells that cause it, spells just short, spells that end it (``ends`` is the type told then)."""

    cause: tuple[Spell, ...]
    short: tuple[Spell, ...]
    clear: tuple[Spell, ...] = ()
    ends: str | None = None
    environ: tuple[tuple[str, str], ...] = ()
    step_s: float = 1


def say(count: int, **values: object) -> Spell:
    """Return so many frames with these values; ``quality`` and ``code`` (of an error) are the frame's own."""
    return count, values


def level(channel: str, before: float, past: float, at_level: float, cleared: float, dwell: int, ends: str) -> Case:
    """Return the case of a level: told after ``dwell`` seconds past it, not a frame before, nor at the level itself."""
    return Case(
        (say(2, **{channel: before}), say(dwell + 1, **{channel: past})),
        (say(2, **{channel: before}), say(dwell, **{channel: past}), say(60, **{channel: at_level})),
        (say(80, **{channel: cleared}),),
        ends,
    )


def flag(channel: str, value: object, dwell: int, ends: str | None, calm: object = None) -> Case:
    """Return the case of a fact that must last."""
    rest = (not value) if calm is None else calm
    clear = (say(70, **{channel: rest}),) if ends else ()
    return Case(
        (say(2, **{channel: rest}), say(dwell + 1, **{channel: value})),
        (say(2, **{channel: rest}), *((say(dwell, **{channel: value}),) if dwell else ()), say(2, **{channel: rest})),
        clear,
        ends,
    )


MAINS, OUT = {"ac_present": True}, {"ac_present": False}
DRAIN = {"battery_current": -4.0}
FULL = {"charging": False, "state_of_charge": 99.5, **MAINS}
CHARGES = {"charging": True, "state_of_charge": 98.0, **MAINS}
AMPLE = (("DEVICES__UPS__CAPACITY_MAH", "1000"),)
WORN = (("DEVICES__UPS__CAPACITY_MAH", "10000"),)


def sinking(percents: Iterable[float]) -> tuple[Spell, ...]:
    """Return a discharge at 1.2 A; 30 s a frame, that is 10 mAh, by which the state of charge goes down as given."""
    return tuple(say(1, battery_current=-1.2, state_of_charge=percent) for percent in percents)


def trend(volts: float, per_hour: float, minutes: int) -> tuple[Spell, ...]:
    """Return a battery's voltage, a minute a frame."""
    return tuple(say(1, battery_voltage=volts + per_hour * minute / 60) for minute in range(minutes))


def over(channel: str, enter_s: int, clear_s: int) -> Case:
    """A word that was there is gone, for as long as its end wants."""
    was = say(enter_s + 1, **{channel: True})
    return Case((was, say(clear_s + 1, **{channel: False})), (was, say(clear_s, **{channel: False})))


CASES: dict[str, Case] = {
    "AC_POWER_LOSS": Case((say(2, **MAINS), say(3, **OUT)), (say(2, **MAINS), say(2, **OUT), say(9, **MAINS)),
                          (say(6, **MAINS),), "AC_POWER_RESTORED"),
    "AC_POWER_RESTORED": Case((say(2, **MAINS), say(3, **OUT), say(6, **MAINS)), (say(3, **OUT), say(5, **MAINS))),
    "POWER_BLIP": Case((say(2, **MAINS), say(2, **OUT), say(1, **MAINS)), (say(9, **MAINS),)),
    "POWER_INSUFFICIENT": Case((say(31, **MAINS, battery_current=-0.2),), (say(30, **MAINS, battery_current=-0.2),
                               say(9, **MAINS, battery_current=0.0)), (say(31, **MAINS, battery_current=0.0),),
                               "POWER_SUFFICIENT"),
    "POWER_SUFFICIENT": Case((say(31, **MAINS, battery_current=-0.2), say(31, **MAINS, battery_current=0.0)),
                             (say(31, **MAINS, battery_current=-0.2), say(99, **MAINS, battery_current=-0.07))),
    "STARTED_ON_BATTERY": Case((say(3, **OUT),), (say(1, **MAINS), say(9, **OUT))),
    "DC_OUTPUT_LOSS": flag("output_on", False, 30, "DC_OUTPUT_RESTORED"),
    "DC_OUTPUT_RESTORED": Case((say(31, output_on=False), say(6, output_on=True)),
                               (say(31, output_on=False), say(5, output_on=True))),
    "FORCED_SHUTDOWN": flag("forced_shutdown", True, 0, "FORCED_SHUTDOWN_CLEARED"),
    "FORCED_SHUTDOWN_CLEARED": over("forced_shutdown", 0, 5),
    "UPS_ALARM": flag("alarm", True, 5, "UPS_ALARM_CLEARED"),
    "UPS_ALARM_CLEARED": over("alarm", 5, 30),
    "UPS_BYPASS": flag("bypass", True, 5, "UPS_BYPASS_ENDED"),
    "UPS_BYPASS_ENDED": over("bypass", 5, 5),
    "UPS_CALIBRATION": flag("calibrating", True, 0, "UPS_CALIBRATION_ENDED"),
    "UPS_CALIBRATION_ENDED": over("calibrating", 0, 5),
    "MAINS_REGULATED": flag("boosting", True, 30, "MAINS_UNREGULATED"),
    "MAINS_UNREGULATED": over("trimming", 30, 30),
    "OVERLOAD": Case((say(2, output_load=50), say(6, output_load=101)),
                     (say(5, output_load=101), say(9, output_load=50), say(99, output_load=100)),
                     (say(11, output_load=94),), "OVERLOAD_CLEARED"),
    "OVERLOAD_CLEARED": Case((say(6, overload=True), say(11, overload=False)),
                             (say(6, overload=True), say(10, overload=False))),
    "BATTERY_LOW": level("battery_voltage", 3.8, 3.59, 3.60, 3.71, 10, "BATTERY_RECOVERED"),
    "BATTERY_CRITICAL": level("battery_voltage", 3.8, 3.39, 3.40, 3.71, 5, "BATTERY_RECOVERED"),
    "BATTERY_RECOVERED": Case((say(11, battery_voltage=3.5), say(31, battery_voltage=3.71)),
                              (say(11, battery_voltage=3.5), say(99, battery_voltage=3.70))),
    "CHARGING_STARTED": Case((say(2, charging=False), say(1, charging=True)), (say(9, charging=False),)),
    "CHARGING_COMPLETED": Case((say(2, **CHARGES), say(6, **FULL)), (say(2, **CHARGES), say(5, **FULL),
                               say(1, **CHARGES))),
    # A voltage and nothing else, a reading a minute: 0.1 V an hour is a discharge, 0.01 V is none.
    "DISCHARGE_STARTED": Case(trend(3.9, -0.1, 45), trend(3.9, -0.01, 90),
                              trend(3.8, 0.0, 90), "DISCHARGE_ENDED", step_s=60),
    "DISCHARGE_ENDED": Case((*trend(3.9, -0.1, 60), *trend(3.8, 0.0, 90)),
                            (*trend(3.9, -0.1, 60), *trend(3.8, 0.0, 20)), step_s=60),
    "CHARGE_CYCLE_COUNT": Case((say(902, **DRAIN),), (say(900, **DRAIN),), environ=AMPLE),  # 4 A for 900 s is 1 Ah
    "BATTERY_REPLACE": flag("replace_battery", True, 60, "BATTERY_REPLACED"),
    "BATTERY_REPLACED": Case((say(61, replace_battery=True), say(61, replace_battery=False)),
                             (say(61, replace_battery=True), say(60, replace_battery=False))),
    "BATTERY_ABSENT": flag("battery_present", False, 5, "BATTERY_ATTACHED"),
    "BATTERY_ATTACHED": Case((say(6, battery_present=False), say(6, battery_present=True)),
                             (say(6, battery_present=False), say(5, battery_present=True))),
    "SELF_TEST_STARTED": flag("self_test", "running", 0, None, calm="passed"),
    "SELF_TEST_PASSED": flag("self_test", "passed", 0, None, calm="running"),
    "SELF_TEST_FAILED": flag("self_test", "failed", 0, None, calm="running"),
    "SYSTEM_STARTUP": Case((say(1, lifecycle="started"),), (say(1, lifecycle="paused"),)),
    "SYSTEM_SHUTDOWN": Case((say(1, lifecycle="stopped"),), (say(1, lifecycle="paused"),)),
    "UNCLEAN_SHUTDOWN": Case((say(1, lifecycle="started", clean=False),), (say(1, lifecycle="started", clean=True),)),
    "I2C_ERROR": Case((say(1, code="nack"),), (say(9, code="frozen"),)),
    "COMM_LOST": Case((say(16, quality="bad"),), (say(15, quality="bad"), say(9)), (say(6),), "COMM_RESTORED"),
    "COMM_RESTORED": Case((say(16, quality="bad"), say(6)), (say(16, quality="bad"), say(5))),
    "DATA_STALE": Case((say(16, quality="stale"),), (say(15, quality="stale"), say(9)), (say(6),), "DATA_RECOVERED"),
    "DATA_FROZEN": Case((say(1, code="frozen"),), (say(9, code="nack"),), (say(6),), "DATA_RECOVERED"),
    "DATA_IMPLAUSIBLE": Case((say(6, code="implausible"),), (say(5, code="implausible"), say(9)), (say(31),),
                             "DATA_RECOVERED"),
    "DATA_SATURATED": Case((say(6, code="saturated"),), (say(5, code="saturated"), say(9)), (say(31),),
                           "DATA_RECOVERED"),
    "PART_FAULT": Case((say(1, code="reset"),), (say(9, code="frozen"),), (say(6),), "PART_RECOVERED"),
    "PART_RECOVERED": Case((say(1, code="reset"), say(6)), (say(1, code="reset"), say(5))),
    "DATA_RECOVERED": Case((say(16, quality="stale"), say(6)), (say(16, quality="stale"), say(5))),
    "TEMPERATURE_HIGH": level("cpu_temperature", 50, 60.1, 60, 54, 30, "TEMPERATURE_NORMAL"),
    "TEMPERATURE_NORMAL": Case((say(31, cpu_temperature=61), say(31, cpu_temperature=54)),
                               (say(31, cpu_temperature=61), say(99, cpu_temperature=55))),
    "CLOCK_JUMP": Case((say(1, clock_step_s=3600.0),), (say(1, clock_step_s="much"),)),
    "OVERVOLTAGE_DETECTED": level("battery_voltage", 4.1, 4.29, 4.28, 4.19, 5, "OVERVOLTAGE_CLEARED"),
    "OVERVOLTAGE_CLEARED": Case((say(6, battery_voltage=4.3), say(11, battery_voltage=4.19)),
                                (say(6, battery_voltage=4.3), say(99, battery_voltage=4.20))),
    "UNDERVOLTAGE_DETECTED": level("battery_voltage", 3.3, 2.99, 3.0, 3.21, 1, "UNDERVOLTAGE_CLEARED"),
    "UNDERVOLTAGE_CLEARED": Case((say(2, battery_voltage=2.9), say(11, battery_voltage=3.21)),
                                 (say(2, battery_voltage=2.9), say(99, battery_voltage=3.20))),
    "OVERCURRENT_DETECTED": level("output_current", 2, 8.1, 8, 6.9, 1, "OVERCURRENT_CLEARED"),
    "OVERCURRENT_CLEARED": Case((say(2, output_current=9), say(11, output_current=6.9)),
                                (say(2, output_current=9), say(99, output_current=7))),
    "THERMAL_SHUTDOWN": level("cpu_temperature", 50, 90.1, 90, 79, 10, "THERMAL_CLEARED"),
    "THERMAL_CLEARED": Case((say(11, cpu_temperature=91), say(31, cpu_temperature=79)),
                            (say(11, cpu_temperature=91), say(99, cpu_temperature=80))),
    "sensor.temperature": Case((say(1, air_temperature=20),), (say(1, air_temperature=True),)),
    "sensor.humidity": Case((say(1, relative_humidity=50),), (say(1, relative_humidity="damp"),)),
    "sensor.vpd": Case((say(1, air_temperature=20, relative_humidity=50),),
                       (say(1, air_temperature=20), say(1, relative_humidity=50))),  # never of two frames
    "sensor.pressure": Case((say(1, air_pressure=1013),), (say(1, air_pressure="low"),)),
    "sensor.co2": Case((say(1, co2=500),), (say(1, co2=500, quality="bad"),)),
    "sensor.illuminance": Case((say(1, illuminance=500),), (say(1, illuminance=500, quality="stale"),)),
    "sensor.soil_moisture": Case((say(1, soil_moisture=50),), (say(1),)),
    "sensor.threshold.exceeded": level("co2", 500, 1501, 1500, 1199, 60, "sensor.threshold.cleared"),
    "sensor.threshold.cleared": Case((say(61, co2=1600), say(61, co2=1199)), (say(61, co2=1600), say(99, co2=1200))),
    "sensor.quality.changed": Case((say(1, co2=500), say(16, quality="bad")), (say(1, co2=500), say(15, quality="bad"),
                                   say(1, co2=500))),
    "sensor.maintenance.calibration_due": Case((say(1, co2=500),), (say(1, air_temperature=20),), environ=(
        ("DEVICES__UPS__CALIBRATED", "{co2: 2026-01-01}"), ("DEVICES__UPS__CALIBRATE_EVERY_DAYS", "30"))),
}  # fmt: skip

# Types that come by way of ingest/…: some data that the catalogue takes, and the same spoilt.
OFFERED: dict[str, tuple[dict[str, object], dict[str, object]]] = {
    "SHUTDOWN_REQUESTED": ({"host": "pi", "in_s": 60}, {"in_s": "soon"}),
    "SHUTDOWN_CANCELLED": ({"host": "pi"}, {"host": 3}),
    "SHUTDOWN_COMPLETED": ({"at": "2026-01-31T12:00:00Z"}, {"at": "noon"}),
    "CALIBRATION_PERFORMED": ({"sensor_id": "room.co2", "gain": 1.02}, {"gain": "more"}),
    "CONFIG_CHANGED": ({"file": "suite.yaml", "changes": []}, {"changes": "some"}),
    "COUNTER_RESET": ({"counter": "I2C_ERROR", "old_total": 7}, {"old_total": 7.5}),
    "system.lifecycle.started": ({"version": "1", "configuration_loaded": True}, {"configuration_loaded": "yes"}),
    "system.lifecycle.stopped": ({"service": "alerter"}, {"service": []}),
    "system.health.check": ({"component_status": {"sensors": "healthy"}}, {"component_status": "healthy"}),
    "system.config.changed": ({"changes": [{}], "requires_restart": False}, {"requires_restart": 0}),
    "system.emergency": ({"reason": "smoke"}, {"reason": None, "zone": 1}),
    "system.service.offline": ({"service": "alerter"}, {"service": 1}),
    "system.service.online": ({"service": "alerter", "lasted_s": 3}, {"lasted_s": True}),
    "system.stream.gap": ({"first": 1, "last": 2, "count": 2}, {"first": "1"}),
    "system.ledger.damaged": ({"service": "alerter"}, {"service": {}}),
    "system.ledger.went_back": ({"service": "alerter", "found": "x"}, {"found": 1}),
    "system.input.flood": ({"service": "alerter", "topic": "raw", "refused": 9}, {"refused": "9"}),
    "system.command.given": ({"by": "anna", "target": "alerter", "name": "ack", "came": "done"}, {"name": 1}),
    "event.dead_letter": ({"attempts": 3}, {"attempts": "three"}),
    "alert.raised": ({"rule": "r", "value": 3}, {"value": "3"}),
    "alert.cleared": ({"rule": "r"}, {"rule": 1}),
    "safety.violation": ({"rule": "r"}, {"rule": 1}),
    "emergency.stop": ({"by": "anna", "reason": "smoke"}, {"by": 1}),
    "emergency.reset": ({"by": "anna"}, {"by": 1}),
    "alert.notification_failed": ({"receiver": "phone", "notices": 3}, {"notices": "three"}),
    "device.state.changed": ({"device_id": "fan", "old_state": "off", "new_state": "on"}, {"new_state": True}),
    "device.action.requested": ({"device_id": "fan", "action": "on"}, {"action": 1}),
    "device.action.executed": ({"device_id": "fan", "success": True}, {"success": 1}),
    "device.action.success": ({"device_id": "fan"}, {"device_id": 1}),
    "device.action.failed": ({"device_id": "fan"}, {"device_id": 1}),
    "device.action.dampened": ({"until": "2026-01-31T12:00:00Z"}, {"until": "later"}),
    "device.error": ({"error_code": "E_PUMP_STALLED"}, {"error_code": 7}),
    "control.mode.changed": ({"new_mode": "VPD_Target"}, {"new_mode": 1}),
    "control.target.updated": ({"parameter": "vpd", "new_target": 1.4}, {"new_target": "1.4"}),
    "control.target.vpd_updated": ({"new_target": 1.4}, {"new_target": "1.4"}),
    "control.automation.paused": ({"estimated_duration": 3600}, {"estimated_duration": "1h"}),
    "control.automation.resumed": ({"zone": "tent"}, {"zone": 1}),
    "control.vpd.action_required": ({"current_vpd": 1.9}, {"current_vpd": "1.9"}),
    "vpd.recalculation_required": ({"zone": "tent"}, {"zone": 1}),
}
ELSEWHERE = {
    "system.device.clash": "test_owners: two readers of one name",
    "system.limit.reached": "test_owners: a reader with too many devices",
    "system.event.unknown": "test_candidates: an offer of an unknown type",
    "system.ledger.restored": "tests/integration/counter_store/test_restore.py",  # its data is free
}


def frames(spells: Iterable[Spell], step_s: float = 1) -> list[Frame]:
    """Return the frames of the spells, from second 0 on."""
    found: list[Frame] = []
    for count, values in spells:
        own = dict(values)
        quality, code = Quality(str(own.pop("quality", "good"))), own.pop("code", None)
        errors = (ReadError(code=str(code), chip=NACK.chip),) if code else ()
        for _ in range(count):
            found.append(Frame(time=at(len(found) * step_s), device="ups", values=own, quality=quality, errors=errors))
    return found


def told(case: Case, *spells: tuple[Spell, ...]) -> list[Event]:
    """Return the events of the spells under the case's program."""
    compiled = configured(**dict(case.environ)) if case.environ else SHIPPED
    return run(frames(chain(*spells), case.step_s), compiled)[0]


def test_the_table_has_every_type():
    """No type is in the catalogue of which nobody knows how it comes about."""
    assert set(SHIPPED.catalogue) == {*CASES, *OFFERED, *ELSEWHERE}
    assert not CASES.keys() & OFFERED.keys()


@pytest.mark.parametrize("name", CASES)
def test_its_cause_causes_it_once(name: str):
    """And at the last frame of it."""
    events = [event for event in told(CASES[name], CASES[name].cause) if event.type == name]

    assert 1 == len(events)


@pytest.mark.parametrize("name", CASES)
def test_just_short_of_its_cause_is_nothing(name: str):
    """At the level, a frame too short, another word."""
    assert name not in {event.type for event in told(CASES[name], CASES[name].short)}


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.ends])
def test_its_end_is_emitted_once_by_its_clearing_twin(name: str):
    """The catalogue names the twin, and it comes after it."""
    case = CASES[name]
    types = [event.type for event in told(case, case.cause, case.clear) if event.type in (name, case.ends)]

    assert [name, case.ends] == types
    assert name in SHIPPED.catalogue[str(case.ends)].clears


@pytest.mark.parametrize("name", [name for name in CASES if name != "CLOCK_JUMP"])
def test_its_event_is_what_the_catalogue_says(name: str):
    """Category, severity, data fields and their kinds, triggers by name."""
    kind = SHIPPED.catalogue[name]
    event = next(event for event in told(CASES[name], CASES[name].cause) if event.type == name)

    assert (kind.category, kind.severity) == (event.category, event.severity)
    assert [] == list(mismatches(kind.data, kind.required, event.data))
    assert set() == event.data.keys() - kind.data.keys()
    assert list(kind.triggers) == [trigger.name for trigger in triggers_of(SHIPPED, [event])]


@pytest.mark.parametrize("name", OFFERED)
def test_it_is_taken_from_outside_with_good_data_and_refused_with_bad(name: str):
    """What a controller says is held against the catalogue."""
    good, bad = (admit(SHIPPED, "controller", Candidate(type=name, data=data), START) for data in OFFERED[name])

    assert isinstance(good, Event)
    assert [trigger.name for trigger in triggers_of(SHIPPED, [good])] == list(SHIPPED.catalogue[name].triggers)
    assert isinstance(bad, Refusal)
    assert "must be" in bad.reason


def test_a_worn_battery_is_recognised_by_the_capacity_it_shows():
    """10 Ah sold; 40 % of it are gone after 1 Ah: 2.5 Ah seen, health 25 %, three times over."""
    case = Case(sinking(100 - n * 0.4 for _ in range(3) for n in range(104)), (), environ=WORN, step_s=30)
    events = [event for event in told(case, case.cause) if event.type == "BATTERY_REPLACE"]

    assert [25.0] == [event.data["value"] for event in events]


def test_an_unclean_start_tells_the_loss_afterwards_and_pulls_no_trigger():
    """A load must not be shut down because it once was."""
    events = run(frames((say(1, lifecycle="started", clean=False, boot_id="b2"),)))[0]

    assert ["SYSTEM_STARTUP", "UNCLEAN_SHUTDOWN", "DC_OUTPUT_LOSS", "DC_OUTPUT_RESTORED"] == [e.type for e in events]
    assert ["initialization_complete"] == [trigger.name for trigger in triggers_of(SHIPPED, events)]
