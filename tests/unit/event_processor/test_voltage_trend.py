"""Charges and discharges of a battery of which nothing is known but its voltage."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import pairwise

import pytest

from services.event_processor.core.device.memory import NOTHING
from services.event_processor.core.process import process_frame
from services.event_processor.core.rules.compiled import CompiledRules
from shared.messages import Event, Frame
from tests.support.scenarios import configured, frame, run

HOUR_S = 3600.0
NIMH = configured(DEVICES__UPS="{chemistry: nimh, cells: 8}")
LEAD = configured(DEVICES__UPS="{chemistry: lead_acid, cells: 6}")
EPISODES = ("CHARGING_STARTED", "CHARGING_COMPLETED", "DISCHARGE_STARTED", "DISCHARGE_ENDED")
# A robot with eight NiMH cells: hours and volts per cell, straight between the points.
WORKS = ((0.0, 1.38), (0.1, 1.30), (1.0, 1.24), (1.5, 1.18), (1.75, 1.05))
RECOVERS = ((0.0, 1.05), (0.1, 1.14), (0.3, 1.17), (1.0, 1.18))
CHARGES = ((0.0, 1.18), (0.3, 1.32), (2.0, 1.40), (2.6, 1.47))
RESTS = ((0.0, 1.47), (0.15, 1.41), (0.5, 1.39), (3.0, 1.385))


def along(points: tuple[tuple[float, float], ...], hour: float) -> float:
    """Return the voltage at an hour."""
    for (begin, low), (end, high) in pairwise(points):
        if hour <= end:
            return low + (high - low) * (hour - begin) / (end - begin)
    return points[-1][1]


def play(
    *curves: tuple[tuple[float, float], ...], cells: int, step_s: float = 10, noise_v: float = 0.002, **also: object
) -> list[Frame]:
    """Return frames along the curves, one after the other; while working, a motor takes 40 mV per cell now and then."""
    dice, found, begin = random.Random(7), list[Frame](), 0.0  # noqa: S311
    for curve in curves:
        length_s = curve[-1][0] * HOUR_S
        second = 0.0
        while second < length_s:
            volts = along(curve, second / HOUR_S) + dice.gauss(0, noise_v)
            volts -= 0.04 if curve is WORKS and dice.random() < 0.3 else 0.0
            found.append(frame(begin + second, battery_voltage=round(cells * volts, 2), **also))  # type: ignore[arg-type]
            second += step_s
        begin += length_s
    return found


def episodes(frames: list[Frame], compiled: CompiledRules) -> list[Event]:
    """Return the events of charges and discharges."""
    return [event for event in run(frames, compiled)[0] if event.type in EPISODES]


def two_points(frames: list[Frame], cells: int) -> Iterator[str]:
    """Yield the beginnings that the slope between the ends of the same window, with the same level, would make."""
    rising = sinking = False
    for first, last in zip(frames, frames[180:], strict=False):
        volts = [float(item.values["battery_voltage"]) / cells for item in (first, last)]
        slope = (volts[1] - volts[0]) / (last.time - first.time).total_seconds() * HOUR_S
        if slope > 0.012 and not rising:
            yield "charge"
        if slope < -0.012 and not sinking:
            yield "discharge"
        rising, sinking = slope > (0.002 if rising else 0.012), slope < (-0.002 if sinking else -0.012)


def test_four_rounds_of_a_robot_are_four_charges_and_four_discharges() -> None:
    """With motors that come and go, recovery after the load and sinking after the charge. Two points make many more."""
    frames = play(*[RESTS, WORKS, RECOVERS, CHARGES] * 4, RESTS, cells=8)

    found = [event.type for event in episodes(frames, NIMH)]

    assert ["DISCHARGE_STARTED", "DISCHARGE_ENDED", "CHARGING_STARTED", "CHARGING_COMPLETED"] * 4 == found
    assert 16 < len(list(two_points(frames, 8)))


def test_an_episode_says_what_it_was_seen_by_and_how_long_it_was() -> None:
    """Within the half of a window by which a slope comes late."""
    charge = episodes(play(RESTS, WORKS, CHARGES, RESTS, cells=8), NIMH)[-1]

    assert ("CHARGING_COMPLETED", "voltage", "full_voltage") == (
        charge.type, charge.data["source"], charge.data["because"],
    )  # fmt: skip
    assert pytest.approx(2.6 * HOUR_S, abs=1800) == charge.data["lasted_s"]


@pytest.mark.parametrize("noise_v", [0.001, 0.005, 0.01])
def test_a_battery_at_rest_begins_nothing(noise_v: float) -> None:
    """Three days, with the temperature of the days in its voltage."""
    day = tuple((hour, 2.15 + 0.004 * (1 - abs(hour - 12) / 6)) for hour in (0.0, 6.0, 12.0, 18.0, 24.0))

    assert [] == episodes(play(day, day, day, cells=6, step_s=30, noise_v=noise_v), LEAD)


def test_a_charger_that_falls_back_to_float_completes_and_discharges_nothing() -> None:
    """Lead: up to 2.40 V, held there, then 2.27 V within minutes, for days."""
    charge = ((0.0, 2.05), (6.0, 2.40), (8.0, 2.40))
    float_ = ((0.0, 2.40), (0.1, 2.27), (24.0, 2.27))

    found = [event.type for event in episodes(play(charge, float_, cells=6, step_s=30), LEAD)]

    assert ["CHARGING_STARTED", "CHARGING_COMPLETED"] == found


def test_a_charge_that_stops_short_completes_nothing() -> None:
    """2.25 V are not full."""
    found = episodes(play(((0.0, 2.05), (4.0, 2.25)), ((0.0, 2.25), (6.0, 2.25)), cells=6, step_s=30), LEAD)

    assert ["CHARGING_STARTED"] == [event.type for event in found]


def test_a_battery_that_is_read_every_quarter_of_an_hour_is_judged_too() -> None:
    """A discharge over ten hours."""
    frames = play(((0.0, 2.12), (6.0, 2.12)), ((0.0, 2.12), (10.0, 1.95)), cells=6, step_s=900)

    assert ["DISCHARGE_STARTED"] == [event.type for event in episodes(frames, LEAD)]


@pytest.mark.parametrize("known", [
    {"battery_current": -0.5}, {"ac_present": False}, {"charging": False}, {"state_of_charge": 50.0},
    {"output_power": 5.0}, {"battery_low": False},
])  # fmt: skip
def test_a_device_with_a_current_or_a_status_is_left_to_those(known: dict[str, object]) -> None:
    """They know better."""
    frames = play(WORKS, cells=8, **known)

    assert [] == [event for event in episodes(frames, NIMH) if event.data.get("source") == "voltage"]


def test_nothing_is_concluded_over_a_silence() -> None:
    """1.38 V, five hours of nothing, 1.15 V: neither is a slope."""
    before, after = play(((0.0, 1.38), (1.0, 1.38)), cells=8), play(((0.0, 1.15), (1.0, 1.15)), cells=8)
    late = [item.model_copy(update={"time": frame(6 * HOUR_S + 10 * n).time}) for n, item in enumerate(after)]

    assert [] == episodes([*before, *late], NIMH)


def test_its_memory_has_a_bound() -> None:
    """Twelve averages, whatever comes."""
    memory = NOTHING
    for item in play(RESTS, WORKS, cells=8):
        memory = process_frame(NIMH, memory, item).memory
    assert len(memory.numbers["voltage_trend"]) <= 7 + 24
