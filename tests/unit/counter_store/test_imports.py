"""Imports: what is imported, delivered, pruned and imported again in any order counts once."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from services.counter_store.core.counting.intervals import MOST, SeqIntervals
from shared.delivery.handler import RefusedError
from shared.messages import Event
from shared.requests import Command
from tests.support.store_bench import DAY, StoreBench, bench
from tests.support.store_messages import at, event

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def imported(store: StoreBench, *events: Event, origin: str = "elsewhere", **more: Any) -> dict[str, Any]:
    """Give the command, as it comes over the wire."""
    data = {
        "origin": origin,
        "label": "history.jsonl",
        "events": [json.loads(each.model_dump_json()) for each in events],
    }
    command = Command(id="1", target="counter_store", name="import", time=NOON, data=data | more)
    with store.ledger.transaction():
        result = dict(store.store.execute(command))
        store.store.flush()
    return result


def total(store: StoreBench, name: str = "AC_POWER_LOSS") -> int:
    found = {one["type"]: one["total"] for one in store.ask("counters")["counters"]}
    return int(found.get(name, 0))


def balance(count: int, second: float = 0, **more: Any) -> dict[str, Any]:
    told = {"type": "AC_POWER_LOSS", "category": "power", "severity": "warning", "count": count}
    return told | {"at": at(second).isoformat()} | more


def test_imported_events_are_counted_and_reported_as_if_they_had_been_delivered() -> None:
    """In the totals, the windows, the history, the reports; episodes and observed time included."""
    events = [event(n, n * DAY) for n in range(1, 30)]
    with bench() as one, bench() as other:
        one.batch(*events, until=30 * DAY)
        other.batch(until=30 * DAY)
        assert {"new": 29, "known": 0, "opened": {}} == imported(other, *events)
        for name, data in (("counters", {}), ("history", {}), ("report", {"kind": "detailed"}), ("health", {})):
            assert one.ask(name, **data) == other.ask(name, **data)


def test_an_import_done_twice_counts_once() -> None:
    """While the history holds the events, and when it has let go of them."""
    with bench() as store:
        events = [event(n, n, producer="processor_of_old", epoch="old") for n in range(1, 20)]
        assert 19 == imported(store, *events)["new"]
        assert (0, 19) == (imported(store, *events)["new"], total(store))

        store.rows("DELETE FROM event")

        assert {"new": 0, "known": 19, "opened": {}} == imported(store, *events)
        assert 19 == total(store)


def test_an_event_without_a_place_is_known_by_its_id() -> None:
    """What another program counted has no stream."""
    with bench() as store:
        plain = event(1, 5, producer="", epoch="", seq=0)
        assert [1, 0] == [imported(store, plain)["new"] for _ in range(2)]
        store.rows("DELETE FROM event")
        assert (0, 1) == (imported(store, plain)["new"], total(store))


def test_an_export_of_its_own_adds_nothing_also_when_the_history_has_let_go() -> None:
    """What was delivered is known by its place."""
    with bench() as store:
        store.tell(*range(50), until=60)
        store.rows("DELETE FROM event")
        assert {"new": 0, "known": 50, "opened": {}} == imported(store, *store.events)
        again = StoreBench(store.ledger)  # and after a restart
        assert 0 == imported(again, *store.events)["new"]
        assert 50 == total(again)


def test_what_was_lost_on_the_way_can_be_brought_by_an_import() -> None:
    """A gap in the stream is no place that was counted."""
    with bench() as store:
        events = [event(n, n) for n in range(1, 11)]
        store.batch(*events[:3], *events[7:])
        store.rows("DELETE FROM event")
        assert {"new": 4, "known": 6, "opened": {}} == imported(store, *events)
        assert 10 == total(store)


def test_an_event_that_was_imported_is_not_counted_when_it_is_delivered_late() -> None:
    """In either order, pruned or not."""
    with bench() as store:
        events = [event(n, n) for n in range(1, 5)]
        imported(store, *events)
        store.rows("DELETE FROM event")
        store.batch(*events)
        assert (4, 4) == (total(store), store.store.figures()["duplicates"])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 14), st.integers(1, 6), st.booleans()), max_size=12))
def test_any_mixture_of_imports_deliveries_and_prunings_counts_each_event_once(
    steps: list[tuple[bool, int, int, bool]],
) -> None:
    """Deliveries come in order, as delivery has it; imports as they like."""
    events = [event(n, n) for n in range(1, 21)]
    seen: set[str] = set()
    delivered = 0
    with bench() as store:
        for delivery, first, count, prune in steps:
            if delivery:
                part = events[delivered : delivered + count]
                delivered += len(part)
                store.batch(*part)
            else:
                part = events[first : first + count]
                imported(store, *part)
            seen |= {each.id for each in part}
            if prune:
                store.rows("DELETE FROM event")
            assert len(seen) == total(store)


def test_a_balance_is_added_once_of_each_origin() -> None:
    """To the total, and to the day of its first event, so that reports still add up; windows do not know of it."""
    with bench() as store:
        store.tell(40 * DAY, until=40 * DAY)
        assert {"AC_POWER_LOSS": 100} == imported(store, balances=[balance(100)])["opened"]
        assert {} == imported(store, balances=[balance(100)])["opened"]
        assert {"AC_POWER_LOSS": 7} == imported(store, origin="another", balances=[balance(7)])["opened"]

        counter = store.ask("counters")["counters"][0]
        assert (108, 1, 1) == (counter["total"], counter["last_hour"], counter["last_day"])
        month, year = store.ask("report", days=30), store.ask("report", days=60)
        assert (1, 108, 108) == (month["total_events"], month["all_time_events"], year["total_events"])
        assert 108 == sum(one["total_count"] for one in year["event_categories"].values())
        assert at(0).isoformat()[:19] == store.statistics()["first_ever"][:19]
        assert [100, 7] == sorted((one["count"] for one in store.ask("inventory")["openings"]), reverse=True)
        again = StoreBench(store.ledger)
        assert 108 == total(again)


def test_the_stores_own_balance_is_none() -> None:
    """Its export holds its total; imported into itself it adds nothing."""
    with bench() as store:
        store.tell(1, 2, until=5)
        own = store.ask("inventory")["origin"]
        assert {} == imported(store, origin=own, balances=[balance(2)])["opened"]
        assert 2 == total(store)


def test_a_type_that_was_never_heard_of_may_have_a_balance() -> None:
    """It begins with it."""
    with bench() as store:
        store.batch(until=DAY)
        imported(store, balances=[balance(3, type="X", category="odd", severity="info")])
        assert 3 == total(store, "X")
        assert 3 == store.ask("report", days=30)["event_categories"]["ODD_EVENTS"]["total_count"]


def test_history_that_somebody_plays_is_neither_imported_nor_counted() -> None:
    """By the mark it bears, from whatever side it comes."""
    played = event(1, 1, metadata={"replayed": True})
    with bench() as store:
        store.batch(played, until=5)
        assert {"new": 0, "known": 1, "opened": {}} == imported(store, played)
        assert (0, 1) == (total(store), store.store.figures()["replayed"])
        store.batch(event(2, 2))
        assert 1 == total(store)


def test_a_command_that_cannot_be_carried_out_is_refused_in_words_and_changes_nothing() -> None:
    """Of another name, with a field that is wrong, with an event that is none."""
    with bench() as store:
        other = Command(id="1", target="counter_store", name="forget", time=NOON)
        with pytest.raises(RefusedError, match="counter_store takes no command 'forget'; it takes import"):
            store.store.execute(other)
        with pytest.raises(ValidationError, match="count"):
            imported(store, balances=[balance(0)])
        with pytest.raises(ValidationError, match="severity"):
            imported(store, events=[{"id": "1", "type": "X"}])
        assert [] == store.ask("counters")["counters"]


def test_an_imported_jump_of_the_clock_is_history_and_moves_no_window() -> None:
    """It jumped elsewhere, or long ago."""
    with bench() as store:
        store.tell(10, 20, until=30)
        jump = {"step_s": 7200.0, "since": None, "earlier_s": 0.0}
        imported(store, event(1, 25, "CLOCK_JUMP", producer="old", epoch="old", data=jump))
        assert 2 == store.ask("counters")["counters"][0]["last_hour"]
        assert store.ask("inventory")["as_of"].startswith("2026-01-01T00:00:30")


def test_runs_stay_few() -> None:
    """Of too many gaps the oldest are closed, and of too many epochs the oldest go."""
    runs = SeqIntervals()
    for seq in range(1, 4 * MOST, 2):
        runs.add("p", "e", seq)
    assert MOST == len(runs.rows())
    assert runs.holds("p", "e", 4 * MOST - 1)
    assert not runs.holds("p", "e", 4 * MOST - 2)
    assert runs.holds("p", "e", 2)
    for epoch in range(2 * MOST):
        runs.add("p", str(epoch), 1)
    assert MOST == len(runs.rows())
    assert runs.holds("p", str(2 * MOST - 1), 1)


@given(st.lists(st.integers(1, 60), unique=True).map(sorted))
def test_runs_hold_exactly_what_was_added_also_when_kept(places: list[int]) -> None:
    """And nothing between."""
    runs = SeqIntervals()
    for seq in places:
        runs.add("p", "e", seq)
    kept = SeqIntervals(json.loads(json.dumps(runs.rows())))
    assert places == [seq for seq in range(62) if kept.holds("p", "e", seq)]
