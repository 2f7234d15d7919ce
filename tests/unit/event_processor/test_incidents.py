"""Incidents: a fold that does not depend on the order events come in."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from services.event_processor.core.correlation.group_json import group_from_json, group_to_json, moved
from services.event_processor.core.correlation.incidents import (
    NAMED,
    ROOM,
    Entry,
    Group,
    Incident,
    PatternRule,
    add_entry,
    present,
)
from shared.instants import time_to_us
from shared.jumps import Jump
from tests.support.scenarios import START

SECOND_US = 1_000_000
ZERO_US = time_to_us(START)
LAW = PatternRule(3, "event", 60 * SECOND_US, 120 * SECOND_US, 30 * SECOND_US, lambda first: f"incident of {first.id}")


def entry(second: float, role: str = "of", name: str = "", device: str = "ups") -> Entry:
    """Return an entry of the scene's second."""
    return Entry(ZERO_US + round(second * SECOND_US), name or f"{second:g}", "I2C_ERROR", device, role)


def fed(law: PatternRule, entries: list[Entry], group: Group | None = None) -> tuple[Group, dict[str, Incident]]:
    """Return the group after the entries, and every incident by id as it was last seen."""
    group = group or Group()
    seen: dict[str, Incident] = {}
    shown: tuple[Incident, ...] = ()
    for each in entries:
        group = add_entry(law, group, each).group
        after = present(law, group, group.newest_us)
        for old in shown:
            if old.last_us > group.floor_us and old.id not in {new.id for new in after}:
                seen.pop(old.id, None)
        seen |= {incident.id: incident for incident in after}
        shown = after
    return group, seen


def test_an_incident_opens_with_the_last_it_needs_and_begins_with_the_first():
    """Three within a minute."""
    group, _ = fed(LAW, [entry(0), entry(10), entry(20)])

    assert Incident("incident of 0", ZERO_US, ZERO_US + 20 * SECOND_US, 3, ("0", "10", "20")) == group.live.open


def test_evidence_too_far_apart_opens_none():
    """Three, but not within a minute."""
    assert None is fed(LAW, [entry(0), entry(40), entry(80)])[0].live.open


def test_an_incident_ends_with_its_end_event():
    """And the next evidence begins another."""
    group, _ = fed(replace(LAW, count=1), [entry(0), entry(5, "ends"), entry(9)])
    first, second = (*group.closed, group.live.open)

    assert ("ended", 2, ZERO_US + 5 * SECOND_US) == (first.why, first.count, first.end_us)
    assert second is not None
    assert ("9", None) == (second.events[0], second.end_us)


def test_an_incident_ends_in_quiet_with_its_last_event():
    """Seen when time has passed, by any event's time."""
    group, _ = fed(replace(LAW, count=1), [entry(0), entry(5, "joins")])
    (still,), (over,) = (present(LAW, group, ZERO_US + s * SECOND_US) for s in (125, 126))

    assert (None, "quiet", ZERO_US + 5 * SECOND_US) == (still.end_us, over.why, over.end_us)


def test_what_joins_or_ends_alone_opens_nothing():
    """Only evidence does."""
    group, _ = fed(replace(LAW, count=1), [entry(0, "joins"), entry(1, "ends")])

    assert (None, ()) == (group.live.open, group.closed)


def test_devices_can_be_counted_apart():
    """One device that fails three times is no fault of the bus; three devices are."""
    law = replace(LAW, distinct="device")
    one = [entry(n) for n in range(3)]
    three = [entry(n, device=f"d{n}") for n in range(3)]

    assert [False, True] == [fed(law, entries)[0].live.open is not None for entries in (one, three)]


@st.composite
def late_orders(draw: st.DrawFn) -> tuple[list[Entry], list[Entry]]:
    """Events in order of time, and the same in an order in which none comes over 30 s behind the newest."""
    gaps = draw(st.lists(st.sampled_from([0, 1, 7, 20, 50, 130]), min_size=1, max_size=25))
    second, entries = 0, []
    for number, gap in enumerate(gaps):
        second += gap
        role = draw(st.sampled_from(["of", "of", "joins", "ends"]))
        entries.append(entry(second, role, f"e{number:02}"))
    delays = draw(st.lists(st.integers(0, 30), min_size=len(entries), max_size=len(entries)))
    by_arrival = sorted(zip(entries, delays, strict=True), key=lambda pair: pair[0].time_us + pair[1] * SECOND_US)
    return sorted(entries), [each for each, _ in by_arrival]


@settings(max_examples=300, deadline=None)
@given(late_orders(), st.sampled_from([1, 2, 3]))
def test_the_order_of_arrival_changes_no_incident(orders: tuple[list[Entry], list[Entry]], count: int):
    """A11.14: within the stated lateness the result is that of the events in order of time."""
    law = replace(LAW, count=count)
    (in_order, told), (as_they_came, told_so) = (fed(law, entries) for entries in orders)

    assert told == told_so
    assert in_order.live == as_they_came.live


@settings(deadline=None)
@given(late_orders())
def test_a_group_comes_back_from_the_ledger_as_it_was(orders: tuple[list[Entry], list[Entry]]):
    """JSON and back."""
    group, _ = fed(LAW, orders[1])

    assert group == group_from_json(group_to_json(group))


def test_what_comes_later_than_stated_belongs_to_none():
    """And says so."""
    group, _ = fed(LAW, [entry(0), entry(100), entry(140)])
    taken = add_entry(LAW, group, entry(105))

    assert (True, None, group) == (taken.late, taken.incident, taken.group)


def test_an_event_that_comes_twice_is_one():
    """By its id."""
    group, _ = fed(LAW, [entry(0), entry(1)])

    assert group == add_entry(LAW, group, entry(1)).group


def test_ten_thousand_events_at_once_do_not_grow_a_group():
    """A11.39: judged again are the newest 256 at most, and an incident names 50."""
    burst = [Entry(ZERO_US, f"{n:05}", "I2C_ERROR", "ups") for n in range(10_000)]
    group, _ = fed(LAW, burst)

    assert group.live.open is not None
    assert (10_000, NAMED, True) == (group.live.open.count, len(group.live.open.events), len(group.pending) <= ROOM)


@settings(deadline=None)
@given(late_orders(), st.integers(-500, 500))
def test_a_step_of_the_clock_moves_incidents_along(orders: tuple[list[Entry], list[Entry]], step_s: int):
    """As if the clock had always been as it is now."""
    step = timedelta(seconds=step_s)
    before, _ = fed(LAW, orders[0])
    later = [replace(each, time_us=each.time_us + step_s * SECOND_US) for each in orders[0]]

    assert fed(LAW, later)[0] == moved(before, Jump(step))
