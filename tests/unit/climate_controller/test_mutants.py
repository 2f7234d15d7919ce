"""The tests of the law can fail: each mutant of its core, a row of the table, is killed by the test it names.

A mutant is a module with one text replaced. The law is imported anew with it, and the test is called.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from shared.climate.decisions import Reason

ROOT = Path(__file__).parents[3]
CORE, HERE = "services.climate_controller.core", "tests.unit.climate_controller"
RELOADED = (
    "services.climate_controller",
    f"{HERE}.bench",
    f"{HERE}.test_law",
    f"{HERE}.test_modes",
    f"{HERE}.test_known_defects",
)
ORDER = ("tick", "effects", "estimate", "levels", "limits", "state", "targets", "wording", "law")

Killer = tuple[Any, ...]
OFF_BAND: Killer = ("law", "test_off_its_band_the_vpd_is_brought_back", 0.85, "heater")
STOP: Killer = ("law", "test_a_stop_comes_before_the_far_edge_the_earlier_the_longer_the_loops_delay")
IN_TIME: Killer = (
    "law", "test_what_comes_in_by_itself_is_left_to_itself_only_if_it_comes_in_in_time", 0.5, {"heater"},
)  # fmt: skip
COMPRESSOR: Killer = ("law", "test_a_compressor_rests_before_it_starts_again_and_runs_before_it_stops")
GRADED: Killer = ("law", "test_a_graded_fan_gets_the_smallest_level_that_turns_the_vpd")
SPACING: Killer = ("law", "test_a_graded_fan_never_crawls_below_its_lowest_speed_and_is_not_set_at_every_tick")
HUMID: Killer = ("law", "test_humid_air_is_not_vented_with")
BOUNDS: Killer = ("law", "test_what_is_learned_stays_within_bounds_and_never_changes_its_sign")
LEARNS: Killer = ("law", "test_a_stronger_heater_is_learned_as_one_and_not_while_the_light_has_just_changed")
PAUSE: Killer = ("modes", "test_a_pause_rests_commands_survives_a_restart_and_ends_by_itself")
RAMP: Killer = ("modes", "test_the_target_goes_to_a_new_one_on_a_ramp_and_says_so_once")
AHEAD: Killer = ("modes", "test_the_law_looks_ahead_along_the_ramp")
OWN: Killer = ("modes", "test_an_own_target_goes_before_the_plans_until_it_is_taken_back")
DRYNESS: Killer = ("law", "test_dryness_is_judged_by_the_water_in_the_air")
DEW: Killer = ("law", "test_the_vpd_at_the_leaf_can_be_the_target_and_below_zero_it_is_dew")
COLD: Killer = (
    "known_defects", "test_open_grow_box_3_too_cold_is_heated_and_too_dry_is_wetted",
    16.0, 50.0, "heater", Reason.TOO_COLD, "cooler",
)  # fmt: skip
DRY: Killer = (
    "known_defects", "test_open_grow_box_3_too_cold_is_heated_and_too_dry_is_wetted",
    25.0, 33.0, "humidifier", Reason.TOO_DRY, "dehumidifier",
)  # fmt: skip
HYSTERESIS: Killer = ("known_defects", "test_open_grow_box_8_limits_do_not_follow_the_air_and_their_hysteresis_works")
STALE: Killer = (
    "known_defects",
    "test_open_grow_box_9_a_value_that_stands_still_is_judged_at_every_tick_and_an_old_one_by_its_age",
)
ONE_LIMIT: Killer = ("known_defects", "test_open_grow_box_10_one_limit_is_one_figure_in_every_mode")
IN_BAND_HEAT: Killer = ("known_defects", "test_open_grow_box_2_a_vpd_in_its_band_hides_no_heat")
MYCODO: Killer = ("known_defects", "test_mycodo_a_nothing_goes_on_acting_inside_the_band")


def mode(name: str, second: float, target: float | None) -> Killer:
    """A row of the table of modes."""
    return "modes", "test_each_mode_aims_at_its_own", name, second, target


MUTANTS: list[tuple[str, str, str, Killer]] = [
    # levels
    ("levels", "if inward * push <= 0 or", "if inward * push >= 0 or", OFF_BAND),
    ("levels", "if (refusal := _refusal(now, each, levels, inward)) is not None:",
     "if (refusal := _refusal(now, each, levels, inward)) is Ellipsis:",
     ("law", "test_what_does_not_answer_is_not_counted_on")),
    ("levels", "if any(levels[other.name] > 0 for", "if any(levels[other.name] > 1 for",
     ("law", "test_what_must_run_on_keeps_its_opponent_off")),
    ("levels", "(now.vpd - now.target) - now.reach\n", "(now.vpd - now.target) + now.reach\n",
     ("law", "test_inside_the_band_nothing_changes")),
    ("levels", "(outward * slope) - now.delay_s", "(outward * slope)", STOP),
    ("levels", "elif outward > 0 and", "elif outward > 9 and",
     ("law", "test_an_edge_that_is_near_is_acted_on_before_it_is_reached")),
    ("levels", "if passed >= 0 and rest", "if passed >= 9 and rest", MYCODO),
    ("levels", "if passed >= 0 and rest", "if passed >= -9 and rest",
     ("law", "test_what_brings_the_vpd_back_goes_on_beyond_the_edge")),
    ("levels", "for_s < each.runs_s", "for_s < 0", COMPRESSOR),
    ("levels", "for_s < each.rests_s", "for_s < 0", COMPRESSOR),
    ("levels", "for_s < SPACING_S", "for_s < 0", SPACING),
    ("levels", "for step in range(each.steps + 1):", "for step in range(each.steps, -1, -1):", GRADED),
    ("levels", "if 0 < level < each.least:", "if 0 < level < 0:", SPACING),
    ("levels", "inward * now.vent_gain < LEAST_GAIN_KPA", "inward * now.vent_gain < 0",
     ("law", "test_a_fan_that_would_gain_next_to_nothing_is_futile")),
    ("levels", "(1, Kind.HEATER): (2, 0)", "(1, Kind.HEATER): (-1, 0)",
     ("law", "test_what_suits_the_temperature_is_asked_first", 30.0, "exhaust")),
    ("levels", "(1, Kind.HEATER): (2, 0)", "(1, Kind.HEATER): (2, 2)",
     ("law", "test_what_suits_the_temperature_is_asked_first", 20.0, "heater")),
    ("levels", "levels[each.name] < 0]", "levels[each.name] > 0]", STOP),
    ("levels", "return (one, other) in OPPOSED or (other, one) in OPPOSED", "return False",
     ("law", "test_what_must_run_on_keeps_its_opponent_off")),
    ("levels", "if -outward < _pace(now, inward):", "if -outward < STILL * _turning(now):", IN_TIME),
    # limits
    ("limits", '"temperature", -1, (Kind.HEATER,)', '"temperature", -1, (Kind.COOLER,)', COLD),
    ("limits", '"humidity", -1, (Kind.HUMIDIFIER,)', '"humidity", -1, (Kind.DEHUMIDIFIER,)', DRY),
    ("limits", "if over > 0 or", "if over > 1 or", ONE_LIMIT),
    ("limits", "over > -clearance", "over > clearance", HYSTERESIS),
    ("limits", "inset * clearance", "-inset * clearance", HYSTERESIS),
    ("limits", "air.celsius - outside.celsius >= COOLER_BY_C", "air.celsius - outside.celsius < COOLER_BY_C",
     ("law", "test_hot_air_is_no_help_against_heat", (35.0, 30.0), False)),
    ("limits", "air.celsius - outside.celsius >= COOLER_BY_C", "air.celsius > outside.celsius",
     ("law", "test_hot_air_is_no_help_against_heat", (30.5, 30.0), False)),
    ("limits", "_vapour(outside) >= _vapour(air)", "outside.percent >= air.percent", DRYNESS),
    ("limits", "wants[each.name] = (0.0, Reason.OPPOSED)", "pass", DRYNESS),
    ("limits", '"leaf": (0.0, math.inf)', '"leaf": (-9.0, math.inf)', DEW),
    # effects
    ("effects", "else vented - vpd", "else vpd - vented", HUMID),
    ("effects", "saturation_kpa(outside.celsius) *", "saturation_kpa(celsius) *", HUMID),
    ("effects", "return min(max(rate, low), high)", "return rate", BOUNDS),
    ("effects", "LEAST, MOST = 1 / 20, 8.0", "LEAST, MOST = -1.0, 8.0", BOUNDS),
    # estimate
    ("estimate", "before.light_s < LIGHT_GUARD_S", "before.light_s < 0", LEARNS),
    ("estimate", "learned * weights[each.name] / felt", "-learned * weights[each.name] / felt", LEARNS),
    # targets
    ("targets", "stage.half(lit=lit)", "stage.half(lit=True)", mode("VPD_Target", 86_400.0, 0.9)),
    ("targets", "goal = half.middle", "goal = half.vpd", mode("VPD_Perfection", 43_200.0, 1.15)),
    ("targets", "zone.drying_plan if mode is Mode.DRYING else", "zone.plan if mode is Mode.DRYING else",
     mode("Drying", 43_200.0, 0.8)),
    ("targets", "if state.mode in VPD_MODES else None", "if state.mode else None", mode("Manual", 43_200.0, None)),
    ("targets", "elif state.own_target_kpa is None or", "elif True or", OWN),
    ("targets", "step = kpa_per_min *", "step = 2 * kpa_per_min *", RAMP),
    ("targets", "% DAY_S < 3600 * hours", "% DAY_S >= 3600 * hours",
     ("law", "test_the_light_goes_by_its_hours_whatever_is_measured")),
    # state
    ("state", "pause=saved.pause,", "", PAUSE),
    ("state", "own_target_kpa=saved.target_kpa,", "", OWN),
    ("state", "if mode is state.mode:", "if False:", ("modes", "test_a_change_of_mode_is_an_event_with_both")),
    ("state", "if state.pause is None:\n        return state, None", "if False:\n        return state, None",
     ("modes", "test_a_pause_can_be_ended_by_hand_and_only_once")),
    # law
    ("law", "tick.now_s - air.at_s > zone.max_age_s", "tick.now_s - air.at_s > 1e9", STALE),
    ("law", "state.readings < WARM_UP", "state.readings < 1",
     ("law", "test_after_a_gap_three_readings_come_before_the_first_decision")),
    ("law", "state.pause is None and state.mode is not Mode.OBSERVE", "state.pause is None",
     ("modes", "test_observe_decides_as_it_would_and_commands_nothing")),
    ("law", "state.pause is None and state.mode is not Mode.OBSERVE", "state.mode is not Mode.OBSERVE", PAUSE),
    ("law", "now_s < state.pause.until_s", "True", PAUSE),
    ("law", "if each.kind in UNMOVED and", "if each.name and",
     ("law", "test_without_a_reading_everything_is_off_but_light_and_circulation")),
    ("law", "_unread(zone, tick, reason) | scheduled", "_unread(zone, tick, reason)",
     ("law", "test_the_light_goes_by_its_hours_whatever_is_measured")),
    ("law", "inset=1.0 if closed else 0.0", "inset=0.0", HYSTERESIS),
    ("law", "each.kind is Kind.EXHAUST)", "each.kind is Kind.CO2)",
     ("law", "test_a_closed_environment_never_vents")),
    ("law", "if side == state.off_target:", "if False:",
     ("law", "test_leaving_the_band_is_one_event_a_time_and_not_one_a_reading")),
    ("law", "state.goal_kpa != aim.goal_kpa", "state.goal_kpa is not None", RAMP),
    ("law", "each.name in state.idle_until}", "each.name in ()}",
     ("law", "test_what_was_seen_to_do_nothing_rests_where_another_can_do_its_work")),
    ("law", "one is not each and _same_way(each, one)", "_same_way(each, one)",
     ("law", "test_what_was_seen_to_do_nothing_rests_where_another_can_do_its_work")),
    ("law", "active = limits.reached(", "active = frozenset() and limits.reached(", IN_BAND_HEAT),
    ("law", "if state.mode is Mode.MANUAL:", "if False:", ("modes", "test_manual_levels_are_a_persons")),
    ("law", "if air.at_s - before.at_s < ONE_READING_S:", "if air.at_s <= before.at_s:",
     ("law", "test_a_reading_that_is_seen_twice_teaches_nothing")),
    # the ramp
    ("law", "drift=found.drift - climb", "drift=found.drift", AHEAD),
    ("targets", "if state.goal_kpa > state.target_kpa else", "if state.goal_kpa < state.target_kpa else", AHEAD),
]  # fmt: skip


@contextmanager
def imported_anew(module: str | None = None, old: str = "", new: str = "") -> Iterator[None]:
    """Let the law and its tests be imported anew, one module with another text; afterwards all is as it was."""
    kept = {name: found for name, found in sys.modules.items() if name.startswith(RELOADED)}
    for name in kept:
        del sys.modules[name]
    try:
        for each in ORDER:
            if each == module:
                _load(f"{CORE}.{each}", old, new)
            else:
                importlib.import_module(f"{CORE}.{each}")
        yield
    finally:
        for name in [name for name in sys.modules if name.startswith(RELOADED)]:
            del sys.modules[name]
        sys.modules.update(kept)
        for name, found in kept.items():  # a package names its modules too
            above, _, last = name.rpartition(".")
            if above in sys.modules:
                setattr(sys.modules[above], last, found)


def _load(name: str, old: str, new: str) -> None:
    path = ROOT / (name.replace(".", "/") + ".py")
    text = path.read_text(encoding="utf-8")
    if old not in text:
        pytest.fail(f"{path.name} no longer has {old!r}: write the mutant anew")
    module = ModuleType(name)
    sys.modules[name] = module
    exec(compile(text.replace(old, new), str(path), "exec"), module.__dict__)  # noqa: S102 - our own text
    setattr(importlib.import_module(CORE), name.rpartition(".")[2], module)


def called(killer: Killer) -> None:
    """Call a test."""
    module, name, *arguments = killer
    getattr(importlib.import_module(f"{HERE}.test_{module}"), name)(*arguments)


@pytest.mark.parametrize(("module", "old", "new", "killer"), MUTANTS, ids=lambda each: str(each)[:40])
def test_every_mutant_is_killed(module: str, old: str, new: str, killer: Killer) -> None:
    """By an assertion, or because nothing works any more."""
    with imported_anew(module, old, new):
        try:
            called(killer)
        except Exception:  # noqa: BLE001 - whatever the mutant breaks, it is dead
            return
    pytest.fail(f"{module}: {old!r} -> {new!r} lives: {killer[1]} does not see it")


def test_the_law_imported_anew_lives() -> None:
    """So a mutant dies of its own text; that the killers spare the law they show where they stand."""
    with imported_anew():
        for killer in (OFF_BAND, COLD, PAUSE):
            called(killer)


def test_the_table_is_long_enough_and_each_row_its_own() -> None:
    """So many mutants, none twice."""
    assert 60 <= len(MUTANTS) == len({row[:3] for row in MUTANTS})


def test_the_page_says_how_many() -> None:
    """And all of them are killed."""
    assert f"{len(MUTANTS)} mutants of the law" in (ROOT / "docs" / "climate.md").read_text(encoding="utf-8")
