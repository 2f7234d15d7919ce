"""What is granted of what the law wants: times on and off, budgets, availability; each refusal says until when."""

from __future__ import annotations

from itertools import accumulate, pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.climate_controller.core.coordinator import LevelRequest, Note, Reported, Track, coordinate
from shared.actuators import Actuator
from shared.on_times import KeptOnTimes, keep, recall

TICK_S = 10.0
BASE: dict[str, Any] = {"zone": "tent", "kind": "humidifier", "template": "simulated", "min_on_s": 60, "min_off_s": 180}


class Desk:
    """The coordinator with one actuator, which does what it is granted unless a test says otherwise."""

    def __init__(self, **settings: Any) -> None:
        self.actuator = Actuator.model_validate(BASE | settings)
        self.tracks: dict[str, Track] = {}
        self.now_s = 0.0
        self.count = 0
        self.notes: list[Note] = []
        self.reported: Reported | None = None

    def mint(self) -> str:
        self.count += 1
        return f"c{self.count}"

    def ask(
        self, level: float, seconds: float = TICK_S, reason: str = "vpd_high", until_s: float | None = None
    ) -> float:
        """Ask for a level at every tick for some time; returns what is granted in the end."""
        for _ in range(round(seconds / TICK_S)):
            self.now_s += TICK_S
            reports = {} if self.reported is None else {"it": self.reported}
            came = coordinate(
                {"it": self.actuator}, self.tracks, {"it": LevelRequest(level, reason, until_s=until_s)}, reports,
                self.now_s, TICK_S, self.mint,
            )  # fmt: skip
            self.tracks, self.grant = dict(came.tracks), came.grants["it"]
            self.notes += came.notes
        return self.grant.level

    def dampened(self) -> Note:
        """The newest event of a wish that was held back."""
        return [note for note in self.notes if note.type == "device.action.dampened"][-1]

    def types(self) -> list[str]:
        return [note.type.removeprefix("device.action.") for note in self.notes]


def rested(**settings: Any) -> Desk:
    """A desk whose actuator has been off for long."""
    desk = Desk(**settings)
    desk.ask(0.0, 1000)
    return desk


def test_a_wish_becomes_one_command() -> None:
    """However often it is repeated; a new level is a new command."""
    desk = rested(steps=10)
    first = desk.grant.command
    assert 0.5 == desk.ask(0.55, 50)
    second = desk.grant.command
    assert 0.7 == desk.ask(0.7, 50)
    assert 3 == len({first, second, desk.grant.command})
    assert ["requested", "requested"] == desk.types()
    assert {"device_id": "it", "action": "on at 70 %", "command": desk.grant.command}.items() <= desk.notes[
        -1
    ].data.items()


def test_off_is_held_back_until_it_has_run_long_enough() -> None:
    """And one event says so, with until when."""
    desk = rested()
    desk.ask(1.0, 20)
    assert 1 == desk.ask(0.0, 40)
    assert ["requested", "dampened"] == desk.types()
    assert 40.0 == desk.dampened().until_in_s
    assert 0 == desk.ask(0.0, 20)


@pytest.mark.parametrize("reason", ["too_humid", "no_reading", "warming_up"])
def test_off_for_safety_is_never_held_back(reason: str) -> None:
    """The least time on is for the actuator's sake, and it is not worth a flooded room."""
    desk = rested()
    desk.ask(1.0, 10)
    assert 0 == desk.ask(0.0, 10, reason)


def test_on_is_held_back_until_it_has_rested() -> None:
    """No short cycles."""
    desk = rested()
    desk.ask(1.0, 100)
    desk.ask(0.0, 10)
    assert 0 == desk.ask(1.0, 170)
    assert ["requested", "requested", "dampened"] == desk.types()
    assert "min_off, for vpd_high" == desk.notes[-1].data["reason"]
    assert 1 == desk.ask(1.0, 20)


def test_the_rest_is_kept_over_a_restart() -> None:
    """OpenGrowBox forgot it: after a reboot nothing had ever run."""
    desk = rested()
    desk.ask(1.0, 100)
    desk.ask(0.0, 20)
    stored = KeptOnTimes.model_validate_json(keep(desk.tracks["it"].times, desk.now_s).model_dump_json())
    after = Desk()
    after.tracks = {"it": Track(times=recall(stored, 30.0, 0.0))}
    assert 0 == after.ask(1.0, 120)
    assert 1 == after.ask(1.0, 30)


def test_one_run_is_bounded_and_followed_by_a_rest() -> None:
    """Mycodo's ``max on`` was ignored against its period."""
    desk = rested(max_on_s=100)
    assert 1 == desk.ask(1.0, 100)
    assert 0 == desk.ask(1.0, 10)
    assert "max_on, for vpd_high" == desk.dampened().data["reason"]
    assert 180.0 == desk.dampened().until_in_s


@pytest.mark.parametrize(("bound", "why"), [("on_s_per_hour", "hour_budget"), ("on_s_per_day", "day_budget")])
def test_a_budget_is_kept_and_its_end_is_said(bound: str, why: str) -> None:
    """In the very window in which it was used up."""
    desk = rested(min_off_s=0, **{bound: 300})
    assert 1 == desk.ask(1.0, 300)
    assert 0 == desk.ask(1.0, 20)
    assert f"{why}, for vpd_high" == desk.dampened().data["reason"]
    window_s = 3600 if bound.endswith("hour") else 86_400
    assert desk.dampened().until_in_s == window_s - 300 + 60


def test_one_that_cannot_be_reached_is_not_asked() -> None:
    """It failed, once; when it is there again, it is asked again."""
    desk = rested()
    desk.reported = Reported(0.0, available=False)
    assert 0 == desk.ask(1.0, 100)
    assert ["failed"] == desk.types()
    assert "device_unavailable" == desk.notes[-1].data["reason"]
    desk.reported = Reported(0.0, available=True)
    assert 1 == desk.ask(1.0, 10)


def test_what_the_actuator_does_counts_and_not_what_was_granted() -> None:
    """The supervisor switched it off: its rest begins there."""
    desk = rested()
    desk.reported = Reported(1.0, available=True)
    desk.ask(1.0, 100)
    desk.reported = Reported(0.0, available=True)
    desk.ask(0.0, 10)
    assert 0 == desk.ask(1.0, 100)


def test_a_grant_lapses_by_itself_and_sooner_where_the_law_says_so() -> None:
    """Three ticks, or the moment at which it is wanted off."""
    desk = rested()
    desk.ask(1.0)
    assert desk.now_s + 3 * TICK_S == desk.grant.until_s
    desk.ask(1.0, until_s=desk.now_s + TICK_S + 4.0)
    assert desk.now_s + 4.0 == desk.grant.until_s


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([0.0, 1.0]), st.integers(1, 30)), min_size=1, max_size=30))
def test_no_story_breaks_the_times(story: list[tuple[float, int]]) -> None:
    """Whatever is wanted: each run and each rest is at least as long as it has to be, and the hour's budget holds."""
    desk = Desk(on_s_per_hour=900)
    switched, levels = [], [0.0]
    for level, ticks in story:
        for _ in range(ticks):
            granted = desk.ask(level)
            if (granted > 0) != (levels[-1] > 0):
                switched.append((desk.now_s, granted, desk.grant.reason))
            levels.append(granted)
    for (begin_s, level, _), (end_s, _, why) in pairwise(switched):
        assert end_s - begin_s >= (60 if level > 0 else 180) or why == "hour_budget"
    on = [0, *accumulate(level > 0 for level in levels)]
    for end in range(len(levels)):
        assert (on[end] - on[max(0, end - 360)]) * TICK_S <= 900 + TICK_S
