"""Laws of one frame after another."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.event_processor.core.device.memory import NOTHING, Memory
from services.event_processor.core.process import process_frame
from shared.messages import Event, Frame, Quality
from tests.support.scenarios import NACK, SHIPPED, START, at, configured, frame, run, series

QUALITIES = st.sampled_from([Quality.GOOD, Quality.GOOD, Quality.GOOD, Quality.SUSPECT, Quality.STALE, Quality.BAD])
VALUES = st.fixed_dictionaries(
    {},
    optional={
        "battery_voltage": st.sampled_from([3.2, 3.5, 3.58, 3.65, 3.8, 4.16]),
        "battery_current": st.sampled_from([-0.5, -0.07, 0.0, 0.07, 1.5]),
        "ac_present": st.booleans(),
        "charging": st.booleans(),
        "state_of_charge": st.sampled_from([5.0, 99.5]),
        "cpu_temperature": st.sampled_from([50.0, 57.0, 70.0]),
        "co2": st.sampled_from([500.0, 1300.0, 1600.0]) | st.just("?"),
    },
)
ITEMS = st.tuples(st.sampled_from([-3.0, 0.0, 0.5, 1.0, 7.0, 40.0, 700.0]), VALUES, QUALITIES, st.booleans())
FRAMES = st.lists(ITEMS, max_size=40)


def frames_of(items: list[tuple[float, dict[str, float | str], Quality, bool]]) -> list[Frame]:
    """Return one device's frames; each item's first part is the time since the one before, s."""
    found, second = [], 0.0
    for step_s, values, quality, failed in items:
        second += step_s
        errors = (NACK,) if failed else ()
        found.append(Frame(time=at(second), device="ups", values=values, quality=quality, errors=errors))
    return found


def run_through_text(frames: list[Frame]) -> list[Event]:
    """Return all events, with the memory written out and read back between any two frames."""
    memory, events = NOTHING, []
    for item in frames:
        outcome = process_frame(SHIPPED, memory, item)
        memory = Memory.from_json(outcome.memory.to_json())
        events += outcome.events
    return events


@settings(deadline=None)
@given(FRAMES)
def test_a_restart_between_any_two_frames_changes_nothing(items: list[tuple[float, dict, Quality, bool]]):
    """The same events, field for field, ids included."""
    frames = frames_of(items)

    assert run(frames)[0] == run_through_text(frames)


@settings(deadline=None)
@given(FRAMES, st.integers(0, 40))
def test_events_do_not_depend_on_how_frames_are_batched(items: list[tuple[float, dict, Quality, bool]], cut: int):
    """Two batches make what one makes."""
    frames = frames_of(items)
    memory = NOTHING
    for item in frames[:cut]:
        memory = process_frame(SHIPPED, memory, item).memory

    assert run(frames)[0] == run(frames[:cut])[0] + run(frames[cut:], memory=memory)[0]


@settings(deadline=None)
@given(FRAMES)
def test_every_event_of_a_forward_history_has_an_id_of_its_own(items: list[tuple[float, dict, Quality, bool]]):
    """Even where two frames bear the same time."""
    events, _ = run(frames_of([(abs(step_s), *rest) for step_s, *rest in items]))

    assert len(events) == len({event.id for event in events})


@settings(deadline=None)
@given(FRAMES)
def test_outages_and_returns_alternate(items: list[tuple[float, dict, Quality, bool]]):
    """So do charge sessions' ends and beginnings: no COMPLETED without a STARTED."""
    types = [event.type for event in run(frames_of(items))[0]]
    for pair in (("AC_POWER_LOSS", "AC_POWER_RESTORED"), ("BATTERY_LOW", "BATTERY_RECOVERED")):
        mine = [name for name in types if name in pair]
        assert [pair[n % 2] for n in range(len(mine))] == mine
    started = 0
    for name in types:
        started += {"CHARGING_STARTED": 1, "CHARGING_COMPLETED": -1}.get(name, 0)
        assert started >= 0


def test_ids_are_stable():
    """A known cause has a known id, on every machine and in every version."""
    events, _ = run([Frame(time=START, device="ups", errors=(NACK,), quality=Quality.BAD)])

    assert ["b959bb62-d726-52bb-8aaf-a60f00cd016f"] == [event.id for event in events]


def test_two_frames_of_one_time_are_two_causes():
    """A log of whole seconds may hold several readings a second."""
    events, _ = run([frame(0, co2=500), frame(0, co2=501), frame(0, co2=502)])

    assert 3 == len({event.id for event in events})


def test_a_step_back_in_time_runs_no_dwell_and_stops_none():
    """The clock is set back an hour in the middle of a dwell of 30 s; the dwell goes on from there."""
    before = [frame(n, cpu_temperature=70) for n in range(20)]
    after = [frame(n - 3600, cpu_temperature=70) for n in range(20)]
    events, _ = run([*before, *after])

    assert [at(11 - 3600)] == [event.time for event in events]


def test_events_of_one_frame_come_in_the_documented_order():
    """Signals, errors, faults, readings, power, battery, charging, thresholds, limits."""
    values = {
        "ac_present": False,
        "battery_voltage": 3.2,
        "charging": True,
        "cpu_temperature": 70,
        "co2": 1600,
        "lifecycle": "started",
    }
    compiled = configured(
        RULES__POWER__LOST_AFTER_S="60",
        RULES__BATTERY="{low: BATTERY_LOW, critical: BATTERY_CRITICAL, recovered: BATTERY_RECOVERED}",
        CHEMISTRIES__LI_ION__LOW__ENTER_FOR_S="60",
        CHEMISTRIES__LI_ION__CRITICAL__ENTER_FOR_S="60",
        RULES__THRESHOLDS__CPU_HOT__ENTER_FOR_S="60",
    )
    frames = [Frame(time=at(n * 60), device="ups", values=values, errors=(NACK,)) for n in range(2)]

    assert [
        "SYSTEM_STARTUP",
        "I2C_ERROR",
        "COMM_LOST",
        "sensor.co2",
        "STARTED_ON_BATTERY",
        "AC_POWER_LOSS",
        "BATTERY_LOW",
        "BATTERY_CRITICAL",
        "TEMPERATURE_HIGH",
        "sensor.threshold.exceeded",
    ] == [event.type for event in run(frames, compiled)[0] if event.time == at(60)]


def test_triggers_follow_the_catalogue():
    """Each names its event."""
    outcome = process_frame(SHIPPED, NOTHING, Frame(time=START, device="ups", errors=(NACK,)))

    assert [("communication_retry", outcome.events[0].id), ("error_logging", outcome.events[0].id)] == [
        (trigger.name, trigger.event) for trigger in outcome.triggers
    ]


def test_the_frames_zone_goes_before_the_configured_one():
    """What the reader says of the device is nearer to it."""
    compiled = configured(DEVICES__UPS__ZONE="rack")
    named = Frame(time=START, device="ups", zone="attic", values={"co2": 1})

    assert ["rack", "attic"] == [run([f], compiled)[0][0].zone for f in (frame(0, co2=1), named)]


def test_the_state_shows_the_last_frame_and_the_confirmed_conditions():
    """Values are those of the frame and what follows from them, however old the conditions."""
    _, state = run(series("battery_voltage", (20, 3.5), ac_present=False))

    assert ("battery", "low", None, ("on_battery", "battery_low")) == (
        state.power,
        state.battery,
        state.charging,
        state.active,
    )
    estimated = {name for name in state.values if name.startswith("estimated_")}
    assert {"estimated_charge", "estimated_charge_low", "estimated_charge_high"} < estimated
    assert {"battery_voltage": 3.5, "ac_present": False, "cell_voltage": 3.5} == {
        name: value for name, value in state.values.items() if name not in estimated
    }


def test_a_bad_frame_shows_no_old_values():
    """Unknown is unknown; the conditions stay."""
    _, state = run([*series("battery_voltage", (20, 3.5)), frame(30, quality=Quality.BAD)])

    assert ({}, "low", Quality.BAD) == (state.values, state.battery, state.quality)


@pytest.mark.parametrize("device", ["ups", "room"])
def test_a_quiet_frame_keeps_the_latches_it_found(device: str):
    """No copy is made where nothing changed: the path that runs most must stay lean."""
    values = {"battery_voltage": 4.1, "ac_present": True, "charging": False}
    first = process_frame(SHIPPED, NOTHING, Frame(time=START, device=device, values=values)).memory
    second = process_frame(
        SHIPPED, first, Frame(time=START + timedelta(seconds=1), device=device, values=values)
    ).memory

    assert second.latches is first.latches
