"""Laws of whole histories: no event without a cause, twins in turn, nothing told that the catalogue does not know."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from services.event_processor.core.catalogue.data_shapes import mismatches
from shared.messages import Event, Frame, Quality
from tests.support.scenarios import NACK, SHIPPED, at, configured, frame, run

CELLS = configured(DEVICES__UPS__CAPACITY_MAH="1000", DEVICES__UPS__RESISTANCE_MOHM="40")
FROZEN = NACK.model_copy(update={"code": "frozen"})
VALUES = st.fixed_dictionaries(
    {},
    optional={
        "battery_voltage": st.sampled_from([2.8, 3.05, 3.3, 3.5, 3.58, 3.65, 3.8, 4.16, 4.4]),
        "battery_current": st.sampled_from([-9.0, -0.5, -0.07, 0.0, 0.07, 1.5, 9.0]),
        "state_of_charge": st.sampled_from([5.0, 50.0, 80.0, 99.5]),
        "charge_rate": st.sampled_from([-20.0, 0.0, 20.0]),
        "ac_present": st.booleans(),
        "charging": st.booleans(),
        "output_on": st.booleans(),
        "overload": st.booleans(),
        "battery_present": st.booleans(),
        "replace_battery": st.booleans(),
        "self_test": st.sampled_from(["running", "passed", "failed"]),
        "cpu_temperature": st.sampled_from([50.0, 57.0, 70.0, 95.0]),
        "co2": st.sampled_from([500.0, 1300.0, 1600.0]),
        "air_temperature": st.sampled_from([20.0, 34.0, 36.0]),
        "relative_humidity": st.sampled_from([0.0, 50.0, 90.0, 100.0]),
        "lifecycle": st.sampled_from(["started", "stopped"]),
        "clean": st.booleans(),
    },
)
ITEM = st.tuples(
    st.sampled_from([0.0, 1.0, 7.0, 40.0, 700.0]),
    VALUES,
    st.sampled_from([Quality.GOOD] * 4 + [Quality.SUSPECT, Quality.STALE, Quality.BAD]),
    st.sampled_from([(), (), (), (NACK,), (FROZEN,)]),
    st.integers(1, 12),
)
HISTORY = st.lists(ITEM, max_size=25)


def frames_of(items: list[tuple[float, dict, Quality, tuple, int]]) -> list[Frame]:
    """Return one device's frames; each item is said a number of times, so that dwells come to their end."""
    found, second = [], 0.0
    for step_s, values, quality, errors, times in items:
        for _ in range(times):
            second += step_s
            found.append(Frame(time=at(second), device="ups", values=values, quality=quality, errors=errors))
    return found


def cause_of(event: Event) -> str:
    """Return what tells apart two conditions of one type: the rule, the channel and its side, the sensor."""
    named = (event.data.get(key) for key in ("rule", "channel", "sensor_id", "direction"))
    return "/".join(str(name) for name in named if name)


@settings(deadline=None, max_examples=25)
@given(HISTORY)
def test_what_is_emitted_is_what_the_catalogue_says(items: list):
    """Every event has the data that its type declares, and no other."""
    for event in run(frames_of(items), CELLS)[0]:
        kind = SHIPPED.catalogue[event.type]
        if event.type not in ("SYSTEM_STARTUP", "SYSTEM_SHUTDOWN"):  # tell whatever else the frame says
            assert set() == event.data.keys() - kind.data.keys(), event.type
        assert [] == list(mismatches(kind.data, kind.required, event.data))


@settings(deadline=None, max_examples=25)
@given(HISTORY)
def test_a_condition_and_its_twin_take_turns(items: list):
    """No end without a beginning, and no second beginning before the end, for every pair of the catalogue."""
    told = [e for e in run(frames_of(items), CELLS)[0] if e.data.get("because") != "unclean_shutdown"]
    for twin, kind in SHIPPED.catalogue.items():
        for begun in kind.clears:
            if begun in ("BATTERY_CRITICAL", "system.lifecycle.started"):
                continue  # counted again within an episode; told by services
            for cause, names in _by_cause(told, begun, twin).items():
                assert [(begun, twin)[n % 2] for n in range(len(names))] == names, (cause, begun)


def _by_cause(told: list[Event], begun: str, twin: str) -> dict[str, list[str]]:
    clears = SHIPPED.catalogue[twin].clears
    ends: dict[str, list[str]] = {}
    for event in told:
        if event.type == begun or (event.type == twin and (len(clears) < 2 or _was(ends, cause_of(event)))):
            ends.setdefault(cause_of(event), []).append(event.type)
    return ends


def _was(ends: dict[str, list[str]], cause: str) -> bool:
    return cause in ends


CALM = st.fixed_dictionaries(
    {},
    optional={
        "battery_voltage": st.floats(3.75, 4.15),
        "battery_current": st.floats(-0.09, 0.09),
        "state_of_charge": st.floats(70.0, 70.9),
        "cpu_temperature": st.floats(20, 60),
        "ac_present": st.just(True),
        "output_on": st.just(True),
        "overload": st.just(False),
        "output_load": st.floats(0, 100),
        "output_current": st.floats(0, 8),
        "charge_rate": st.floats(-0.9, 0.9),
    },
)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(st.sampled_from([0.5, 5.0, 60.0]), CALM), max_size=60))
def test_there_is_no_event_without_a_cause(items: list[tuple[float, dict]]):
    """Within its levels a UPS may do what it likes."""
    second, frames = 0.0, []
    for step_s, values in items:
        second += step_s
        frames.append(frame(second, **values))

    assert [] == run(frames, CELLS)[0]


@settings(deadline=None, max_examples=25)
@given(HISTORY)
def test_the_same_history_an_hour_later_is_the_same_with_other_ids(items: list):
    """No rule knows what time it is; ids do. Steps are whole seconds, so the later times are none of the first."""
    frames = frames_of(items)
    shifted = [item.model_copy(update={"time": item.time + timedelta(hours=1, milliseconds=250)}) for item in frames]
    first, second = run(frames, CELLS)[0], run(shifted, CELLS)[0]

    assert [event.type for event in first] == [event.type for event in second]
    assert not {event.id for event in first} & {event.id for event in second}
    assert len(first) == len({event.id for event in first})


@settings(deadline=None, max_examples=25)
@given(HISTORY)
def test_a_day_replayed_is_the_day(items: list):
    """The same multiset, the same order, the same ids."""
    frames = frames_of(items)

    assert Counter(event.model_dump_json() for event in run(frames, CELLS)[0]) == Counter(
        event.model_dump_json() for event in run(frames, CELLS)[0]
    )
