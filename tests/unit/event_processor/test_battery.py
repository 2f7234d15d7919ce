"""The battery episode."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.messages import Frame
from tests.support.scenarios import configured, frame, run, series, told

V = "battery_voltage"


def test_low_is_emitted_after_ten_seconds_below_its_level():
    """Entered at second 5, told at second 15."""
    assert [("BATTERY_LOW", 15)] == told(series(V, (5, 3.8), (20, 3.59)))


@pytest.mark.parametrize(
    ("volts", "seconds"),
    [(3.60, 100), (3.59, 10)],
    ids=["at the level", "a frame too short"],
)
def test_just_short_of_low_is_nothing(volts: float, seconds: float):
    """3.60 V is not below 3.60 V, and ten frames span 9 s."""
    assert [] == told(series(V, (5, 3.8), (seconds, volts), (5, 3.8)))


def test_low_says_what_a_person_wants_to_know():
    """Volts per cell, the level, the pack, and since when."""
    events, state = run(series(V, (20, 3.59049), state_of_charge=16.04))

    assert {
        "cell_voltage": 3.59,
        "threshold": 3.6,
        "cells": 1,
        "chemistry": "li_ion",
        "battery_voltage": 3.59,
        "state_of_charge": 16.0,
        "since": "2026-01-31T12:00:00.000000Z",
    } == events[0].data
    assert ("low", ("battery_low",)) == (state.battery, state.active)


def test_an_escalation_is_one_episode_with_two_counts_and_one_recovery():
    """RECOVERED comes when low clears: 30 s above 3.70 V, not when critical does."""
    frames = series(V, (5, 3.8), (20, 3.5), (20, 3.3), (100, 3.6), (40, 3.8))

    assert [("BATTERY_LOW", 15), ("BATTERY_CRITICAL", 30), ("BATTERY_RECOVERED", 175)] == told(frames)


def test_a_plunge_straight_to_critical_is_both_in_one_frame():
    """Critical's 5 s are over first; low comes with it, before it."""
    assert [("BATTERY_LOW", 10), ("BATTERY_CRITICAL", 10)] == told(series(V, (5, 3.8), (20, 3.2)))


def test_low_cannot_clear_before_critical():
    """At 4.0 V low's 30 s are over first, but critical's 60 s decide."""
    events, state = run(series(V, (10, 3.2), (70, 4.0)))

    assert [("BATTERY_RECOVERED", "2026-01-31T12:00:10.000000Z")] == [
        (event.type, event.data["since"]) for event in events[2:]
    ]
    assert 70 == (events[2].time - events[0].time).total_seconds() + 5
    assert "ok" == state.battery


def test_critical_alone_clears_in_silence():
    """The state goes back to low; nothing is told."""
    events, state = run(series(V, (10, 3.2), (70, 3.6)))

    assert (2, "low") == (len(events), state.battery)


def test_a_battery_that_cleared_critical_and_sinks_again_is_critical_again():
    """A second CRITICAL in one episode, still one LOW."""
    frames = series(V, (10, 3.2), (70, 3.6), (10, 3.2))

    assert ["BATTERY_LOW", "BATTERY_CRITICAL", "BATTERY_CRITICAL"] == [name for name, _ in told(frames)]


def test_noise_around_the_level_is_one_low():
    """3.58 and 3.65 V in turns: neither dwell is broken into a second event."""
    noisy = [frame(n, battery_voltage=3.58 if n < 20 or n % 3 else 3.69) for n in range(300)]

    assert ["BATTERY_LOW"] == [name for name, _ in told(noisy)]


@pytest.mark.parametrize(
    "evidence",
    [{"ac_present": True}, {"charging": True}, {"battery_current": 0.11}],
    ids=lambda evidence: next(iter(evidence)),
)
def test_evidence_of_outside_power_shuts_the_gate(evidence: dict[str, float]):
    """A battery that is being charged is not running low."""
    assert not [name for name, _ in told(series(V, (100, 3.2), **evidence)) if name.startswith("BATTERY")]


@pytest.mark.parametrize(
    "evidence",
    [{}, {"ac_present": False}, {"charging": False}, {"battery_current": 0.1}],
    ids=lambda evidence: next(iter(evidence), "nothing"),
)
def test_the_unknown_does_not_shut_the_gate(evidence: dict[str, float]):
    """Only evidence does."""
    types = [name for name, _ in told(series(V, (100, 3.2), **evidence))]

    assert ["BATTERY_LOW", "BATTERY_CRITICAL"] == [name for name in types if name.startswith("BATTERY")]


def test_an_episode_ends_by_voltage_while_the_gate_is_shut():
    """Back on mains: nothing new is entered, but the recovery is told."""
    low = series(V, (20, 3.5), ac_present=False)
    sinking = [frame(20 + n, battery_voltage=3.3, ac_present=True) for n in range(20)]
    well = [frame(40 + n, battery_voltage=3.9, ac_present=True) for n in range(40)]
    types = [name for name, _ in told([*low, *sinking, *well]) if name.startswith("BATTERY")]

    assert ["BATTERY_LOW", "BATTERY_RECOVERED"] == types


def test_the_pack_is_divided_by_its_cells():
    """7.1 V is well for one cell and low for two."""
    two = configured(DEVICES__UPS__CELLS="2")

    assert [("BATTERY_LOW", 10)] == told(series(V, (20, 7.1)), two)
    assert 3.55 == run(series(V, (20, 7.1)), two)[0][0].data["cell_voltage"]


def test_the_chips_own_cell_voltage_goes_before_the_division():
    """The lowest cell counts, where a chip gives it."""
    assert [("BATTERY_LOW", 10)] == told(series("cell_voltage", (20, 3.5), battery_voltage=4.1))


def test_each_chemistry_has_levels_of_its_own():
    """3.3 V is a full LiFePO4 cell, and a critical Li-ion one."""
    iron = configured(DEVICES__UPS__CHEMISTRY="lifepo4")

    assert [] == told(series(V, (100, 3.3)), iron)
    assert [("BATTERY_LOW", 10)] == told(series(V, (20, 3.05)), iron)


def test_without_a_voltage_the_battery_is_unknown():
    """Unknown is None, never a guess."""
    assert run([frame(0, state_of_charge=3)])[1].battery is None


volts = st.lists(st.tuples(st.sampled_from([3.0, 3.38, 3.45, 3.58, 3.65, 3.72, 4.1]), st.integers(1, 40)), max_size=30)


@settings(deadline=None)
@given(volts)
def test_no_second_low_without_a_recovery(spells: list[tuple[float, int]]):
    """LOW and RECOVERED alternate, beginning with LOW; CRITICAL only comes between the two."""
    frames: list[Frame] = []
    for value, count in spells:
        frames += [frame((len(frames) + n) * 2, battery_voltage=value) for n in range(count)]
    low = False
    for name, _ in told(frames):
        assert {"BATTERY_LOW": not low, "BATTERY_CRITICAL": low, "BATTERY_RECOVERED": low}[name]
        low = name != "BATTERY_RECOVERED"


@pytest.mark.parametrize(("clear_v", "recovered"), [(3.70, False), (3.701, True)])
def test_recovery_must_pass_its_level(clear_v: float, recovered: bool):
    """3.70 V is not above 3.70 V."""
    assert recovered == ("BATTERY_RECOVERED" in dict(told(series(V, (20, 3.5), (60, clear_v)))))


def test_low_forced_by_critical_began_when_it_began():
    """Three seconds at 3.5 V before the plunge are part of the low spell."""
    low, critical = run(series(V, (5, 3.8), (3, 3.5), (10, 3.2)))[0]

    assert ("2026-01-31T12:00:05.000000Z", "2026-01-31T12:00:08.000000Z") == (low.data["since"], critical.data["since"])
    assert low.time == critical.time


@pytest.mark.parametrize(
    ("chemistry", "rested", "low", "cells"),
    [("lead_acid", 2.12, 1.85, 6), ("nimh", 1.25, 1.05, 8), ("lto", 2.35, 2.0, 5), ("lifepo4", 3.28, 3.05, 4)],
)
def test_a_pack_of_each_chemistry_is_low_where_its_cells_are(chemistry: str, rested: float, low: float, cells: int):
    """A pack at rest says nothing; one that has sunk is low, and neither critical nor harmed."""
    compiled = configured(DEVICES__UPS__CHEMISTRY=chemistry, DEVICES__UPS__CELLS=str(cells))
    events, _ = run(series(V, (60, rested * cells), (60, low * cells)), compiled)

    assert ["BATTERY_LOW"] == [event.type for event in events]
