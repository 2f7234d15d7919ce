"""Which share of a region's sites lost mains within a window, and the alert that follows from it."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from fleet.core.fleet_rules import above, spells_of
from fleet.core.shares import course
from shared.messages import AlertState, Severity

WINDOW = 10
RULE = above("regional_outage", "share of its sites", 0.5, Severity.CRITICAL, "{region}: mains lost")
EVENTS = st.lists(st.tuples(st.integers(0, 60), st.sampled_from("abcd")), max_size=25)


@settings(max_examples=60)
@given(EVENTS)
def test_the_course_is_the_share_at_every_time(events: list[tuple[int, str]]) -> None:
    """Counted by hand at each time: (t - w, t]."""
    steps, share = dict(course(events, 4, WINDOW)), 0.0
    for time in range(80):
        share = steps.get(time, share)
        assert len({site for at, site in events if time - WINDOW < at <= time}) / 4 == share


@settings(max_examples=60)
@given(EVENTS, st.randoms())
def test_the_order_in_which_events_come_does_not_matter(events: list[tuple[int, str]], dice: object) -> None:
    """The same set, the same course."""
    mixed = [*events]
    dice.shuffle(mixed)  # type: ignore[attr-defined]
    assert course(events, 4, WINDOW) == course(mixed, 4, WINDOW)


def test_an_outage_is_one_spell_with_its_beginning_and_its_end() -> None:
    """It fires with the third of four sites, and ends when the window has gone past the second of them."""
    steps = course([(0, "a"), (1, "b"), (2, "c"), (30, "a")], 4, WINDOW)
    (spell,) = spells_of(RULE, "north", steps, 0, 100)
    (open_,) = spells_of(RULE, "north", steps, 0, 5)

    assert (AlertState.FIRING, 2, 0.75) == (open_.state, open_.time.microsecond, open_.value)
    assert (AlertState.RESOLVED, 2, 10) == (spell.state, spell.since.microsecond, spell.time.microsecond)
    assert "north: mains lost: north: share of its sites is 0.75, beyond the limit of 0.5" == open_.message


def test_two_outages_are_two_spells() -> None:
    """And what lies before the quiet time is not judged."""
    steps = course([(t + n, site) for t in (0, 40) for n, site in enumerate("abc")], 4, WINDOW)

    assert [2, 42] == [each.since.microsecond for each in spells_of(RULE, "north", steps, 0, 100)]
    assert [42] == [each.since.microsecond for each in spells_of(RULE, "north", steps, 20, 100)]
