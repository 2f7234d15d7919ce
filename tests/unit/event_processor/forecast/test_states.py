"""The forecast in the state of a device: a whole discharge through the shipped rules."""

from __future__ import annotations

from datetime import timedelta

from services.event_processor.core.device.memory import NOTHING, Memory
from services.event_processor.core.process import process_frame
from shared.messages import DeviceState, Frame, Scalar
from tests.support.scenarios import START, configured

DAY_S = 86_400
COMPILED = configured(DEVICES__UPS__CAPACITY_MAH="5000", DEVICES__UPS__CELLS="1", DEVICES__UPS__CHEMISTRY="li_ion")


def play(memory: Memory, at_s: float, **values: Scalar) -> tuple[Memory, DeviceState]:
    """One frame."""
    frame = Frame(time=START + timedelta(seconds=at_s), device="ups", values=values)
    outcome = process_frame(COMPILED, memory, frame)
    return outcome.memory, outcome.state


def discharged(memory: Memory, begin_s: float) -> tuple[Memory, list[DeviceState]]:
    """Full on the mains, then two hours at 2.3 A down to 2.9 V, then the mains again."""
    states = []
    for second in range(0, 600, 30):
        memory, _ = play(memory, begin_s + second, battery_voltage=4.19, battery_current=0.0, ac_present=True)
    for second in range(600, 7800, 30):
        share = 1 - (second - 600) / 7200
        volts = 3.3 + 0.8 * share if share > 0.1 else 2.9 + 4.8 * share
        memory, state = play(memory, begin_s + second, battery_voltage=volts, battery_current=-2.3, ac_present=False)
        states.append(state)
    for second in range(7800, 8100, 30):
        memory, state = play(memory, begin_s + second, battery_voltage=3.4, battery_current=0.0, ac_present=True)
        states.append(state)
    return memory, states


def test_a_discharge_has_charge_and_runtime_with_bounds() -> None:
    """In the middle of it, beside what was read; on mains there is no runtime."""
    _, states = discharged(NOTHING, 0)
    middle, end = states[120].values, states[-1].values

    assert middle["estimated_charge_low"] < middle["estimated_charge"] < middle["estimated_charge_high"]
    assert middle["estimated_runtime_low_s"] < 3600 < middle["estimated_runtime_high_s"]
    assert "current" == middle["estimated_charge_source"]
    assert "estimated_runtime_s" not in end


def test_the_second_discharge_knows_the_capacity() -> None:
    """4.6 Ah, of 5 Ah on the label; the runtime is right within a few percent then."""
    memory, states = discharged(NOTHING, 0)
    memory, again = discharged(memory, DAY_S)

    assert abs(states[-1].values["estimated_capacity"] / 4600 - 1) < 0.02
    assert abs(again[60].values["estimated_runtime_s"] / 5400 - 1) < 0.03


def test_a_restart_changes_nothing() -> None:
    """What is remembered comes back from JSON as it was, in the middle of a discharge."""
    memory, _ = discharged(NOTHING, 0)
    kept = Memory.from_json(memory.to_json())
    frame = {"battery_voltage": 4.19, "battery_current": 0.0, "ac_present": True}

    memory, state = play(memory, DAY_S, **frame)
    kept, same = play(kept, DAY_S, **frame)

    assert state == same
    assert memory.to_json() == kept.to_json()


def test_a_gauge_that_jumps_is_shown_and_doubted() -> None:
    """``state_of_charge`` stays what the chip says; beside it stands why it is doubted."""
    memory, _ = play(NOTHING, 0, battery_voltage=3.9, battery_current=-1.0, state_of_charge=70.0, ac_present=False)
    memory, state = play(memory, 5, battery_voltage=3.9, battery_current=-1.0, state_of_charge=30.0, ac_present=False)

    assert 30.0 == state.values["state_of_charge"]
    assert "it jumped by -40 %" == state.values["state_of_charge_doubt"]


def test_a_battery_read_every_quarter_of_an_hour_is_followed_all_the_same() -> None:
    """Its own step is no silence: four hours at 0.5 A are 2 Ah of 5."""
    memory = NOTHING
    for place in range(20):
        memory, _ = play(memory, 900 * place, battery_voltage=4.19, battery_current=0.0, ac_present=True)
    for place in range(20, 36):
        values = {"battery_voltage": 4.1 - 0.02 * (place - 20), "battery_current": -0.5, "ac_present": False}
        memory, state = play(memory, 900 * place, **values)

    assert state.values["estimated_charge_low"] < 60 < state.values["estimated_charge_high"]
    assert state.values["estimated_charge_high"] - state.values["estimated_charge_low"] < 25


def test_an_unknown_chemistry_has_no_estimate() -> None:
    """A UPS that reports its own low battery, of which nothing else is known, gets no Li-ion cell's charge."""
    frame = Frame(time=START, device="rack", values={"battery_voltage": 27.1, "battery_low": False, "ac_present": True})

    assert not [name for name in process_frame(COMPILED, NOTHING, frame).state.values if name.startswith("estimated")]
