"""The control law: modes, targets, reasons, pairs, dwells, pauses, and what it learns."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from services.climate_controller.core.tick import Running
from shared.climate.decisions import Reason
from shared.climate.zones import OPPOSED, Kind
from tests.unit.climate_controller.bench import KINDS, NOON, Bench, humidity_for, of, on, reason, zone


@pytest.mark.parametrize(("vpd", "wanted"), [(0.85, "heater"), (1.15, "humidifier")])
def test_off_its_band_the_vpd_is_brought_back(vpd: float, wanted: str) -> None:
    """Each way with what moves it there."""
    verdict = Bench(zone("heater", "humidifier")).vpd(5, vpd)

    assert {wanted} == on(verdict)
    assert "target 1.00 kPa" in of(verdict, wanted).text


def test_inside_the_band_nothing_changes() -> None:
    """The band is the debounce."""
    bench = Bench(zone())
    for vpd in (0.95, 1.0, 1.05):
        assert set() == on(bench.vpd(30, vpd))


def test_an_edge_that_is_near_is_acted_on_before_it_is_reached() -> None:
    """The VPD falls by 0.02 kPa a minute; within the loop's delay it would be outside."""
    bench = Bench(zone("heater"))
    at = next(
        vpd
        for step in range(200)
        if on(bench.vpd(1, vpd := 1.0 - step * 0.02 / 6))
    )  # fmt: skip

    assert 0.907 < at < 0.921


@pytest.mark.parametrize(("vpd", "expected"), [(0.86, set()), (0.5, {"heater"})])
def test_what_comes_in_by_itself_is_left_to_itself_only_if_it_comes_in_in_time(vpd: float, expected: set[str]) -> None:
    """By 0.004 kPa a minute: from just outside in ten minutes, from far out in more than an hour and a half."""
    bench = Bench(zone("heater", mode="Observe"))
    for step in range(60):
        verdict = bench.vpd(1, vpd - 0.04 + step * 0.004 / 6)
    assert expected == on(verdict)


def test_a_stop_comes_before_the_far_edge_the_earlier_the_longer_the_loops_delay() -> None:
    """The VPD rises by 0.15 kPa a minute: half a minute more of delay is 0.07 kPa."""
    stops = {}
    for delay_s in (5.0, 35.0):
        bench = Bench(zone("exhaust"))
        bench.state = replace(bench.state, delay_s=delay_s)
        falling = [1.0 - 0.003 * step for step in range(40)]
        assert {"exhaust"} == on([bench.vpd(1, vpd) for vpd in falling][-1])
        for step in range(20):
            vpd = falling[-1] + 0.025 * step
            decision = of(bench.vpd(1, vpd), "exhaust")
            if decision.reason is Reason.STOPS_AHEAD:
                stops[delay_s] = vpd
                assert decision.until_s is None or 0 < decision.until_s - bench.now_s <= bench.zone.tick_s
                break

    assert 1.0 < stops[35.0] < stops[5.0] - 0.02 < 1.1


@pytest.mark.parametrize(("one", "other"), OPPOSED)
@pytest.mark.parametrize("vpd", [0.7, 1.3])
def test_opposed_actuators_never_run_together(one: Kind, other: Kind, vpd: float) -> None:
    """Not for one tick, whatever ran before, whatever the air is."""
    for celsius in (17.0, 25.0, 33.0):
        bench = Bench(zone(*KINDS))
        for ran in (one, other):
            if ran.value in KINDS:
                bench.runs(ran.value)
                bench.vpd(1, vpd, celsius)
                for _ in range(60):
                    assert not {one.value, other.value} <= on(bench.vpd(1, vpd, celsius))


def test_humid_air_is_not_vented_with() -> None:
    """Outside 24 °C and 90 %: the fan would lower the VPD; another sensor's RH of 60 % at 10 °C would not."""
    bench = Bench(zone("exhaust"))
    bench.outside = (24.0, 90.0)
    verdict = bench.vpd(30, 0.8)
    assert (0.0, Reason.FUTILE) == (of(verdict, "exhaust").level, reason(verdict, "exhaust"))

    bench.outside = (10.0, 90.0)  # as humid to the hygrometer, with a third of the water
    assert {"exhaust"} == on(bench.vpd(30, 0.8))


def test_with_humid_air_outside_a_fan_lowers_the_vpd() -> None:
    """It is then the actuator of the other direction."""
    bench = Bench(zone("exhaust"))
    bench.outside = (24.0, 90.0)

    assert {"exhaust"} == on(bench.vpd(5, 1.2))


def test_a_graded_fan_gets_the_smallest_level_that_turns_the_vpd() -> None:
    """A tenth or two, not full."""
    found = zone("exhaust").model_copy(
        update={"actuators": tuple(each.model_copy(update={"steps": 10}) for each in zone("exhaust").actuators)}
    )

    level = of(Bench(found).vpd(5, 0.88), "exhaust").level

    assert level in {0.1, 0.2, 0.3}


def test_a_graded_fan_never_crawls_below_its_lowest_speed_and_is_not_set_at_every_tick() -> None:
    """It begins at 0.4, and a level stays for a minute."""
    fan = zone("exhaust").actuators[0].model_copy(update={"steps": 10, "least": 0.4})
    bench = Bench(zone("exhaust").model_copy(update={"actuators": (fan,)}))
    assert 0.4 == of(bench.vpd(3, 0.88), "exhaust").level

    bench.running["exhaust"] = Running(0.4, bench.now_s - 30)
    assert (0.4, Reason.SPACING) == (lambda d: (d.level, d.reason))(of(bench.vpd(1, 0.5), "exhaust"))


@pytest.mark.parametrize(("celsius", "wanted"), [(20.0, "heater"), (30.0, "exhaust")])
def test_what_suits_the_temperature_is_asked_first(celsius: float, wanted: str) -> None:
    """Both raise the VPD: on the cold side of the limits the heater, on the warm side the fan."""
    assert {wanted} == on(Bench(zone("heater", "exhaust")).vpd(5, 0.85, celsius))


def test_what_must_run_on_keeps_its_opponent_off() -> None:
    """The compressor has run for a minute of three, and the VPD is too high: the humidifier waits."""
    bench = Bench(zone("humidifier", "dehumidifier"))
    bench.vpd(5, 1.0)
    bench.running["dehumidifier"] = Running(1.0, bench.now_s - 20)

    verdict = bench.vpd(4, 1.3)

    assert {"dehumidifier"} == on(verdict)
    assert {Reason.OPPOSED, Reason.MIN_ON} == {each.reason for each in verdict.decisions}


def test_a_fan_that_would_gain_next_to_nothing_is_futile() -> None:
    """By 0.03 kPa; at 0.2 it is worth while."""
    for gain, expected in ((0.03, set()), (0.2, {"exhaust"})):
        bench = Bench(zone("exhaust"))
        bench.outside = (25.0, humidity_for(0.85 + gain, 25.0))
        assert expected == on(bench.vpd(5, 0.85))


def test_what_brings_the_vpd_back_goes_on_beyond_the_edge() -> None:
    """At 0.95 with nothing else moving the heater has not yet come to the target."""
    bench = Bench(zone("heater"))
    bench.vpd(20, 0.88)

    assert {"heater"} == on(bench.vpd(5, 0.95))


@pytest.mark.parametrize(("outside", "helps"), [((35.0, 30.0), False), ((30.5, 30.0), False), ((20.0, 30.0), True)])
def test_hot_air_is_no_help_against_heat(outside: tuple[float, float], helps: bool) -> None:
    """The fan runs against heat only where it draws in air that is cooler by a degree."""
    bench = Bench(zone("exhaust", limits={"temperature": {"low": 18, "high": 30}}))
    bench.outside = outside

    assert helps == ("exhaust" in on(bench.vpd(5, 1.3, celsius=31.0)))


def test_dryness_is_judged_by_the_water_in_the_air() -> None:
    """90 % at 10 °C is drier than 35 % at 24 °C; 60 % at 24 °C is not, but the humidifier has the zone."""
    limited = zone("exhaust", "humidifier", limits={"humidity": {"low": 40, "high": 80}})
    bench = Bench(limited)
    bench.outside = (5.0, 90.0)
    bench.runs("exhaust")
    assert Reason.TOO_DRY == reason(bench.ticks(5, 24.0, 35.0), "exhaust")

    bench = Bench(limited)
    bench.outside = (24.0, 60.0)
    bench.runs("exhaust")
    verdict = bench.ticks(5, 24.0, 35.0)
    assert {"humidifier"} == on(verdict)
    assert Reason.OPPOSED == reason(verdict, "exhaust")


def test_a_closed_environment_never_vents() -> None:
    """Not even when it is hot."""
    bench = Bench(zone("exhaust", "cooler", mode="Closed_Environment"))

    verdict = bench.ticks(5, 40.0, 60.0)

    assert {"cooler"} == on(verdict)
    assert Reason.NOT_FOR_MODE == reason(verdict, "exhaust")


def test_a_stronger_heater_is_learned_as_one_and_not_while_the_light_has_just_changed() -> None:
    """The VPD rises by 0.1 kPa a minute, three times what is assumed."""
    learned = {}
    for begins in (NOON, 86_400.0 - 305.0):  # the light goes off after the first readings
        bench = Bench(zone("heater"), now_s=begins)
        bench.vpd(30, 0.5)
        before = bench.state.rates["heater"]
        bench.runs("heater", for_s=100.0)
        vpd = 0.5
        for _ in range(20):
            bench.running["heater"] = Running(1.0, bench.now_s - 300)
            bench.vpd(1, vpd := vpd + 0.1 / 6)
        learned[begins] = bench.state.rates["heater"] / before

    assert learned[NOON] > 1.2
    assert 1.0 == learned[86_400.0 - 305.0]


def test_what_was_seen_to_do_nothing_rests_where_another_can_do_its_work() -> None:
    """An empty tank: the cooler is asked; alone, the humidifier would go on trying."""
    for kinds, expected in ((("humidifier", "cooler"), {"cooler"}), (("humidifier",), {"humidifier"})):
        bench = Bench(zone(*kinds))
        bench.state = replace(bench.state, rates={"humidifier": -0.10 / 20})
        bench.vpd(3, 1.3)
        bench.runs("humidifier")
        assert expected == on(bench.vpd(3, 1.3))


def test_a_compressor_rests_before_it_starts_again_and_runs_before_it_stops() -> None:
    """Five minutes off, three on."""
    bench = Bench(zone("dehumidifier"))
    bench.running["dehumidifier"] = Running(0.0, bench.now_s - 100)
    assert (0.0, Reason.MIN_OFF) == (lambda d: (d.level, d.reason))(of(bench.vpd(4, 0.8), "dehumidifier"))

    bench.running["dehumidifier"] = Running(1.0, bench.now_s - 60)
    assert (1.0, Reason.MIN_ON) == (lambda d: (d.level, d.reason))(of(bench.vpd(1, 1.2), "dehumidifier"))


def test_what_does_not_answer_is_not_counted_on() -> None:
    """The next in order is asked."""
    bench = Bench(zone("exhaust", "heater"))
    bench.running["exhaust"] = Running(0.0, -1e9, available=False)

    verdict = bench.vpd(5, 0.8)

    assert {"heater"} == on(verdict)
    assert Reason.UNAVAILABLE == reason(verdict, "exhaust")


def test_without_a_reading_everything_is_off_but_light_and_circulation() -> None:
    """Nothing is decided blind."""
    bench = Bench(zone("heater", "light", "circulation"))
    bench.runs("heater")
    bench.runs("circulation")

    verdict = bench.tick(None)

    assert {"light", "circulation"} == on(verdict)
    assert Reason.NO_READING == reason(verdict, "heater")


def test_after_a_gap_three_readings_come_before_the_first_decision() -> None:
    """Also after a restart."""
    bench = Bench(zone("heater"))

    reasons = [reason(bench.vpd(1, 0.7), "heater") for _ in range(3)]

    assert [Reason.WARMING_UP, Reason.WARMING_UP, Reason.VPD_LOW] == reasons


def test_leaving_the_band_is_one_event_a_time_and_not_one_a_reading() -> None:
    """With the side."""
    bench = Bench(zone("light"))
    actions: list[Any] = []
    for vpd in (1.0, 0.8, 0.8, 1.0, 1.2):
        for _ in range(10):
            changes = bench.vpd(1, vpd).changes
            actions += [change.data["action"] for change in changes if change.type == "control.vpd.action_required"]

    assert ["increase_vpd", "reduce_vpd"] == actions


def test_what_is_learned_stays_within_bounds_and_never_changes_its_sign() -> None:
    """Whatever the air does while a heater runs: 8 times and a twentieth of what is assumed."""
    for step in (-0.02, 0.05):
        bench = Bench(zone("heater"))
        bench.vpd(3, 0.8)
        vpd = 0.5
        for _ in range(300):
            bench.runs("heater")
            bench.vpd(1, vpd := min(max(vpd + step, 0.2), 2.9))
        assert 0.036 / 20 <= bench.state.rates["heater"] <= 0.036 * 8


def test_the_vpd_at_the_leaf_can_be_the_target_and_below_zero_it_is_dew() -> None:
    """It is not cut off at 0, and what wets or cools is off."""
    bench = Bench(zone("heater", "humidifier", vpd_of="leaf", leaf_offset_c={"day": -3.0}))

    verdict = bench.ticks(5, 25.0, 98.0)

    assert verdict.vpd is not None
    assert verdict.vpd < -0.3
    assert {"heater"} == on(verdict)
    assert Reason.CONDENSING in bench.state.limits


def test_the_light_goes_by_its_hours_whatever_is_measured() -> None:
    """Eighteen hours from six, without a stage."""
    for hour, lit in ((5, False), (7, True), (23, True)):
        verdict = Bench(zone("light"), now_s=3600.0 * hour).tick(None)
        assert lit == ("light" in on(verdict))


def test_the_same_input_gives_the_same_decision() -> None:
    """The law is a function."""
    readings = [(24 + step % 7 * 0.1, humidity_for(0.85 + step % 11 * 0.03, 24.0)) for step in range(200)]

    logs = []
    for _ in range(2):
        bench = Bench(zone())
        logs.append([bench.tick(*reading).decisions for reading in readings])

    assert logs[0] == logs[1]


def test_a_reading_that_is_seen_twice_teaches_nothing() -> None:
    """Its age is measured by two clocks, and differs by a hair from tick to tick: no time for the VPD to move."""
    bench = Bench(zone("heater"))
    bench.vpd(20, 1.0)
    bench.vpd(1, 1.04)
    before = bench.state.estimate

    bench.tick(25.0, humidity_for(1.04, 25.0), age_s=bench.zone.tick_s - 1e-5)

    assert before == bench.state.estimate
