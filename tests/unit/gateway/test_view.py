"""The view keeps the newest of each topic, says how old it is, and stays within its bounds."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from services.gateway.core import traces
from services.gateway.core.limits import EVENT_BYTES, KIND_BYTES, TOPICS
from services.gateway.core.traces import Traces
from services.gateway.core.view import MOST_EVENTS, STALE_S, View
from shared.health import Health
from tests.unit.gateway.heard import NOON, alert, counter, event, state, status, view_of


def test_the_newest_value_of_each_topic_is_shown_by_name() -> None:
    """Whatever came before it."""
    health = Health(site="home", score=90, grade="EXCELLENT", factors=(), as_of=NOON)
    view = view_of(state("b"), state("a"), state("b", power="battery"), alert(), counter(), status(), health)

    assert [("a", "mains"), ("b", "battery")] == [(each.device, each.power) for each in view.states()]
    assert ["on_battery"] == [each.rule for each in view.alerts()]
    assert [7] == [each.total for each in view.counters()]
    assert ["alerter"] == [each.service for each in view.statuses()]
    assert health == view.health()


def test_an_emptied_topic_is_shown_no_more() -> None:
    """And emptying one that nobody knows changes nothing."""
    view = view_of(alert())

    assert view.update("alert", ("on_battery", "ups"), None, 1.0)
    assert not view.update("alert", ("on_battery", "ups"), None, 1.0)
    assert [] == view.alerts()


def test_a_kind_that_is_not_shown_is_not_kept() -> None:
    """A result, say."""
    assert not View().update("result", ("alerter", "ack"), alert(), 0.0)


def test_topics_beyond_the_bound_are_counted_and_not_kept() -> None:
    """Those that are there go on."""
    view = view_of(*(counter(f"T{n}") for n in range(TOPICS.most + 3)))

    assert (TOPICS.most, 3) == (len(view.counters()), view.refused)
    assert view.update("counter", ("T0",), counter("T0", total=8), 1.0)
    assert ["topics of a kind counter"] == [each.what for each in view.limits.drain(NOON)]


def test_topics_that_grow_beyond_the_bytes_of_their_kind_are_not_kept() -> None:
    """Nor is an older value shown in their place; what goes makes room."""
    view, half = View(), KIND_BYTES.most // 2
    assert view.update("state", ("a",), state("a"), 0.0, size=half)
    assert view.update("state", ("b",), state("b"), 0.0, size=half)

    assert not view.update("state", ("a",), state("a"), 1.0, size=half + 1)
    assert ["b"] == [each.device for each in view.states()]
    assert ["bytes of a kind's topics state"] == [each.what for each in view.limits.drain(NOON)]
    view.update("state", ("b",), None, 2.0)
    assert view.update("state", ("a",), state("a"), 3.0, size=KIND_BYTES.most)


def test_events_that_are_large_are_fewer() -> None:
    """The oldest go, by what they came as."""
    view = View()
    for number in range(5):
        view.update("event", (), event(number), 0.0, size=EVENT_BYTES.most // 3)

    assert ["e2", "e3", "e4"] == [each.id for each in view.events]


def test_the_newest_events_are_kept() -> None:
    """The oldest go."""
    view = view_of(*(event(n) for n in range(MOST_EVENTS + 2)))

    assert [f"e{n}" for n in range(2, MOST_EVENTS + 2)] == [each.id for each in view.events]


@pytest.mark.parametrize(
    ("retained", "simulated", "heard_s", "read_s", "age_s"),
    [
        (False, False, 5.0, 900.0, 5.0),  # heard live: what counts is when, for the sender's clock may be wrong
        (True, False, 5.0, 900.0, 900.0),  # the broker kept it: it is as old as its reading
        (True, False, 5.0, 2.0, 5.0),  # a reading of the future makes nothing younger
        (True, True, 5.0, 900.0, 5.0),  # the time of a simulation may be any
    ],
)
def test_a_value_is_as_old_as_it_can_be_known_to_be(
    retained: bool, simulated: bool, heard_s: float, read_s: float, age_s: float
) -> None:
    """Data never looks fresher than it is."""
    view = view_of(state(simulated=simulated), at_s=100.0, retained=retained)
    assert age_s == view.age_s("ups", 100.0 + heard_s, NOON + timedelta(seconds=read_s))


def test_a_silent_device_is_stale_and_an_unknown_one_too() -> None:
    """From a minute on."""
    view = view_of(state())
    assert [False, True] == [view.is_stale("ups", now, NOON) for now in (STALE_S, STALE_S + 1)]
    assert view.is_stale("nobody", 0.0, NOON)


def test_a_course_has_a_point_every_ten_seconds_and_a_bound() -> None:
    """Words and flags have none."""
    course = Traces()
    for second in range(2 * traces.MOST_POINTS * 10):
        course.add(state(values={"battery_voltage": second, "ac_present": True, "fault": "none"}), float(second))

    points = course.course("ups", "battery_voltage")
    assert traces.MOST_POINTS == len(points)
    assert {10.0} == {later[0] - sooner[0] for sooner, later in pairwise(points)}
    assert () == course.course("ups", "ac_present") == course.course("ups", "fault")


def test_courses_are_bounded_in_devices_and_channels() -> None:
    """What is beyond has no curve."""
    course = Traces()
    for number in range(traces.MOST_DEVICES + 5):
        values = {f"c{n}": 1.0 for n in range(traces.MOST_CHANNELS + 5)}
        course.add(state(f"d{number}", values=values), 0.0)

    assert traces.MOST_DEVICES == len(course.points)
    assert {traces.MOST_CHANNELS} == {len(channels) for channels in course.points.values()}
