"""A UPS that says itself when its battery is low."""

from __future__ import annotations

from tests.support.scenarios import configured, frame, run, series, told

OUTAGE = {"ac_present": False, "charging": False}


def test_the_flag_is_low_once_and_recovered_once() -> None:
    """At the first frame that says so; recovered when it has been gone for 30 s."""
    low = [frame(n, battery_low=20 <= n < 40, state_of_charge=50 - n, **OUTAGE) for n in range(50)]
    well = [frame(n, battery_low=False, state_of_charge=50, **OUTAGE) for n in range(50, 80)]
    events = [(event.type, event.time.second + 60 * event.time.minute) for event in run(low + well)[0]]

    assert [("STARTED_ON_BATTERY", 2), ("AC_POWER_LOSS", 2), ("BATTERY_LOW", 20), ("BATTERY_RECOVERED", 70)] == events


def test_the_event_says_what_the_ups_said() -> None:
    """Its charge and the time it has left."""
    event = run([frame(0, battery_low=True, state_of_charge=8.0, runtime_left_s=70.0, **OUTAGE)])[0][-1]

    assert ("BATTERY_LOW", "battery_low", 8.0, 70.0) == (
        event.type, event.data["source"], event.data["state_of_charge"], event.data["runtime_left_s"])  # fmt: skip


def test_a_low_battery_on_mains_is_being_charged() -> None:
    """No LOW after the outage is over, as with a voltage."""
    names = [name for name, _ in told(series("battery_low", (60, True), ac_present=True, charging=True))]

    assert ["CHARGING_STARTED"] == names


def test_the_flag_goes_before_the_voltage() -> None:
    """A pack of lead-acid cells is none of our Li-ion levels: 2.1 V would be critical, 27 V full."""
    rack: dict[str, float | str] = {"device": "rack", **OUTAGE}
    outage = ["STARTED_ON_BATTERY", "AC_POWER_LOSS"]

    assert outage == [name for name, _ in told(series("battery_voltage", (60, 2.1), battery_low=False, **rack))]
    assert ["BATTERY_LOW", *outage] == [
        name for name, _ in told(series("battery_voltage", (60, 27.0), battery_low=True, **rack))
    ]


def test_a_pack_that_nobody_configured_is_no_cell() -> None:
    """27 V harms no Li-ion cell, and is no full one; an outage does not tell how low such a cell went."""
    outage = [frame(n, "rack", battery_low=False, battery_voltage=27.0, **OUTAGE) for n in range(10)]
    mains = [
        frame(n, "rack", battery_low=False, battery_voltage=27.0, state_of_charge=60, ac_present=True, charging=n < 30)
        for n in range(10, 60)
    ]
    events, state = run(outage + mains)

    assert ["STARTED_ON_BATTERY", "AC_POWER_LOSS", "AC_POWER_RESTORED", "CHARGING_STARTED"] == [
        event.type for event in events
    ]
    assert not [event.type for event in events if {"cell_voltage", "lowest_cell_voltage"} & event.data.keys()]
    assert state is not None
    assert "cell_voltage" not in state.values


def test_a_pack_that_somebody_configured_is_judged_by_the_cell_too() -> None:
    """What harms it does; whether it is low is still the UPS's word."""
    compiled = configured(DEVICES="{rack: {cells: 2, chemistry: lifepo4}}")
    frames = [frame(n, "rack", battery_low=False, battery_voltage=7.6, ac_present=True) for n in range(10)]

    assert ["OVERVOLTAGE_DETECTED"] == [name for name, _ in told(frames, compiled)]


def test_a_frame_without_the_flag_holds() -> None:
    """While the UPS calibrates it says nothing of its battery; the voltage does not step in."""
    frames = [frame(n, "rack", battery_low=True, battery_voltage=27.0, **OUTAGE) for n in range(5)]
    frames += [frame(n, "rack", battery_voltage=27.0, **OUTAGE) for n in range(5, 100)]

    assert ["BATTERY_LOW", "STARTED_ON_BATTERY", "AC_POWER_LOSS"] == [name for name, _ in told(frames)]
