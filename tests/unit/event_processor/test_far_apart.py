"""Frames that are far apart: what they leave open is said, and nothing is concluded over a silence."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from services.event_processor.core.device.memory import NOTHING
from services.event_processor.core.process import process_frame
from shared.messages import Event, Frame, Quality
from tests.support.scenarios import SHIPPED, configured, frame, run, series

FIVE_AH = configured(DEVICES__UPS__CAPACITY_MAH="5000")
HOUR = 3600


def power(*spells: tuple[float, float, bool]) -> list[Event]:
    """Return the power events of frames from (begin, end, on mains), one a second from begin to end."""
    frames = [
        frame(second, ac_present=mains)
        for begin, end, mains in spells
        for second in range(round(begin), round(end) + 1)
    ]
    return [event for event in run(frames)[0] if event.type.startswith(("AC_", "POWER_"))]


@pytest.mark.parametrize("away_s", [5, 60, HOUR, 10 * HOUR])
def test_an_outage_seen_in_one_frame_is_counted_with_bounds_on_its_length(away_s: int):
    """The frame before is of a second ago, the next on mains comes much later: it may have lasted all that time."""
    lost, restored = power((0, 99, True), (100, 100, False), (100 + away_s, 110 + away_s, True))

    assert ["AC_POWER_LOSS", "AC_POWER_RESTORED"] == [lost.type, restored.type]
    assert (away_s, 0.0, away_s + 1, True) == tuple(
        lost.data[key] for key in ("lasted_s", "at_least", "at_most", "backfilled")
    )
    assert (away_s, 0.0, away_s + 1) == tuple(restored.data[key] for key in ("outage_s", "at_least", "at_most"))


def test_it_pulls_no_trigger_for_the_mains_are_back():
    """It is counted, and is no reason to start anything."""
    memory, names = NOTHING, []
    for item in (frame(0, ac_present=True), frame(1, ac_present=False), frame(100, ac_present=True)):
        outcome = process_frame(SHIPPED, memory, item)
        memory = outcome.memory
        names += [event.type for event in outcome.events]
        assert () == outcome.triggers
    assert ["AC_POWER_LOSS"] == names


def test_a_spell_that_frames_show_to_be_short_is_a_blip():
    """One a second: it cannot have lasted two."""
    (blip,) = power((0, 9, True), (10, 10, False), (11, 20, True))

    assert ("POWER_BLIP", 1.0, None) == (blip.type, blip.data["lasted_s"], blip.data.get("at_most"))


@pytest.mark.parametrize("step_s", [1, 10, 60])
def test_an_outage_lasts_from_its_first_frame_to_the_first_on_mains(step_s: int):
    """The dwell that confirms its end is not part of it."""
    events, _ = run(series("ac_present", (600, True), (600, False), (600, True), step_s=step_s))
    restored = next(event for event in events if event.type == "AC_POWER_RESTORED")

    assert 600 == restored.data["outage_s"]
    assert (None if step_s == 1 else (600 - step_s, 600 + step_s)) == (
        None if "at_least" not in restored.data else (restored.data["at_least"], restored.data["at_most"])
    )


def test_mains_seen_before_a_silence_are_where_the_outage_ended():
    """A minute on battery, one frame on mains, two days of nothing: a minute."""
    events = power((0, 99, True), (100, 159, False), (160, 160, True), (160 + 48 * HOUR, 180 + 48 * HOUR, True))

    assert [60.0] == [event.data["outage_s"] for event in events if event.type == "AC_POWER_RESTORED"]


def test_a_silence_within_an_outage_makes_it_uncertain():
    """Twenty minutes of it were seen, and five hours not."""
    events = power((0, 9, True), (10, 1210, False), (5 * HOUR, 5 * HOUR + 9, True))

    assert [(5 * HOUR - 10, 1200, 5 * HOUR - 9)] == [
        (event.data["outage_s"], event.data["at_least"], event.data["at_most"])
        for event in events
        if event.type == "AC_POWER_RESTORED"
    ]


@pytest.mark.parametrize("between", ["nothing", "bad frames"])
def test_a_dwell_does_not_run_over_a_silence(between: str):
    """61 °C, an hour of nothing that can be believed, 61 °C again is not 61 °C for 30 s; 30 s more are."""
    hot = [*series("cpu_temperature", (20, 50), (5, 61)), *(frame(HOUR + n, cpu_temperature=61) for n in range(60))]
    doubted = [frame(25 + n, quality=Quality.BAD) for n in range(HOUR - 25)] if between == "bad frames" else []
    events = [event for event in run(sorted([*hot, *doubted], key=lambda each: each.time))[0] if "TEMP" in event.type]

    assert [("TEMPERATURE_HIGH", HOUR + 30)] == [
        (event.type, (event.time - hot[0].time).total_seconds()) for event in events
    ]
    assert "2026-01-31T13:00:00.000000Z" == events[0].data["since"]


def test_a_device_that_is_read_every_quarter_of_an_hour_is_not_silent():
    """Its own step is what a silence is measured by."""
    events, _ = run([frame(900 * n, air_temperature=20 if n < 4 else 40) for n in range(8)])

    assert [900 * 5] == [
        (event.time - events[0].time).total_seconds() for event in events if event.type == "sensor.threshold.exceeded"
    ]


# ---- capacity


def discharge(
    from_s: float, amps: float = -2.0, percent: float = 90, down: float = 50, step_s: float = 10
) -> list[Frame]:
    """Return an hour that takes the gauge down."""
    count = round(HOUR / step_s)
    return [
        frame(from_s + n * 10, battery_current=amps, state_of_charge=percent - n * down / count)
        for n in range(count + 1)
    ]


def without(item: Frame, channel: str) -> Frame:
    """Return the frame as it is where a channel could not be read."""
    return item.model_copy(update={"values": {name: value for name, value in item.values.items() if name != channel}})


def charge(from_s: float) -> list[Frame]:
    """Return the hour after it."""
    return [frame(from_s + n * 10, battery_current=2.0, state_of_charge=40 + n * 50 / 360) for n in range(361)]


def cycles(*amps: float) -> list[Frame]:
    """Return a discharge by each current, with a charge after each."""
    return [
        item
        for n, each in enumerate(amps)
        for item in (*discharge(n * 2 * HOUR, each)[:-1], *charge((2 * n + 1) * HOUR)[:-1])
    ]


def worn(frames: Iterable[Frame]) -> list[str]:
    """Return what is said of a worn battery."""
    return [event.type for event in run(frames, FIVE_AH)[0] if event.type.startswith("BATTERY_REPLACE")]


def test_a_battery_is_worn_when_three_discharges_agree():
    """1.2 A for an hour take the gauge 50 % down: 2.4 Ah of 5."""
    assert [[], [], ["BATTERY_REPLACE"]] == [worn(cycles(*[-1.2] * times)) for times in (1, 2, 3)]


def test_discharges_that_disagree_replace_nothing():
    """2.4 Ah, 3.4 Ah, 2.4 Ah: a gauge that does not know."""
    assert [] == worn(cycles(-1.2, -1.7, -1.2))


def test_a_capacity_says_how_uncertain_it_is():
    """A gauge of whole percents over 50 of them: 2 in 50."""
    state = run(discharge(0), FIVE_AH)[1]

    assert state is not None
    assert pytest.approx(4000, rel=0.01) == state.values["capacity_seen"]
    assert pytest.approx(160, rel=0.05) == state.values["capacity_uncertainty"]
    assert "battery_health_confirmed" not in state.values


@pytest.mark.parametrize(
    ("what", "frames"),
    [
        ("a silence in it", [*discharge(0)[:100], *(discharge(4 * HOUR, percent=30, down=5))]),
        ("a gauge that jumps", [*discharge(0, down=5), *discharge(HOUR + 10, percent=45, down=5)]),
        ("charge that did not run out", discharge(0, amps=1.0)),
        ("more than it was sold with", discharge(0, amps=-5.0)),
        ("a current that is often missing", [
            without(item, "battery_current") if n % 3 == 0 else item for n, item in enumerate(discharge(0))
        ]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_nothing_is_said_of_the_capacity(what: str, frames: list[Frame]):
    """Charge and percent must cover the same span, and physics must allow it."""
    state = run(frames, FIVE_AH)[1]

    assert state is not None
    assert "capacity_seen" not in state.values
