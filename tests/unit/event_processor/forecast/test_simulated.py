"""Simulated cells of every chemistry under loads that vary: intervals stay honest."""

from __future__ import annotations

from statistics import mean, median

import pytest

from services.event_processor.core.forecast.curves import CURVES
from tools.bench.discharges import LOADS, simulate

SEEDS = range(8)


@pytest.mark.parametrize("chemistry", CURVES)
@pytest.mark.parametrize("by_power", [False, True], ids=["current", "power"])
def test_intervals_are_honest(chemistry: str, by_power: bool) -> None:
    """Over all loads, cold cells among them, between 80 and 98 of 100 hold the truth."""
    played = [
        one for load in LOADS for seed in SEEDS for one in simulate(chemistry, seed, load, by_power=by_power, cycles=3)
    ]

    assert 0.80 <= mean(held for one in played for held in one.inside) <= 0.98


@pytest.mark.parametrize("load", LOADS)
def test_the_second_discharge_knows_the_battery(load: str) -> None:
    """What the first one showed makes the runtime right within 5 % of the discharge, whatever the load."""
    played = [one for seed in SEEDS for one in simulate("li_ion", seed, load, by_power=False)[1:]]

    assert median(abs(error) for one in played for error in one.runtime_errors) < 0.05
