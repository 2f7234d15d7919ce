"""Rules of a site's own, as it writes them in YAML: conditions, changes, rates, absences, derived channels, faults."""

from __future__ import annotations

import pytest

from services.event_processor.core.device.memory import NOTHING, Memory
from services.event_processor.core.process import process_frame
from services.event_processor.core.rules.compiled import CompiledRules
from shared.messages import Event, Frame, Quality
from tests.support.scenarios import at, configured, frame, run, series

ERROR, CHANGED = "device.error", "device.state.changed"


def mine(frames: list[Frame], compiled: CompiledRules) -> list[tuple[str, float]]:
    """Return (type, second) of the events of the made-up rules."""
    return [(e.type, (e.time - at(0)).total_seconds()) for e in told(frames, compiled)]


def told(frames: list[Frame], compiled: CompiledRules) -> list[Event]:
    """Return the events of the made-up rules."""
    return [event for event in run(frames, compiled)[0] if event.type in (ERROR, CHANGED)]


# ---- conditions -------------------------------------------------------------------------------------------------

BOTH = configured(
    RULES__CONDITIONS__DAMP="{all: [{channel: air_temperature, below: 10, until: 12},"
    " {channel: relative_humidity, above: 80}], enter_for_s: 5, clear_for_s: 2, event: device.error,"
    " cleared: device.state.changed}"
)


def test_all_of_a_condition_must_hold_for_its_dwell():
    """Cold and damp, not one of them."""
    damp = [frame(n, air_temperature=9, relative_humidity=90 if n >= 3 else 70) for n in range(12)]
    over = [frame(12 + n, air_temperature=13, relative_humidity=90) for n in range(4)]

    assert [(ERROR, 8), (CHANGED, 14)] == mine([*damp, *over], BOTH)


def test_a_condition_tells_what_it_saw():
    """The channels, which rule, since when."""
    events = told([frame(n, air_temperature=9, relative_humidity=90) for n in range(6)], BOTH)

    assert [
        {
            "rule": "damp",
            "air_temperature": 9,
            "relative_humidity": 90,
            "since": "2026-01-31T12:00:00.000000Z",
        }
    ] == [event.data for event in events]


def test_a_condition_holds_what_it_was_where_a_channel_is_missing():
    """Five seconds without the humidity add nothing and end nothing; one word against it is enough to end it."""
    damp = [frame(n, air_temperature=9, relative_humidity=90) for n in range(6)]
    missing = [frame(6 + n, air_temperature=9) for n in range(5)]
    warm = [frame(11 + n, air_temperature=13) for n in range(4)]

    assert [(ERROR, 5), (CHANGED, 13)] == mine([*damp, *missing, *warm], BOTH)


def test_any_of_a_condition_is_enough():
    """A channel the device has never shown has no say."""
    compiled = configured(
        RULES__CONDITIONS__ODD="{any: [{channel: output_on, equals: false}, {channel: overload, equals: true}],"
        " event: device.error, cleared: device.state.changed}"
    )
    one = [frame(0, overload=True), frame(1, overload=False)]
    other = [
        frame(0, overload=False, output_on=False),
        frame(1, overload=False),
        frame(2, output_on=True, overload=False),
    ]

    assert [(ERROR, 0), (CHANGED, 1)] == mine(one, compiled)
    assert [(ERROR, 0), (CHANGED, 2)] == mine(other, compiled)


def test_a_condition_may_look_at_what_is_worked_out():
    """Dew point against the wall: a derived channel of the site's own, over one of the suite's."""
    compiled = configured(
        RULES__CHANNELS__WALL="{unit: °C, decimals: 1}",
        RULES__DERIVED__HEADROOM="{op: difference, of: [wall, dew_point], unit: °C, decimals: 1}",
        RULES__CONDITIONS__MOULD="{all: [{channel: headroom, below: 1}], event: device.error}",
        RULES__THRESHOLDS__TIGHT="{channel: headroom, below: 2, clear: 3, event: device.state.changed}",
    )
    frames = [frame(n, air_temperature=25, relative_humidity=60, wall=19.5 - n) for n in range(4)]
    events, state = run(frames, compiled)

    assert [(CHANGED, 1), (ERROR, 2)] == mine(frames, compiled)
    assert ["°C"] == [event.data["unit"] for event in events if event.type == CHANGED]
    assert state is not None
    assert -0.2 == state.values["headroom"]


@pytest.mark.parametrize(
    ("op", "expected"),
    [
        ("sum", 9.0),
        ("difference", 3.0),
        ("product", 18.0),
        ("ratio", 2.0),
        ("mean", 4.5),
        ("lowest", 3.0),
        ("highest", 6.0),
    ],
)
def test_every_operation(op: str, expected: float):
    """Of 6 and 3."""
    compiled = configured(RULES__DERIVED__MADE=f"{{op: {op}, of: [input_voltage, output_voltage]}}")
    state = run([frame(0, input_voltage=6, output_voltage=3)], compiled)[1]

    assert state is not None
    assert expected == state.values["made"]


def test_what_cannot_be_worked_out_is_unknown():
    """A missing channel, a division by nought."""
    compiled = configured(RULES__DERIVED__MADE="{op: ratio, of: [input_voltage, output_voltage]}")
    states = [
        run([item], compiled)[1] for item in (frame(0, input_voltage=6), frame(0, input_voltage=6, output_voltage=0))
    ]

    assert [False, False] == ["made" in state.values for state in states if state]


# ---- changes ----------------------------------------------------------------------------------------------------

MODE = configured(
    RULES__CHANNELS__FAN_MODE="{}",
    RULES__CHANGES__FAN="{channel: fan_mode, event: device.state.changed, for_s: 2}",
)


def test_a_change_is_emitted_once_it_has_lasted():
    """Old and new; the first value seen is no change, and a word of a second is none."""
    frames = series("fan_mode", (3, "off"), (2, "on"), (3, "off"), (5, "auto"), (5, "on"))
    events = told(frames, MODE)

    assert [("off", "auto", 10), ("auto", "on", 15)] == [
        (e.data["old_state"], e.data["new_state"], (e.time - at(0)).total_seconds()) for e in events
    ]


def test_a_third_value_begins_its_own_dwell():
    """Off, on for a second, then auto: auto lasts from its own first frame."""
    assert [(CHANGED, 6)] == mine(series("fan_mode", (3, "off"), (1, "on"), (9, "auto")), MODE)


# ---- rates ------------------------------------------------------------------------------------------------------

FALLS = configured(
    RULES__RATES__DOOR="{channel: air_temperature, below: -1, clear: -0.2, window_s: 60, event: device.error,"
    " cleared: device.state.changed}"
)


@pytest.mark.parametrize(("per_minute", "falls"), [(-1.01, True), (-0.99, False), (1.5, False)])
def test_a_rate_is_per_minute_over_its_window(per_minute: float, falls: bool):
    """More than 1 °C a minute down, and no other way."""
    frames = [frame(n, air_temperature=20 + per_minute * n / 60) for n in range(200)]

    assert falls == bool(mine(frames, FALLS))


def test_a_rate_is_not_known_before_half_its_window():
    """Thirty seconds of samples; then it is told, with the slope and its unit."""
    events = told([frame(n, air_temperature=20 - n / 20) for n in range(60)], FALLS)

    assert [(30, -3.0, "°C/min")] == [
        ((e.time - at(0)).total_seconds(), e.data["value"], e.data["unit"]) for e in events
    ]


def test_a_rate_clears_when_it_is_slow_again():
    """The twin comes once the fall has left the window."""
    frames = [frame(n, air_temperature=max(20 - n / 20, 15)) for n in range(300)]

    assert [ERROR, CHANGED] == [name for name, _ in mine(frames, FALLS)]


def test_a_silence_is_no_slope():
    """A degree lost over an hour without a word says nothing of the last minute."""
    assert [] == mine([frame(0, air_temperature=20), frame(3600, air_temperature=10)], FALLS)


# ---- absences and faults ----------------------------------------------------------------------------------------

SILENT = configured(
    RULES__ABSENCES__NO_CO2="{channel: co2, devices: [room], after_s: 60, event: device.error,"
    " cleared: device.state.changed}"
)


def test_a_channel_that_is_missing_for_too_long_is_absent():
    """Seen last at second 9; 60 s are not more than 60 s."""
    shown = [frame(n, "room", co2=500) for n in range(10)]
    missing = [frame(10 + n, "room", air_temperature=20) for n in range(61)]
    back = [frame(71, "room", co2=500)]

    assert [(ERROR, 70), (CHANGED, 71)] == mine([*shown, *missing, *back], SILENT)


def test_a_bad_frame_does_not_count_as_heard():
    """It is there and says nothing."""
    shown = [frame(0, "room", co2=500)]
    bad = [frame(1 + n, "room", quality=Quality.BAD) for n in range(61)]
    events = told([*shown, *bad], SILENT)

    assert [("room", "co2", 60.0, "2026-01-31T12:00:00.000000Z")] == [
        tuple(event.data[key] for key in ("device_id", "channel", "after_s", "since")) for event in events
    ]


def test_a_rule_is_kept_to_its_devices():
    """The other room may be silent."""
    assert [] == mine([frame(0, "cellar", co2=500), *(frame(n, "cellar") for n in range(99))], SILENT)


def test_one_frame_in_between_begins_the_dwell_of_a_fault_anew():
    """Fifteen seconds of bad frames, not fifteen bad frames."""
    bad = [frame(n, quality=Quality.GOOD if n == 10 else Quality.BAD, co2=1) for n in range(30)]

    assert [26] == [(e.time - at(0)).total_seconds() for e in run(bad)[0] if e.type == "COMM_LOST"]


# ---- what is remembered -----------------------------------------------------------------------------------------


def test_a_memory_of_the_first_version_is_read():
    """What that did not know is as new."""
    latches = '"latches":{"on_battery":[true,null,null,0]}'
    memory = Memory.from_json('{"time":"2026-01-31T12:00:00.000000Z","repeat":0,"seen":["ac_present"],' + latches + "}")
    events = process_frame(configured(), memory, frame(60, ac_present=True)).events

    assert (0.0, {}, {}) == (memory.steady_s, memory.words, memory.numbers)
    assert () == events
    assert memory == Memory.from_json(memory.to_json())


def test_what_is_remembered_of_a_device_has_a_bound():
    """Whatever 5,000 frames bring: under 4 KB a device, with every rule there is."""
    compiled = configured(
        DEVICES__UPS__CAPACITY_MAH="5000",
        RULES__RATES__DOOR="{channel: air_temperature, below: -1, clear: 0, window_s: 600, event: device.error}",
        RULES__CHANGES__TEST="{channel: self_test, event: device.state.changed}",
        RULES__ABSENCES__QUIET="{after_s: 30, event: device.error}",
    )
    memory, largest = NOTHING, 0
    words = ("running", "passed", "failed")
    for n in range(5_000):
        values: dict[str, float | str | bool] = {
            "battery_voltage": 3 + n * 7 % 13 / 10,
            "battery_current": n * 11 % 17 - 8.0,
            "state_of_charge": n * 5 % 101,
            "ac_present": n % 7 > 2,
            "air_temperature": n * 3 % 40,
            "relative_humidity": n % 100,
            "self_test": words[n // 3 % 3],
            f"odd{n}": n,
        }
        quality = Quality.BAD if n % 23 == 0 else Quality.GOOD
        memory = process_frame(compiled, memory, frame(n * (1 + n % 5), quality=quality, **values)).memory
        if n % 100 == 0:
            largest = max(largest, len(memory.to_json()))

    assert 1000 < largest < 4096
    assert len(compiled.device_rules("ups").ready) <= 256
