"""What a battery has done and still can: sums, cycles, resistance, capacity, runtime, outages."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.event_processor.core.device.meter import Meter, MeterReading, covers, run_on
from shared.messages import DeviceState, Event, Frame, Quality
from tests.support.scenarios import at, configured, frame, run, series

FIVE_AH = configured(DEVICES__UPS__CAPACITY_MAH="5000")
CURRENTS = st.lists(st.floats(-5, 5).map(lambda amps: round(amps, 3)), min_size=2, max_size=60)


def metered(currents: list[float | None], step_s: float = 10, meter: Meter | None = None) -> Meter:
    """Return the meter after these currents, at 4 V."""
    meter = meter or Meter()
    for amps in currents:
        reading = MeterReading(amps, 4.0, None, None)
        meter = run_on(meter, reading, step_s, covers(meter, step_s, 30), 1, 5.0)
    return meter


def cycles(events: list[Event]) -> list[tuple[float, int]]:
    """Return (second, cycles) of the cycle counts."""
    return [((e.time - at(0)).total_seconds(), e.data["cycles"]) for e in events if e.type == "CHARGE_CYCLE_COUNT"]


def state_of(frames: list[Frame], **environ: str) -> DeviceState:
    """Return the last state."""
    state = run(frames, configured(**environ))[1]
    assert state is not None
    return state


@given(CURRENTS)
def test_charge_in_less_charge_out_is_the_integral(currents: list[float]):
    """Also where the current changes sign between two readings."""
    meter = metered([*currents])
    expected = sum((a + b) / 2 * 10 / 3600 for a, b in pairwise(currents))

    assert pytest.approx(expected, abs=1e-9) == meter.charge_in - meter.charge_out
    assert pytest.approx(4 * expected, abs=1e-9) == meter.energy_in - meter.energy_out
    assert min(meter.charge_in, meter.charge_out, meter.energy_in, meter.energy_out) >= 0


@given(CURRENTS, st.integers(0, 60))
def test_the_sums_do_not_depend_on_where_the_history_is_cut(currents: list[float], cut: int):
    """A restart between two frames adds and loses nothing."""
    assert metered([*currents]) == metered([*currents[cut:]], meter=metered([*currents[:cut]]))


def test_nothing_is_summed_over_a_silence():
    """An hour without a word may have been anything; a minute between polls of a minute is no silence."""
    gone = metered([-1.0], step_s=3600, meter=metered([-1.0, -1.0]))
    slow = metered([-1.0, -1.0, -1.0], step_s=60)

    assert metered([-1.0, -1.0]).charge_out == gone.charge_out
    assert pytest.approx(2 / 60) == slow.charge_out


def test_nothing_is_summed_across_a_frame_without_a_current():
    """Unknown is not what it was before."""
    assert 0 == metered([-1.0, None, -1.0]).charge_out


def test_a_cycle_is_as_much_charge_as_the_battery_holds():
    """5.001 A out of 5 Ah: one in 3599.3 s, told at the frame that completes it; charging between does not count."""
    frames = series("battery_current", (3602, -5.001), (3600, 2.0), (3600, -5.001))

    assert [(3600, 1), (10799, 2)] == cycles(run(frames, FIVE_AH)[0])


def test_without_a_current_a_cycle_is_a_hundred_percent_of_charge_lost():
    """In two discharges of 60 %."""
    down = [100 - n for n in range(61)]
    frames = [frame(n, state_of_charge=percent) for n, percent in enumerate([*down, *reversed(down), *down])]

    assert [(162, 1)] == cycles(run(frames)[0])


def test_a_gauge_that_wobbles_makes_no_cycles():
    """Half a percent to and fro, for hours."""
    frames = [frame(n, state_of_charge=80 + n % 2 * 0.5) for n in range(2000)]

    assert 0 == state_of(frames).values["charge_cycles"]


def test_the_fraction_of_a_cycle_is_kept():
    """A quarter is in the state, and in the memory that goes to the ledger."""
    state = run(series("battery_current", (901, -5.0)), FIVE_AH)[1]

    assert state is not None
    assert pytest.approx(0.25, abs=0.001) == state.values["charge_cycles"]
    assert pytest.approx(1.25, abs=0.001) == state.values["charge_out"]
    assert -1.0 == state.values["c_rate"]


def test_power_and_energy_of_the_load():
    """12 V and 2 A for half an hour are 12 Wh."""
    state = state_of(series("output_current", (1801, 2.0), output_voltage=12.0))

    assert (24.0, 12.0) == (state.values["output_power"], state.values["output_energy"])


def test_steps_of_the_load_show_the_resistance():
    """0.12 V a pack of two for 0.5 A more: 120 mΩ a cell; the median, so one odd step does not matter."""
    loads = [(-1.0, 7.6), (-1.5, 7.48)] * 4 + [(-1.0, 7.0)]
    frames = [frame(n, battery_current=amps, battery_voltage=volts) for n, (amps, volts) in enumerate(loads)]

    assert 120.0 == state_of(frames, DEVICES__UPS__CELLS="2").values["internal_resistance"]


def test_a_slow_drift_is_no_step():
    """Less than 0.3 A from frame to frame."""
    frames = [frame(n, battery_current=-n / 10, battery_voltage=4 - n / 100) for n in range(30)]

    assert "internal_resistance" not in state_of(frames).values


def test_a_deep_discharge_shows_the_capacity():
    """2 A for an hour take the gauge from 90 to 40 %: 4 Ah, 80 % of what was sold."""
    frames = [frame(n * 10, battery_current=-2.0, state_of_charge=90 - n * 50 / 360) for n in range(361)]
    state = run(frames, FIVE_AH)[1]

    assert state is not None
    assert (pytest.approx(4000, rel=0.01), pytest.approx(80, rel=0.01)) == (
        state.values["capacity_seen"],
        state.values["battery_health"],
    )


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"battery_current": -2.5, "state_of_charge": 50.0}, 3600),
        ({"charge_rate": -25.0, "state_of_charge": 50.0, "ac_present": False}, 7200),
        ({"battery_current": 0.5, "state_of_charge": 50.0}, None),
        ({"state_of_charge": 50.0, "ac_present": True, "charge_rate": -1.0}, None),
        ({"battery_current": -2.5}, None),
    ],
    ids=["by current", "by the gauge", "charging", "on mains", "no gauge"],
)
def test_runtime_left(values: dict[str, float], expected: float | None):
    """By current and capacity, else by the gauge's rate; None where nobody can say."""
    state = run([frame(n, **values) for n in range(3)], FIVE_AH)[1]

    assert state is not None
    assert expected == state.values.get("runtime_left_s")


def test_runtime_left_by_how_fast_the_outage_went():
    """10 % in 600 s, 40 % left of which 10 are the reserve: 1800 s more."""
    frames = [frame(n * 10, state_of_charge=50 - n / 6, ac_present=False) for n in range(61)]

    assert 1800 == state_of(frames, DEVICES__UPS__RESERVE_PERCENT="10").values["runtime_left_s"]


def test_an_outage_tells_how_deep_it_went():
    """Lowest voltage and charge, energy and charge drawn, from its first frame to the last."""
    before = [
        frame(n, ac_present=True, battery_current=0.0, battery_voltage=4.1, state_of_charge=90.0) for n in range(3)
    ]
    during = [
        frame(3 + n, ac_present=False, battery_current=-3.6, battery_voltage=4.0 - n / 100, state_of_charge=90 - n / 10)
        for n in range(21)
    ]
    after = [
        frame(24 + n, ac_present=True, battery_current=0.0, battery_voltage=4.1, state_of_charge=88.0) for n in range(6)
    ]
    restored = [event for event in run([*before, *during, *after])[0] if event.type == "AC_POWER_RESTORED"]

    assert [(3.8, 88.0, 2.0)] == [
        (e.data["lowest_cell_voltage"], e.data["lowest_charge"], e.data["depth"]) for e in restored
    ]
    assert pytest.approx(0.0205, abs=1e-4) == restored[0].data["charge_ah"]
    assert pytest.approx(0.080, abs=1e-3) == restored[0].data["energy_wh"]
    assert ("2026-01-31T12:00:03.000000Z", 21.0) == (restored[0].data["began"], restored[0].data["outage_s"])


@pytest.mark.parametrize(("volts", "cause"), [(170.0, "input_low"), (0.4, "input_lost"), (None, None)])
def test_an_outage_tells_what_the_input_looked_like(volts: float | None, cause: str | None):
    """A brownout is not a cut; where nobody measures the input, nothing is said."""
    out = {"ac_present": False} | ({} if volts is None else {"input_voltage": volts})
    frames = [*series("ac_present", (3, True), input_voltage=230.0), *(frame(3 + n, **out) for n in range(4))]

    assert [cause] == [event.data.get("cause") for event in run(frames)[0] if event.type == "AC_POWER_LOSS"]


def test_the_sag_under_load_is_taken_out_where_the_resistance_is_known():
    """3.55 V at 2 A over 60 mΩ are 3.67 V of the cell's own: not low; at 0.5 A they are 3.58 V: low."""
    heavy, light = (series("battery_voltage", (20, 3.55), battery_current=amps) for amps in (-2.0, -0.5))
    known = configured(DEVICES__UPS__RESISTANCE_MOHM="60")

    assert "BATTERY_LOW" not in {event.type for event in run(heavy, known)[0]}
    assert "BATTERY_LOW" in {event.type for event in run(heavy)[0]}
    assert [(3.55, 3.58)] == [
        (e.data["cell_voltage"], e.data["judged_voltage"]) for e in run(light, known)[0] if e.type == "BATTERY_LOW"
    ]


def test_a_charger_does_not_lift_a_low_battery_to_recovered():
    """3.75 V at 1 A in over 100 mΩ are 3.65 V: the episode goes on."""
    frames = series("battery_voltage", (20, 3.5), (60, 3.75), battery_current=-0.5)
    lifted = [item.model_copy(update={"values": {**item.values, "battery_current": 1.0}}) for item in frames[20:]]
    known = configured(DEVICES__UPS__RESISTANCE_MOHM="100")

    assert "BATTERY_RECOVERED" not in {event.type for event in run([*frames[:20], *lifted], known)[0]}
    assert "BATTERY_RECOVERED" in {event.type for event in run([*frames[:20], *lifted])[0]}


def test_a_battery_that_helps_the_mains_is_judged():
    """AC is there and the current still runs out of the battery: low is low."""
    frames = series("battery_voltage", (20, 3.5), ac_present=True, battery_current=-0.5)

    assert "BATTERY_LOW" in {event.type for event in run(frames)[0]}


def test_a_bad_frame_sums_nothing():
    """What cannot be believed is not counted."""
    frames = series("battery_current", (60, -5.0))
    doubted = [item.model_copy(update={"quality": Quality.BAD}) for item in frames]

    assert "charge_out" not in state_of(doubted).values
