"""What is said at the edges: of spans, of what has left the history, of what anybody may ask for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from services.counter_store.adapters.reports.formats import FORMATS
from services.counter_store.core.policy import StorePolicy
from services.counter_store.core.reports.report import DetailedReport
from services.counter_store.core.requests.questions import TYPES
from services.counter_store.core.statistics.outages import pair_outages
from shared.event_counters import ReportFormat
from shared.jumps import CLOCK_JUMP
from shared.messages import Severity
from shared.requests import Command
from tests.support.store_bench import DAY, HOUR, StoreBench, bench
from tests.support.store_messages import at, event
from tests.unit.counter_store.test_jump import by

ENDED_BY = {"AC_POWER_LOSS": ("AC_POWER_RESTORED",)}
END = {"event_type": "AC_POWER_RESTORED", "severity": Severity.INFO}


def bring(here: StoreBench, **data: Any) -> None:
    command = Command(id="c1", target="counter_store", name="import", data={"origin": "o", "label": "l", **data})
    with here.ledger.transaction():
        here.store.execute(command)
        here.store.flush()


def test_a_report_may_end_before_the_first_event_of_its_last_day() -> None:
    """It has no pieces, and not a part of one."""
    with bench(StorePolicy()) as here:
        here.tell(5 * HOUR, until=6 * HOUR)
        found = here.ask("report", kind="detailed", days=1, as_of=at(2 * HOUR).isoformat())
        assert 0 == found["total_events"]
        assert [] == found["timeline"]["pieces"]


def test_a_health_of_then_is_the_same_later() -> None:
    """An outage that had not ended then had not, though another has begun since."""
    with bench(StorePolicy(ended_by=ENDED_BY, health_formula="seed")) as here:
        here.tell(0, until=10 * DAY)
        then = here.ask("health", as_of=at(10 * DAY).isoformat())
        here.tell(12 * DAY, until=13 * DAY)

        assert 98 == then["score"]
        assert then == here.ask("health", as_of=at(10 * DAY).isoformat())


@pytest.mark.parametrize("policy", [StorePolicy(history_days=1), StorePolicy(history_per_type=1)])
def test_an_end_that_has_left_the_history_was_an_end(policy: StorePolicy) -> None:
    """The counts of the hour say that it came; only what never ended weighs in full."""
    with bench(StorePolicy(policy.history_days, policy.history_per_type, ended_by=ENDED_BY)) as here:
        here.tell(0, 8 * HOUR, until=8 * HOUR)
        here.tell(60, until=9 * HOUR, **END)
        here.tell(8 * HOUR, until=9 * HOUR, device="other")
        here.tell(8 * HOUR + 60, 8 * HOUR + 90, until=9 * HOUR, device="other", **END)
        for hours in range(24, 30 * 24, 12):
            here.batch(until=hours * HOUR)
        (factor,) = here.ask("health")["factors"]

        assert factor["remedy"].startswith("lasts on ups until ")


def test_a_short_history_forgets_no_episode_that_weighs() -> None:
    """Seven days of them are weighed, however few days of events are kept."""
    with bench(StorePolicy(history_days=1)) as here:
        here.tell(*(day * DAY for day in range(4)), until=4 * DAY)
        for hour in range(12):
            here.batch(until=4 * DAY + hour)
        (factor,) = here.ask("health")["factors"]

        assert 4 == factor["episodes"]


def test_a_remedy_names_some_of_many_devices() -> None:
    """The health is retained: a hundred devices do not make it long."""
    with bench() as here:
        here.batch(*(event(n, n, device=f"device-{n:03}") for n in range(100)), until=HOUR)
        (factor,) = here.ask("health")["factors"]

        assert "device-000, device-001, device-002, device-003, device-004 and 95 more" in factor["remedy"]


def test_an_outage_is_not_paired_with_an_end_that_is_not_its_own() -> None:
    """Its own has left the history; what is at hand is paired, and it is said that this is not all."""
    with bench(StorePolicy(history_per_type=3, ended_by=ENDED_BY)) as here:
        here.tell(0, 2 * HOUR, 4 * HOUR, until=4 * HOUR)
        here.tell(10, 2 * HOUR + 10, 4 * HOUR + 10, 5 * HOUR, 6 * HOUR, until=7 * HOUR, **END)
        outages = here.statistics(days=1)["outages"]

        assert (1, 0, 10.0, False) == tuple(outages[name] for name in ("count", "ongoing", "longest_s", "complete"))


def test_an_outage_lasts_though_ends_of_others_have_left() -> None:
    """No end came on its device: the counts say so."""
    with bench(StorePolicy(history_per_type=2, ended_by=ENDED_BY)) as here:
        here.tell(0, until=100)
        here.tell(*range(100, 200, 10), until=4000, device="other", **END)
        outages = here.statistics(days=1)["outages"]

        assert (1, 1, 4000.0) == tuple(outages[name] for name in ("count", "ongoing", "longest_s"))


TURN = st.tuples(st.booleans(), st.sampled_from(["ups", "rack"]), st.integers(0, 40))


@settings(deadline=None)
@given(st.lists(TURN, max_size=30, unique_by=lambda turn: turn[2]), st.integers(1, 8))
def test_no_more_outages_are_reported_than_there_were(turns: list[tuple[bool, str, int]], most: int) -> None:
    """However few events are kept: none longer than it was, and all of them where they are said to be complete."""
    with bench(StorePolicy(history_per_type=most, ended_by=ENDED_BY)) as here:
        for is_end, device, quarters in sorted(turns, key=lambda turn: turn[2]):
            here.tell(quarters * HOUR / 4, until=quarters * HOUR / 4, device=device, **(END if is_end else {}))
        here.batch(until=11 * HOUR)
        told = here.statistics(days=1)["outages"]
    began, ended = (
        [(device, quarters * 900) for is_end, device, quarters in turns if is_end is wanted] for wanted in (False, True)
    )
    lengths = [
        (11 * 3600 if one.ended_us is None else one.ended_us) - one.began_us for one in pair_outages(began, ended)
    ]

    assert told["count"] <= len(lengths)
    assert told["total_s"] <= sum(lengths)
    assert (told["longest_s"] or 0) <= max(lengths, default=0)
    if told["complete"]:
        assert (len(lengths), sum(lengths)) == (told["count"], told["total_s"])


@pytest.mark.parametrize("form", ["html", "markdown"])
def test_a_report_says_that_there_were_more_outages(form: ReportFormat) -> None:
    """Of which the history holds no beginning or no end any more."""
    with bench(StorePolicy(history_per_type=3, ended_by=ENDED_BY)) as here:
        here.tell(*(2 * n * HOUR for n in range(6)), until=12 * HOUR)
        here.tell(*(2 * n * HOUR + 60 for n in range(6)), until=12 * HOUR, **END)
        report = DetailedReport.model_validate(here.ask("report", kind="detailed", days=1))

    assert "at least 3" in FORMATS[form][1](report)


def test_outages_are_complete_while_everything_is_at_hand() -> None:
    """Also where there are none."""
    with bench(StorePolicy(ended_by=ENDED_BY)) as here:
        here.tell(0, 1000, until=2000)
        here.tell(10, 1010, until=2000, **END)
        none = here.statistics("BATTERY_LOW", days=1)["outages"]

        assert (2, True) == tuple(here.statistics(days=1)["outages"][name] for name in ("count", "complete"))
        assert none is None


@pytest.mark.parametrize("name", ["frequency", "report"])
def test_hours_and_days_at_the_edges_are_of_the_span(name: str) -> None:
    """Else the same question as of the same time would be answered differently an hour later, and nothing add up."""
    with bench() as here:
        here.tell(0, DAY + HOUR, DAY + HOUR + 60, until=DAY + HOUR + 60)
        asked = {"days": 1, "as_of": at(DAY + HOUR + 60).isoformat()}
        asked |= {"kind": "trends"} if name == "report" else {"hours": 24}
        then = here.ask(name, **asked)
        here.tell(DAY + HOUR + 120, DAY + 3 * HOUR, until=2 * DAY)
        later = here.ask(name, **asked)
        told = (
            sum(sum(one["days"].values()) for one in later["daily_counts"].values())
            if name == "report"
            else sum(later["types"][0]["hours"].values())
        )

        assert 2 == told
        assert {**then, "all_time_events": 0} == {**later, "all_time_events": 0} or name == "report"
        assert name == "frequency" or then["daily_counts"] == later["daily_counts"]


def test_hours_that_have_become_days_are_said_so_and_not_taken_for_quiet() -> None:
    """A judgement by hours compares with hours that are kept, and the frequency says from when on there are any."""
    with bench(StorePolicy(history_days=1)) as here:
        for day in range(150):
            here.tell(*(day * DAY + hour * HOUR for hour in range(24) for _ in range(9)), until=(day + 1) * DAY)
        for turn in range(60):
            here.batch(until=150 * DAY + turn)
        frequency = here.ask("frequency", days=140)

        assert [] == here.ask("anomalies", as_of=at(70 * DAY).isoformat(), hours=24)["anomalies"]
        assert frequency["hours_since"] > frequency["since"]
        assert sum(frequency["types"][0]["by_hour_of_day"]) < frequency["types"][0]["count"]


@pytest.mark.parametrize(("trend_days", "step"), [(300, 0), (30, -20 * DAY)])
def test_hours_that_have_become_days_do_not_come_back(trend_days: int, step: float) -> None:
    """Neither where more are to be kept from now on, nor where the clock is put back: they are not taken for empty."""
    with bench() as here:
        here.batch(*(event(n, n * HOUR) for n in range(1, 24 * 200)), until=200 * DAY)
        for _ in range(20):
            here.batch()
        there = StoreBench(here.ledger, StorePolicy(trend_days=trend_days))
        there.batch(event(9999, 200 * DAY + step, CLOCK_JUMP, data=by(step).values()), until=200 * DAY + step)
        found = there.ask("frequency", days=190, types=["AC_POWER_LOSS"], as_of=at(200 * DAY).isoformat())

        hours = (at(200 * DAY) - datetime.fromisoformat(found["hours_since"])).total_seconds() // HOUR
        assert hours == sum(found["types"][0]["by_hour_of_day"])


def test_what_was_counted_elsewhere_before_does_not_swell_the_average() -> None:
    """An opening balance is in the total and the span; the average is of what was observed, over the days it was."""
    with bench() as here:
        here.tell(10 * DAY, 11 * DAY, 12 * DAY, until=14 * DAY)
        balance = {"type": "AC_POWER_LOSS", "category": "power", "severity": "warning", "count": 5000}
        bring(here, balances=[{**balance, "at": at(DAY).isoformat()}])
        told = here.statistics(days=30)
        (frequency,) = here.ask("frequency", days=30)["types"]

        assert (5003, 5003, 0.75) == (told["total_count"], told["recent_count"], told["daily_average"])
        assert (5003, 3 / 96) == (frequency["count"], frequency["per_hour"])


@pytest.mark.parametrize("name", ["counters", "statistics", "history", "frequency", "anomalies"])
def test_no_list_that_is_asked_with_is_endless(name: str) -> None:
    """Each type costs a look; a type named twice is one type."""
    with bench() as here:
        here.tell(0, until=HOUR)

        assert here.ask(name, types=["AC_POWER_LOSS"]) == here.ask(name, types=["AC_POWER_LOSS"] * 3)
        with pytest.raises(ValidationError, match="types"):
            here.ask(name, types=[f"T{n}" for n in range(TYPES + 1)])


def test_severities_are_not_endless_either() -> None:
    """There are four."""
    with bench() as here, pytest.raises(ValidationError, match="severities"):
        here.ask("history", severities=["info"] * 40_000)


def test_no_balance_is_more_than_can_be_added_up() -> None:
    """Sums of them stay within what the ledger holds."""
    balance = {"type": "x", "category": "power", "severity": "warning", "at": at(0).isoformat()}
    with bench() as here:
        with pytest.raises(ValidationError, match=r"balances\.0\.count"):
            bring(here, balances=[{**balance, "count": 2**40}])
        bring(here, balances=[{**balance, "count": 2**40 - 1}])

        assert 2**40 - 1 == here.statistics("x", as_of=at(DAY).isoformat())["total_count"]


def test_an_import_brings_no_more_types_than_can_be_kept() -> None:
    """Each type is a retained topic and a look in every batch; what is over is refused as a whole, and said."""
    with bench() as here:
        balance = {"category": "power", "severity": "warning", "count": 1, "at": at(0).isoformat()}
        for first in (0, 500):  # a command's data holds 10,000 values: not a thousand balances
            bring(here, balances=[{**balance, "type": f"T{n}"} for n in range(first, first + 500)])
        refused = Command(
            id="c2",
            target="counter_store",
            name="import",
            data={"origin": "p", "label": "l", "balances": [{**balance, "type": "U"}, {**balance, "type": "T1"}]},
        )
        with pytest.raises(Exception, match="1,000 types"), here.ledger.transaction():
            here.store.execute(refused)

        assert 1000 == len(here.store.counters())
