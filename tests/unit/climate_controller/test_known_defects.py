"""What goes wrong in the systems people use today, each as a scenario that goes right here.

The numbers are those of our list: OpenGrowBox 1 to 10 (11 is in test_zones.py), Mycodo (a). Those of the supervisor and
the coordinator (OpenGrowBox 5, 6 and the alarm half of 10) stand with them.
"""

from __future__ import annotations

import pytest

from services.climate_controller.core import wording
from services.climate_controller.core.limits import LIMITS
from shared.climate.decisions import Reason
from shared.climate.zones import Mode
from tests.unit.climate_controller.bench import Bench, humidity_for, of, on, reason, zone

LIMITED = {"limits": {"temperature": {"low": 18, "high": 30}, "humidity": {"low": 40, "high": 75}}}


def test_open_grow_box_1_forty_one_degrees_are_heat_and_no_broken_sensor() -> None:
    """It drops any reading above 40 °C, and is blind just when it burns."""
    bench = Bench(zone(**LIMITED))

    verdict = bench.ticks(5, 41.0, 60.0)

    assert ("cooler", Reason.TOO_HOT) in {(each.actuator, each.reason) for each in verdict.decisions}
    assert {"cooler", "exhaust"} <= on(verdict)


def test_open_grow_box_2_a_vpd_in_its_band_hides_no_heat() -> None:
    """38 °C with matching humidity is 1.00 kPa, and far above the limit."""
    bench = Bench(zone("exhaust", "cooler", **LIMITED))

    verdict = bench.vpd(5, 1.0, celsius=38.0)

    assert 1.0 == pytest.approx(verdict.vpd, abs=0.01)
    assert {"cooler", "exhaust"} == on(verdict)


@pytest.mark.parametrize(
    ("celsius", "percent", "wanted", "why", "unwanted"),
    [
        (16.0, 50.0, "heater", Reason.TOO_COLD, "cooler"),
        (25.0, 33.0, "humidifier", Reason.TOO_DRY, "dehumidifier"),
        (32.0, 60.0, "cooler", Reason.TOO_HOT, "heater"),
        (25.0, 80.0, "dehumidifier", Reason.TOO_HUMID, "humidifier"),
    ],
)
def test_open_grow_box_3_too_cold_is_heated_and_too_dry_is_wetted(
    celsius: float, percent: float, wanted: str, why: Reason, unwanted: str
) -> None:
    """There it reduces the heater when it is cold, had it ever run."""
    bench = Bench(zone(**LIMITED))

    verdict = bench.ticks(5, celsius, percent)

    assert (1.0, why) == (of(verdict, wanted).level, reason(verdict, wanted))
    assert 0.0 == of(verdict, unwanted).level


def test_open_grow_box_4_and_6_a_reason_is_one_of_a_table_and_never_found_in_a_text() -> None:
    """A misspelt name let no humidity emergency through, and "o2" in "CO2" made one of everything."""
    assert set(Reason) == set(wording.TEXTS)
    assert {each.reason for each in LIMITS} < set(Reason)


@pytest.mark.parametrize(("outside", "level"), [((15.0, 30.0), 0.0), (None, 0.0)])
def test_open_grow_box_7_a_drier_source_is_no_help_against_dryness(
    outside: tuple[float, float] | None, level: float
) -> None:
    """There the guard lets the fan run when it is too dry, whatever it draws in."""
    bench = Bench(zone("exhaust", **LIMITED))
    bench.outside = outside
    bench.runs("exhaust")

    verdict = bench.ticks(5, 24.0, 35.0)

    assert (level, Reason.TOO_DRY) == (of(verdict, "exhaust").level, reason(verdict, "exhaust"))


def test_open_grow_box_8_limits_do_not_follow_the_air_and_their_hysteresis_works() -> None:
    """There a room of 10 °C lowers the limit by 4.5 °C, and the hysteresis asks for T > max and T < max - h at once."""
    bench = Bench(zone("heater", "cooler", "exhaust", mode="Closed_Environment", **LIMITED))
    bench.outside = (10.0, 50.0)

    assert {"heater"} == on(bench.ticks(5, 17.0, 55.0))
    assert {"cooler"} == on(bench.ticks(40, 29.6, 55.0))
    assert {"cooler"} == on(bench.ticks(40, 29.2, 55.0))
    assert set() == on(bench.ticks(40, 28.9, 55.0))


def test_open_grow_box_9_a_value_that_stands_still_is_judged_at_every_tick_and_an_old_one_by_its_age() -> None:
    """There control runs only when the rounded VPD changes: a frozen sensor stops it, and what ran goes on running."""
    bench = Bench(zone("heater"))
    assert {"heater"} == on(bench.vpd(20, 0.8))

    assert {"heater"} == on(bench.vpd(200, 0.8))

    late = bench.tick(25.0, humidity_for(0.8, 25.0), age_s=61.0)
    assert (0.0, Reason.NO_READING) == (of(late, "heater").level, reason(late, "heater"))


def test_open_grow_box_10_one_limit_is_one_figure_in_every_mode() -> None:
    """There four emergencies have four thresholds."""
    for mode in (Mode.VPD_TARGET, Mode.OBSERVE):
        bench = Bench(zone("cooler", mode=mode.value, **LIMITED))
        assert Reason.TOO_HOT != reason(bench.vpd(5, 1.0, celsius=29.9), "cooler")
        assert Reason.TOO_HOT == reason(bench.vpd(5, 1.0, celsius=30.1), "cooler")


def test_mycodo_a_nothing_goes_on_acting_inside_the_band() -> None:
    """There the control variable keeps its last value from outside, 1.31 s of every period, for ever."""
    bench = Bench(zone("heater"))
    assert {"heater"} == on(bench.vpd(20, 0.8))

    verdict = bench.vpd(30, 1.03)

    assert set() == on(verdict)
    assert set() == on(bench.vpd(300, 1.0))
