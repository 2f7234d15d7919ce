"""Mains lost, restored, and blips."""

import pytest

from shared.messages import Quality
from tests.support.scenarios import frame, run, series, told

MAINS, BATTERY = ("battery_current", 0.0), ("battery_current", -0.5)


def test_an_outage_is_emitted_once_confirmed_and_its_end_too():
    """Lost for 2 s: told at the third frame; back for 5 s: told at the sixth."""
    frames = series("ac_present", (10, True), (20, False), (10, True))

    assert [("AC_POWER_LOSS", 12), ("AC_POWER_RESTORED", 35)] == told(frames)


def test_the_events_say_since_when_and_how_long():
    """``since`` is when the change was first seen, ``outage_s`` from the first frame on battery to that."""
    lost, restored = run(series("ac_present", (10, True), (20, False), (10, True)))[0]

    assert {"source": "ac_present", "ac_present": False, "since": "2026-01-31T12:00:10.000000Z"} == lost.data
    assert ("2026-01-31T12:00:30.000000Z", 20) == (restored.data["since"], restored.data["outage_s"])


def test_a_spell_shorter_than_the_dwell_is_one_blip():
    """Two frames on battery span 1 s only."""
    events, _ = run(series("ac_present", (5, True), (2, False), (5, True)))

    assert ["POWER_BLIP"] == [event.type for event in events]
    assert ("2026-01-31T12:00:05.000000Z", 2) == (events[0].data["since"], events[0].data["lasted_s"])


def test_every_blip_counts():
    """Ten short spells are ten blips and no outage."""
    assert 10 * ["POWER_BLIP"] == [
        name for name, _ in told(series("ac_present", *[(5, True), (1, False)] * 10, (1, True)))
    ]


def test_short_returns_of_the_mains_belong_to_the_outage():
    """Four frames of mains are 3 s, less than the 5 s that restore them."""
    frames = series("ac_present", (5, True), (10, False), (4, True), (10, False), (4, True), (10, False))

    assert [("AC_POWER_LOSS", 7)] == told(frames)


def test_mains_seen_first_are_no_event():
    """Nothing has happened yet; the state knows at once."""
    events, state = run([frame(0, ac_present=True)])

    assert ([], "mains") == (events, state.power)


def test_an_outage_seen_first_is_emitted_as_such():
    """The outage is under way when the first frame comes."""
    events, state = run(series("ac_present", (3, False)))

    assert ["STARTED_ON_BATTERY", "AC_POWER_LOSS"] == [event.type for event in events]
    assert events[1].data["first_seen"] is True
    assert ("battery", ("on_battery",)) == (state.power, state.active)


def test_power_is_unknown_while_the_first_outage_is_unconfirmed():
    """A doubt is not a state."""
    assert run(series("ac_present", (2, False)))[1].power is None


def test_a_frame_without_the_channel_holds_and_stops_the_clock():
    """The second without a value does not count towards the 2 s."""
    gap = [frame(0, ac_present=True), frame(1, ac_present=False), frame(2), frame(3, ac_present=False)]

    assert [] == told(gap)
    assert [("AC_POWER_LOSS", 4)] == told([*gap, frame(4, ac_present=False)])


@pytest.mark.parametrize("quality", [Quality.BAD, Quality.STALE])
def test_a_frame_that_cannot_be_believed_holds(quality: Quality):
    """Stale values neither begin an outage nor end one."""
    frames = [frame(0, ac_present=True), *(frame(n, quality=quality, ac_present=False) for n in range(1, 9))]

    assert ([], "mains") == (run(frames)[0], run(frames)[1].power)


def test_a_suspect_frame_is_believed():
    """One chip of several failed; what the others say is fresh."""
    frames = [frame(0, ac_present=True), *(frame(n, quality=Quality.SUSPECT, ac_present=False) for n in range(1, 4))]

    assert [("AC_POWER_LOSS", 3)] == told(frames)


def test_text_in_place_of_a_truth_value_is_no_answer():
    """``"false"`` is not false."""
    assert [] == told(series("ac_present", (5, True), (9, "false")))


def test_a_board_that_cannot_see_the_mains_goes_by_the_current():
    """Discharging below −0.1 A is on battery, above −0.05 A on mains."""
    frames = series("battery_current", (5, 0.2), (10, -0.5), (10, 0.2))

    assert [("AC_POWER_LOSS", 7), ("AC_POWER_RESTORED", 20)] == [
        (name, second) for name, second in told(frames) if name.startswith("AC_")
    ]


@pytest.mark.parametrize(
    ("current_a", "expected"),
    [(-0.1, []), (-0.101, [("AC_POWER_LOSS", 7)])],
)
def test_the_current_must_pass_its_level(current_a: float, expected: list[tuple[str, float]]):
    """−0.1 A itself is in the deadband."""
    assert expected == told(series("battery_current", (5, 0.0), (10, current_a)))


@pytest.mark.parametrize(
    ("current_a", "restored"),
    [(-0.05, False), (-0.049, True)],
)
def test_the_deadband_holds_what_was(current_a: float, restored: bool):
    """Between −0.1 and −0.05 A an outage goes on."""
    frames = series("battery_current", (5, 0.0), (10, -0.5), (10, current_a))

    assert restored == ("AC_POWER_RESTORED" in dict(told(frames)))


def test_a_first_current_in_the_deadband_says_nothing():
    """Neither mains nor battery is known."""
    assert run(series("battery_current", (10, -0.07)))[1].power is None


def test_a_device_that_sees_the_mains_is_not_judged_by_its_current():
    """A frame that lost ac_present does not fall back on the current: the mains may be there and too weak."""
    frames = [frame(0, ac_present=True, battery_current=-1.0), *(frame(n, battery_current=-1.0) for n in range(1, 9))]

    assert ([], "mains") == (run(frames)[0], run(frames)[1].power)
