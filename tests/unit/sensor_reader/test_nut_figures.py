"""Figures of a UPS that are none, phases, and statuses that contradict the figures of their own poll."""

from __future__ import annotations

from typing import Any

import pytest

from services.sensor_reader.core.nut.history import History
from services.sensor_reader.core.nut.meaning import interpret
from services.sensor_reader.core.polling.remote_devices import RemoteDevice, frame_of
from shared.messages import Quality
from tests.unit.sensor_reader.test_nut_meaning import NOON


def values(status: str, *variables: str) -> dict[str, Any]:
    """Return the channels of a status with ``name: value`` lines."""
    return dict(interpret(dump(status, *variables))[0].values)


def dump(status: str, *variables: str) -> dict[str, str]:
    return {"ups.status": status, **dict(line.split(": ", 1) for line in variables)}


@pytest.mark.parametrize(("status", "charge", "runtime", "known"), [
    ("OL", "100", "65535", None),  # Dell 2700W HV, APC Smart-UPS X 750: all ones
    ("OL", "255", "3932100", None),  # Riello IPG 600: all ones, in minutes
    ("OB", "93", "65535", None),
    ("OL LB", "100", "0", None),  # nut#2190
    ("OL", "0.00", "0.00", None),  # Eaton 93PM
    ("OB", "97", "0", None),  # a believable charge disagrees
    ("OB LB", "3", "0", 0.0),  # and here it agrees
    ("OB LB", "", "0", 0.0),
    ("OB", "90", "60", 60.0),
    ("OL", "100", "64395", 64395.0),  # Powerware 9130 with a load of 3 %
])  # fmt: skip
def test_a_runtime_that_means_not_known_is_not_known(
    status: str, charge: str, runtime: str, known: float | None
) -> None:
    """And no fault."""
    reading, _ = interpret(dump(status, f"battery.charge: {charge}", f"battery.runtime: {runtime}"))

    assert known == reading.values.get("runtime_left_s")
    assert () == reading.doubts


def test_a_runtime_that_never_moves_is_not_known() -> None:
    """1,200 s at a full battery and at 90 %; it counts again when it moves."""
    history, seen = History(), []
    for charge, runtime in (("100", "1200"), ("97", "1200"), ("94", "1200"), ("90", "1200"), ("89", "1100")):
        reading, history = interpret(dump("OB", f"battery.charge: {charge}", f"battery.runtime: {runtime}"), history)
        seen.append(reading.values.get("runtime_left_s"))

    assert [1200.0, 1200.0, None, None, 1100.0] == seen


@pytest.mark.parametrize("line", ["battery.charge: 120", "battery.charge: -197.6", "battery.charge: XX.X"])
def test_a_charge_that_cannot_be_is_a_fault_of_that_channel_alone(line: str) -> None:
    """40 of 705 UPSs have such a variable; the frame is good."""
    reading, _ = interpret(dump("OL", line, "battery.runtime: 600"))
    frame = frame_of(RemoteDevice("ups", "nut:rack@nas", 1.0, 1.0), reading, NOON)

    assert frame is not None
    assert [("implausible", "state_of_charge")] == [(error.code, error.channel) for error in frame.errors]
    assert (Quality.GOOD, 600.0) == (frame.quality, frame.values["runtime_left_s"])


def test_a_battery_is_believed_within_its_nameplate() -> None:
    """135 V of a 12 V battery are tenths of volts (Tripp Lite); 54.8 V of a "24 V" one are a pack of two."""
    wrong, _ = interpret(dump("OL", "battery.voltage: 135.0", "battery.voltage.nominal: 12.0"))
    assert ["battery_voltage"] == [doubt.channel for doubt in wrong.doubts]
    assert "more than 4 times the nominal 12 V" in wrong.doubts[0].detail
    assert 54.8 == values("OL", "battery.voltage: 54.8", "battery.voltage.nominal: 24")["battery_voltage"]
    assert 439.0 == values("OL", "battery.voltage: 439.0")["battery_voltage"]


def test_a_three_phase_ups_is_read_by_its_phases() -> None:
    """APC Silcon 120 kW and Eaton 9395: the lowest voltage, the highest current, the sum of powers."""
    between = ("input.L1-L2.voltage: 393.0", "input.L2-L3.voltage: 397.0", "input.L3-L1.voltage: 390.0")
    silcon = values("OL", *between, "output.current: 099.0", "output.L1.current: 133.0", "output.phases: 3")
    assert (390.0, 99.0) == (silcon["input_voltage"], silcon["output_current"])
    lines = [f"output.L{n}-N.voltage: 240.00" for n in (1, 2, 3)] + ["output.L2.power.percent: 32.00"]
    lines += [f"output.L{n}.current: {amps}" for n, amps in ((1, "150.00"), (2, "189.00"), (3, "168.00"))]
    lines += [f"output.L{n}.realpower: {watts}" for n, watts in ((1, "34656"), (2, "43783"), (3, "38859"))]
    eaton = values("OL", *lines)
    assert (240.0, 189.0, 117298.0, 32.0) == tuple(
        eaton[name] for name in ("output_voltage", "output_current", "output_power", "output_load")
    )


def test_a_phase_that_is_not_there_is_none_and_one_that_failed_is() -> None:
    """By input.phases; without it a phase of 0 V beside others is not there."""
    lines = ("input.L1-N.voltage: 230", "input.L2-N.voltage: 0", "input.L3-N.voltage: 0")
    assert 230.0 == values("OL", *lines)["input_voltage"]
    assert 0.0 == values("OB", *lines, "input.phases: 3")["input_voltage"]


@pytest.mark.parametrize(("status", "lines", "expected"), [
    ("OB OFF OB", ("output.voltage: 230.0", "ups.load: 22"), True),  # nut#2278
    ("OL CHRG OFF", ("output.voltage: 231.0", "ups.load: 67", "output.current: 7.40"), True),
    ("OL OFF", ("output.voltage: 234.0", "ups.load: 0.0"), None),  # a voltage and no load: nobody knows
    ("OL OFF", ("output.voltage: 0.0", "ups.load: 0"), False),
    ("OL OFF", (), False),
])  # fmt: skip
def test_off_is_judged_by_what_the_output_shows(status: str, lines: tuple[str, ...], expected: bool | None) -> None:
    """Real dumps of networkupstools/nut-ddl."""
    assert expected is values(status, *lines).get("output_on")


@pytest.mark.parametrize(("status", "lines", "expected"), [
    ("OL DISCHRG OB", ("input.voltage: 231", "input.voltage.nominal: 230"), True),  # "#BAD: Actually the UPS is online"
    ("OL OB", ("input.voltage: 0.0",), False),
    ("OL OB", (), None),
    ("OL OB", ("input.voltage: 90", "input.voltage.nominal: 230"), None),  # neither here nor there
    ("TRIM", (), True),
    ("BOOST BYPASS", (), True),
    ("BYPASS", (), None),
    ("CAL OB", ("input.voltage: 231",), None),
])  # fmt: skip
def test_mains_that_the_status_leaves_open_are_judged_by_the_input(
    status: str, lines: tuple[str, ...], expected: bool | None
) -> None:
    """Where there is a voltage to judge by."""
    assert expected is values(status, *lines).get("ac_present")


def test_a_test_is_reported_when_it_comes_and_not_from_before() -> None:
    """Done and passed may be of last year; failed is so still."""
    history, seen = History(), []
    for text in ("Done and passed", "In progress", "Done and warning", "Done and passed", "No test initiated"):
        reading, history = interpret(dump("OL", f"ups.test.result: {text}"), history)
        seen.append(reading.values.get("self_test"))
    assert [None, "running", "failed", None, None] == seen

    history = History()
    for text in ("No test initiated", "Done and passed"):
        reading, history = interpret(dump("OL", f"ups.test.result: {text}"), history)
    assert "passed" == reading.values["self_test"]


def test_an_alarm_has_its_text() -> None:
    """As the UPS words it, without what a terminal would obey."""
    assert "Fan failed!" == values("ALARM OL", "ups.alarm: Fan \x1bfailed!")["alarm_text"].replace("[", "")
    assert "alarm_text" not in values("OL", "ups.alarm: 0")


@pytest.mark.parametrize(("status", "lines", "load"), [
    ("OL", ("ups.load: 660",), None),  # APC Back-UPS CS 350: tenths of percent, as all dumps are that lack OVER
    ("OL", ("ups.load: 150.00", "output.realpower: 253.00"), None),  # Tripp Lite: "this value should show as 15%"
    ("OL", ("ups.load: 255", "ups.power: 0.0", "ups.power.nominal: 900"), 0.0),  # all ones; the power tells it
    ("OL", ("ups.load: 255",), None),
    ("OL OVER", ("ups.load: 130",), 130.0),
    ("OL", ("ups.load: 130", "ups.power: 1290", "ups.power.nominal: 1000"), 130.0),
    ("OL", ("ups.load: 130", "ups.power: 130", "ups.power.nominal: 1000"), None),
    ("OL", ("ups.load: 99",), 99.0),
    ("OL", ("ups.realpower: 300", "ups.realpower.nominal: 600"), 50.0),
    ("OL", ("ups.power: 300",), None),  # no nameplate: nothing is known
])  # fmt: skip
def test_a_load_is_held_against_the_nameplate(status: str, lines: tuple[str, ...], load: float | None) -> None:
    """Above 100 % it needs a witness."""
    assert load == values(status, *lines).get("output_load")


def test_a_load_that_nothing_bears_out_is_said_once() -> None:
    """As a doubt about the channel."""
    doubts = interpret(dump("OL", "ups.load: 660"))[0].doubts
    assert [("implausible", "output_load")] == [(doubt.code, doubt.channel) for doubt in doubts]


def test_a_load_that_has_been_a_percentage_may_rise_above_100() -> None:
    """A Megatec UPS has no word OVER; 660 % is more than any carries."""
    history, seen = History(), []
    for load in ("80", "120", "660"):
        reading, history = interpret(dump("OL", f"ups.load: {load}"), history)
        seen.append(reading.values.get("output_load"))
    assert [80.0, 120.0, None] == seen


@pytest.mark.parametrize(("lines", "amperes"), [
    (("ups.power.nominal: 1500", "output.voltage.nominal: 230"), 6.52),
    (("ups.power.nominal: 1500", "output.voltage: 120"), 12.5),
    (("ups.power.nominal: 120000", "output.voltage.nominal: 400", "output.phases: 3"), None),
    (("output.voltage.nominal: 230",), None),
    (("ups.power.nominal: 0", "output.voltage.nominal: 230"), None),
])  # fmt: skip
def test_the_nameplate_says_which_current_a_ups_is_made_for(lines: tuple[str, ...], amperes: float | None) -> None:
    """Of one phase; else nothing is known."""
    assert amperes == values("OL", *lines).get("rated_output_current")


@pytest.mark.parametrize(("status", "amperes", "load", "believed"), [
    ("OL", "100.00", "14", None),  # Tripp Lite SMART1300LCDT: hundredths
    ("OL", "12.0", "110", 12.0),
    ("OL OVER", "12.0", "110", 12.0),
    ("OL", "12.0", "95", 12.0),
    ("OL", "8.0", "14", 8.0),
])  # fmt: skip
def test_a_current_above_the_nameplate_is_held_against_the_load(
    status: str, amperes: str, load: str, believed: float | None
) -> None:
    """1,300 VA at 120 V are 10.83 A."""
    plate = ("ups.power.nominal: 1300", "output.voltage.nominal: 120")
    found = values(status, f"output.current: {amperes}", f"ups.load: {load}", *plate).get("output_current")
    assert believed == found
