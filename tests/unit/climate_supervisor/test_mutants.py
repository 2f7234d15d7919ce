"""The tests of the supervisor can fail: each mutant of its core, a row of the table, is killed by the test it names.

A mutant is the source with one text replaced. The supervisor is imported anew with it, and the test is called.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from shared.messages import Quality

ROOT = Path(__file__).parents[3]
PACKAGE = "services.climate_supervisor.core"
RELOADED = ("services.climate_supervisor", "tests.support.climate_room", "tests.unit.climate_supervisor.test_")

Killer = tuple[Any, ...]  # a test of a module of this folder, and its arguments

FAULT: Killer = ("faults", "test_a_sensors_fault_ends_in_the_safe_state")


def limit(kind: str, reason: str, level: float, **values: float) -> Killer:
    """The row of the table of limits."""
    name = "test_a_limit_forbids_what_would_carry_the_air_further"
    return ("guards", name, kind, values, reason, level)


HOT, OK_HOT = limit("heater", "too_hot", 0, air_temperature=35.0), limit("heater", "demanded", 1, air_temperature=34.9)
MUTANTS: list[tuple[str, str, str, Killer]] = [
    # guards
    ("guards", "    _emergency_stop,\n", "",
     ("guards", "test_an_emergency_stop_stops_everything_and_stays", "stopped", 0.0)),
    ("guards", "    _heat_emergency,\n", "", ("guards", "test_heat_is_an_emergency_and_never_discarded", 42.0)),
    ("guards", "    _no_demand,\n", "", ("faults", "test_a_silent_controller_ends_in_the_safe_state")),
    ("guards", "    _simulated,\n", "", ("guards", "test_simulated_readings_switch_nothing_real")),
    ("guards", "    _sensor,\n", "", (*FAULT, "silence", 65.0, "stale_by_receipt")),
    ("guards", "    _limits,\n", "", HOT),
    ("guards", "    _co2,\n", "", limit("co2", "co2_enough", 0, co2=1500.0)),
    ("guards", "    _irrigation,\n", "", limit("pump", "moist_enough", 0, soil_moisture=60.0)),
    ("guards", "    _failed,\n", "",
     ("faults", "test_an_actuator_that_does_not_obey_is_found_out", "lying", "E_NOT_CONFIRMED")),
    ("guards", "    _on_times,\n", "",
     ("guards", "test_an_actuator_is_on_no_longer_than_it_may", {"max_on_s": 30}, 30, "max_on")),
    ("guards", "    _resting,\n", "", ("guards", "test_a_pulse_of_water_is_followed_by_a_pause")),
    ("guards", "t.high >= rules.temperature.high", "t.high > rules.temperature.high", HOT),
    ("guards", "t.high >= rules.temperature.high", "t.high >= rules.temperature.high - 1", OK_HOT),
    ("guards", "t.low <= rules.temperature.low", "t.low < rules.temperature.low",
     limit("cooler", "too_cold", 0, air_temperature=5.0)),
    ("guards", "rh.high >= rules.humidity.high", "rh.high > rules.humidity.high",
     limit("humidifier", "too_humid", 0, relative_humidity=90.0)),
    ("guards", "rh.low <= rules.humidity.low", "rh.low < rules.humidity.low",
     limit("dehumidifier", "too_dry", 0, relative_humidity=20.0)),
    ("guards", "ActuatorKind.HEATER: (hot, Reason.TOO_HOT", "ActuatorKind.HEATER: (cold, Reason.TOO_HOT", HOT),
    ("guards", "ppm >= case.rules.co2_max_ppm", "ppm > case.rules.co2_max_ppm",
     limit("co2", "co2_enough", 0, co2=1500.0)),
    ("guards", "if case.venting", "if False", ("guards", "test_gas_is_not_let_in_while_the_exhaust_is_not_off")),
    ("guards", "Verdict(1.0, Reason.HEAT_EMERGENCY", "Verdict(0.0, Reason.HEAT_EMERGENCY",
     ("guards", "test_heat_is_an_emergency_and_never_discarded", 42.0)),
    ("guards", 'levels = {"stopped": 0.0, "running": 1.0', 'levels = {"stopped": 1.0, "running": 1.0',
     ("guards", "test_an_emergency_stop_stops_everything_and_stays", "stopped", 0.0)),
    ("guards", 'case.kind is ActuatorKind.CIRCULATION and policy != "stopped"', "False",
     ("guards", "test_as_it_comes_a_stop_puts_fans_at_their_safe_level")),
    ("guards", "if self.kind is ActuatorKind.EXHAUST and hot", "if False and hot",
     ("faults", "test_the_exhaust_runs_when_the_sensor_died_in_the_heat")),
    # sensors
    ("sensors", "max(reading.source_age_s, 0.0) + silent_s > rules.max_age_s", "False",
     (*FAULT, "silence", 65.0, "stale_by_receipt")),
    ("sensors", "max(reading.source_age_s, 0.0) + silent_s", "silent_s",
     (*FAULT, "retained_value", 5.0, "stale_by_source")),
    ("sensors", "reading.source_age_s < -rules.future_s", "False", (*FAULT, "clock_ahead", 5.0, "from_the_future")),
    ("sensors", "reading.quality in (Quality.BAD, Quality.STALE)", "False", (*FAULT, "bad", 5.0, "bad_quality")),
    ("sensors", "    if memory.jump is not None:\n        return Reason.SPIKE\n", "", (*FAULT, "jump", 5.0, "spike")),
    ("sensors", "return Reason.STUCK if", "return None if", (*FAULT, "freeze", 65.0, "stuck")),
    ("sensors", "TIMES_AS_LONG * memory.longest_still_s", "memory.longest_still_s",
     ("faults", "test_a_coarse_sensor_is_not_taken_for_a_stuck_one_again")),
    ("sensors", "max(since, moved.since_s)", "since",
     ("faults", "test_a_coarse_sensor_that_nothing_moves_is_not_stuck")),
    ("sensors", "min(most_s, max(", "max(most_s, max(",
     ("faults", "test_no_sensor_may_stand_still_for_longer_than_its_limit")),
    # measured
    ("measured", "memory.newest.value >= rules.emergency_c", "memory.newest.value > rules.emergency_c",
     ("guards", "test_heat_is_an_emergency_and_never_discarded", 42.0)),
    ("measured", "memory.newest.value >= rules.emergency_c", "85 > memory.newest.value >= rules.emergency_c",
     ("guards", "test_heat_is_an_emergency_and_never_discarded", 1e6)),
    ("measured", "        and not cool - {place}\n", "", ("guards", "test_a_second_sensor_disproves_heat")),
    ("measured", "return None if cool else before", "return None",
     ("guards", "test_an_emergency_ends_by_a_cool_reading_and_not_by_silence")),
    ("measured", "if high - low > _tolerance(rules, measure):", "if False:",
     ("faults", "test_a_drift_shows_against_a_second_sensor")),
    # shadow
    ("shadow", "    if draws(shadow, binding):\n        return False\n", "",
     ("faults", "test_a_welded_relay_is_found_by_its_meter")),
    ("shadow", "if fresh and sent.level == 0 and draws(shadow, binding):", "if False:",
     ("faults", "test_a_welded_relay_is_found_by_its_meter")),
    ("shadow", "    if binding.template.state:\n        return _heard_since",
     "    if False:\n        return _heard_since",
     ("faults", "test_an_actuator_that_does_not_obey_is_found_out", "lying", "E_NOT_CONFIRMED")),
    ("shadow", "if acknowledges and not shadow.acknowledged and", "if False and",
     ("faults", "test_an_actuator_that_does_not_obey_is_found_out", "dead", "E_NOT_ACKNOWLEDGED")),
    ("shadow", "shadow.level == 0 and (sent", "(sent",
     ("exclusion", "test_off_is_what_is_reported_off_after_the_order")),
    ("shadow", "_heard_since(shadow, binding, sent, now_s))", "True)",
     ("exclusion", "test_off_is_what_is_reported_off_after_the_order")),
    ("shadow", "settled and not binding.template.query and", "not binding.template.query and",
     ("exclusion", "test_off_is_what_is_reported_off_after_the_order")),
    # exclusion
    ("exclusion", "if verdicts[other].level > 0 and not (running and off):", "if False:",
     ("exclusion", "test_two_that_are_wanted_at_once_both_stay_off")),
    ("exclusion", "        if not off:\n", "        if False:\n",
     ("exclusion", "test_nothing_begins_while_the_other_side_is_not_known_to_be_off", "dead")),
    ("exclusion", "return same_zone and", "return",
     ("exclusion", "test_actuators_of_two_zones_do_not_oppose_each_other")),
    # supervise
    ("supervise", "since_s >= actuator.lease_s / 3", "since_s >= actuator.lease_s * 3",
     ("faults", "test_a_step_of_the_clock_costs_one_reading_and_no_more")),
    ("supervise", "if lapsing and sent.falls_to > 0 and", "if False and",
     ("faults", "test_a_fan_that_was_ordered_off_is_safe_when_the_supervisor_dies")),
    ("supervise", "return verdict.level if verdict.reason in STAY else binding", "return binding",
     ("faults", "test_a_stop_stands_when_the_supervisor_dies", "stopped", 0.0)),
    ("supervise", "(sent.level, sent.falls_to) != (verdict.level, falls_to)", "sent.level != verdict.level",
     ("faults", "test_a_stop_stands_when_the_supervisor_dies", "stopped", 0.0)),
    ("supervise", "self.stops.get(EVERYWHERE) or", "", ("guards", "test_a_stop_of_another_zone_is_not_this_ones")),
    # step_events
    ("step_events", " or (old is not None and old.reason is new.reason)", "",
     ("guards", "test_a_violation_is_one_event_however_long_it_stands")),
    ("step_events", "if zone not in before.emergencies:", "if True:",
     ("guards", "test_an_emergency_ends_by_a_cool_reading_and_not_by_silence")),
]  # fmt: skip


class _Mutated(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Loads one module from another text."""

    def __init__(self, name: str, text: str) -> None:
        self.name, self.text = name, text

    def find_spec(self, fullname: str, *_: object) -> Any:
        return importlib.machinery.ModuleSpec(fullname, self) if fullname == self.name else None

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self.text, self.name, "exec"), module.__dict__)  # noqa: S102 - our own text


@contextmanager
def mutated(module: str, old: str, new: str) -> Iterator[None]:
    """Import the supervisor anew, with one module changed, within the block."""
    text = (ROOT / "services/climate_supervisor/core" / f"{module}.py").read_text(encoding="utf-8")
    assert 1 == text.count(old), f"{module}: {old!r} must be there once"
    kept = {name: found for name, found in sys.modules.items() if name.startswith(RELOADED)}
    finder = _Mutated(f"{PACKAGE}.{module}", text.replace(old, new))
    for name in kept:
        del sys.modules[name]
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in [name for name in sys.modules if name.startswith(RELOADED)]:
            del sys.modules[name]
        sys.modules.update(kept)


def call(killer: Killer) -> None:
    """Call a test of this folder; a word that names a function or a member of ``Flaw`` there stands for it."""
    file, name, *arguments = killer
    module = importlib.import_module(f"tests.unit.climate_supervisor.test_{file}")
    flaws = {} if not hasattr(module, "Flaw") else {flaw.value: flaw for flaw in module.Flaw}
    found = [flaws.get(word, getattr(module, word, word)) if isinstance(word, str) else word for word in arguments]
    getattr(module, name)(*found)


@pytest.mark.parametrize(
    ("module", "old", "new", "killer"), MUTANTS, ids=lambda part: part if isinstance(part, str) else ""
)
def test_every_mutant_is_killed(module: str, old: str, new: str, killer: Killer) -> None:
    """And the same test passes without the mutant, or it would prove nothing."""
    call(killer)
    with mutated(module, old, new), pytest.raises((AssertionError, KeyError, StopIteration)):
        call(killer)


def test_every_guard_has_a_mutant() -> None:
    """Each could be taken out of the table; ``_unavailable`` changes the words and not the level."""
    from services.climate_supervisor.core.guards import GUARDS

    taken_out = {old.strip(" ,\n") for module, old, new, _ in MUTANTS if module == "guards" and new == ""}
    assert {guard.__name__ for guard in GUARDS} - {"_unavailable"} == taken_out
    assert Quality.BAD in Quality


def test_the_page_says_how_many() -> None:
    """And all of them are killed."""
    assert f"{len(MUTANTS)} mutants of the supervisor" in (ROOT / "docs" / "climate.md").read_text(encoding="utf-8")
