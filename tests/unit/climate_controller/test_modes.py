"""Modes, targets and pauses: what a zone aims at, and when it rests."""

from __future__ import annotations

import itertools
import json

import pytest

from services.climate_controller.core.law import MARGIN_KPA
from services.climate_controller.core.state import (
    SavedState,
    fresh_state,
    pause,
    restored,
    resume,
    set_levels,
    set_mode,
    set_target,
    to_saved,
)
from shared.climate.decisions import Reason
from shared.climate.zones import Mode, Plan
from tests.unit.climate_controller.bench import NOON, Bench, on, reason, zone

DAY = {"name": "growing", "light_hours": 12, "day": {"vpd": 1.2, "vpd_range": [1.0, 1.3]}, "night": {"vpd": 0.9}}
PLANS = {"plan": Plan.model_validate({"stages": [DAY]})}


@pytest.mark.parametrize(
    ("mode", "second", "target"),
    [
        ("VPD_Target", NOON, 1.2),
        ("VPD_Target", 86_400.0, 0.9),
        ("VPD_Perfection", NOON, 1.15),
        ("Drying", NOON, 0.8),
        ("Observe", NOON, 1.2),
        ("Closed_Environment", NOON, None),
        ("Manual", NOON, None),
    ],
)
def test_each_mode_aims_at_its_own(mode: str, second: float, target: float | None) -> None:
    """The stage's VPD by day and by night, the middle of its range, the drying plan's, or none."""
    plans = PLANS | {"dry": Plan.model_validate({"stages": [{"name": "slow", "day": {"vpd": 0.8}}]})}
    found = zone("heater", mode=mode, plan="plan", drying_plan="dry", target_kpa=None)

    verdict = Bench(found, plans, now_s=second).vpd(3, 1.0)

    assert target == (None if verdict.target is None else pytest.approx(verdict.target))


def test_observe_decides_as_it_would_and_commands_nothing() -> None:
    """As shipped."""
    verdict = Bench(zone("heater", mode="Observe")).vpd(5, 0.8)

    assert {"heater"} == on(verdict)
    assert not verdict.commands


def test_manual_levels_are_a_persons() -> None:
    """No reading changes them."""
    bench = Bench(zone("heater", "exhaust", mode="Manual"))
    bench.state = set_levels(fresh_state(bench.zone), {"exhaust": 0.4})

    verdict = bench.vpd(5, 2.0)

    assert {("heater", 0.0), ("exhaust", 0.4)} == {(each.actuator, each.level) for each in verdict.decisions}


def test_the_target_goes_to_a_new_one_on_a_ramp_and_says_so_once() -> None:
    """0.02 kPa a minute; one control.target.updated."""
    bench = Bench(zone("heater", plan="plan", target_kpa=None), PLANS, now_s=64_750.0)
    assert 1.2 == pytest.approx(bench.vpd(3, 1.2).target)
    found, changes = [], []
    for _ in range(120):
        verdict = bench.vpd(1, 1.2)
        found.append(verdict.target)
        changes += [change for change in verdict.changes if change.type == "control.target.updated"]

    steps = [before - after for before, after in itertools.pairwise(found)]
    assert max(steps) == pytest.approx(0.02 / 6, rel=0.01)
    assert found[-1] == pytest.approx(0.9)
    assert [{"parameter": "vpd", "old_target": 1.2, "new_target": 0.9, "reason": "stage growing, night"}] == [
        change.data for change in changes
    ]


def test_the_law_looks_ahead_along_the_ramp() -> None:
    """Air that stays falls behind a target that climbs: the heater is on before the edge of the band has passed."""
    bench = Bench(zone("heater", plan="plan", target_kpa=None), PLANS, now_s=21_450.0)
    bench.vpd(10, 0.9)
    behind = next(bench.verdict.target - 0.9 for _ in range(60) if on(bench.vpd(1, 0.9)))

    assert 0.05 < behind < bench.zone.band_kpa - MARGIN_KPA


def test_an_own_target_goes_before_the_plans_until_it_is_taken_back() -> None:
    """And survives a restart."""
    bench = Bench(zone("heater", plan="plan", target_kpa=None, ramp_kpa_per_min=1), PLANS)
    bench.vpd(3, 1.0)
    bench.state = set_target(bench.state, 0.7)
    assert 0.7 == pytest.approx(bench.vpd(20, 1.0).target)

    bench.state = restored(SavedState.model_validate_json(to_saved(bench.state).model_dump_json()))
    assert 0.7 == pytest.approx(bench.vpd(20, 1.0).target)

    bench.state = set_target(bench.state, None)
    assert 1.2 == pytest.approx(bench.vpd(20, 1.0).target)


def test_a_pause_rests_commands_survives_a_restart_and_ends_by_itself() -> None:
    """With an event each way."""
    bench = Bench(zone("heater"))
    bench.state, paused = pause(bench.state, bench.now_s + 100, "filter change", "ann", bench.now_s)
    assert "control.automation.paused" == paused.type

    verdict = bench.vpd(5, 0.7)
    assert (False, Reason.PAUSED) == (verdict.commands, reason(verdict, "heater"))

    bench.state = restored(SavedState.model_validate(json.loads(to_saved(bench.state).model_dump_json())))
    assert not bench.vpd(4, 0.7).commands

    verdict = bench.vpd(1, 0.7)
    assert ["control.automation.resumed"] == [change.type for change in verdict.changes if "automation" in change.type]
    assert verdict.commands


def test_a_pause_can_be_ended_by_hand_and_only_once() -> None:
    """The second time there is nothing to end."""
    state, _ = pause(fresh_state(zone()), 1e9, "", "ann", 0.0)

    state, resumed = resume(state, "done", "ann")

    assert resumed is not None
    assert (state, None) == resume(state, "done", "ann")


def test_a_change_of_mode_is_an_event_with_both() -> None:
    """The same mode again is none."""
    state, change = set_mode(fresh_state(zone()), Mode.DRYING, "operator")

    assert change is not None
    assert {"old_mode": "VPD_Target", "new_mode": "Drying", "trigger": "operator"} == change.data
    assert (state, None) == set_mode(state, Mode.DRYING, "operator")
