"""What two runs told differently: laws of the pairing, and its edges."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from upskeep.playback.differences import MOVED_WITHIN, ROOM, Difference, Differences, Kind, Occurrence, aligned

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
HOUR = 60
TOO_FAR = int(MOVED_WITHIN.total_seconds() / 60) + 1

minutes = st.lists(st.integers(0, 3 * TOO_FAR), max_size=12, unique=True).map(sorted)


def told(minute: int, name: str = "BATTERY_LOW", device: str | None = "ups", **data: Any) -> Occurrence:
    return Occurrence(name, device, NOON + timedelta(minutes=minute), "warning", data)


def found(before: Sequence[Occurrence], after: Sequence[Occurrence], batch: int = 1000) -> list[Difference]:
    differences = Differences()
    cuts = range(0, 4 * TOO_FAR, batch)
    taken = [
        each
        for cut in cuts
        for each in differences.align(
            *([t for t in side if _minute(t) in range(cut, cut + batch)] for side in (before, after))
        )
    ]
    return [*taken, *differences.end()]


def _minute(one: Occurrence) -> int:
    return (one.time - NOON) // timedelta(minutes=1)


def seen(before: Sequence[Occurrence], after: Sequence[Occurrence]) -> list[tuple[str, int]]:
    return [(each.kind.value, each.shift // timedelta(minutes=1)) for each in found(before, after)]


def test_the_same_events_do_not_differ() -> None:
    """However many bear the same time."""
    events = [told(1), told(1), told(2, device=None), told(2, "AC_POWER_LOSS")]

    assert [] == found(events, events)


def test_another_reason_or_severity_is_a_change() -> None:
    """The event stands where it stood."""
    worse = Occurrence("BATTERY_LOW", "ups", NOON, "critical", {})

    assert [("changed", 0)] == seen([told(1, threshold=3.6)], [told(1, threshold=3.5)])
    assert [("changed", 0)] == seen([told(0)], [worse])


def test_an_episode_that_comes_later_or_earlier_has_moved() -> None:
    """By so much."""
    assert [("moved", 33)] == seen([told(0)], [told(33)])
    assert [("moved", -33)] == seen([told(33)], [told(0)])


def test_what_is_too_far_apart_was_removed_and_added() -> None:
    """Six hours are near enough, a minute more is not."""
    assert [("moved", TOO_FAR - 1)] == seen([told(0)], [told(TOO_FAR - 1)])
    assert ["removed", "added"] == [kind for kind, _ in seen([told(0)], [told(TOO_FAR)])]


def test_an_event_both_emitted_parts_what_is_before_from_what_is_after() -> None:
    """An episode does not move across another of its kind."""
    assert ["removed", "added"] == [kind for kind, _ in seen([told(0), told(5)], [told(5), told(10)])]


def test_only_one_device_type_and_channel_are_set_beside_each_other() -> None:
    """A hot processor did not become a hot battery."""
    for other in (told(1, device="attic"), told(1, "BATTERY_CRITICAL"), told(1, sensor_id="room.co2")):
        assert {"removed", "added"} == {kind for kind, _ in seen([told(0)], [other])}


def test_of_two_that_went_the_nearer_one_has_moved() -> None:
    """Not the first one."""
    assert [("removed", 0), ("moved", 1)] == seen([told(0), told(30)], [told(31)])


@given(minutes, minutes)
def test_pairs_are_in_order_near_and_complete(gone: list[int], come: list[int]) -> None:
    """Each stands in one pair; the times of both sides rise; none is paired across more than the span."""
    pairs = aligned([told(minute) for minute in gone], [told(minute) for minute in come])

    assert gone == [_minute(before) for before, _ in pairs if before]
    assert come == [_minute(after) for _, after in pairs if after]
    assert all(abs(before.time - after.time) <= MOVED_WITHIN for before, after in pairs if before and after)


@given(minutes, minutes, st.integers(50, 500))
def test_the_counts_add_up_whatever_the_batches(before: list[int], after: list[int], batch: int) -> None:
    """Before, less what was removed, plus what was added, is after; and the batches make no difference."""
    one, other = [told(minute) for minute in before], [told(minute) for minute in after]
    kinds = Counter(each.kind for each in found(one, other, batch))

    assert len(after) == len(before) - kinds[Kind.REMOVED] + kinds[Kind.ADDED]
    assert found(one, other) == found(one, other, batch)


@given(minutes, minutes)
def test_the_other_way_round_everything_is_reversed(before: list[int], after: list[int]) -> None:
    """What was added is removed, and the sum of the shifts is the same."""
    one, other = [told(minute) for minute in before], [told(minute) for minute in after]
    there, back = found(one, other), found(other, one)

    assert Counter(each.kind for each in there)[Kind.ADDED] == Counter(each.kind for each in back)[Kind.REMOVED]
    assert sum(abs(each.shift.total_seconds()) for each in there) == sum(
        abs(each.shift.total_seconds()) for each in back
    )


def test_what_waits_is_bounded() -> None:
    """A type that only one side tells, every minute for two days, does not gather."""
    differences, removed = Differences(), 0
    for minute in range(3_000):
        removed += sum(1 for _ in differences.align([told(minute)], []))
        assert len(differences._lanes["BATTERY_LOW", "ups", ""]) <= ROOM

    assert 3_000 == removed + sum(1 for _ in differences.end())
