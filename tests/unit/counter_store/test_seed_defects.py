"""The defects of the seed's sample code, each by its number: what this store does instead.

B: the event counters; A: the event system. docs/seeds.md has all of them, with the tests of the others.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from services.counter_store.core.policy import StorePolicy
from services.counter_store.core.time_units import DAY_US
from services.counter_store.service import LEDGER_SCHEMA
from services.counter_store.settings import load
from shared.delivery.handler import RefusedError
from shared.health import Grade, Health
from shared.ledger import Ledger, LedgerError
from shared.messages import Severity
from tests.support.store_bench import DAY, HOUR, POLICY, StoreBench, bench
from tests.support.store_messages import event

CONFIG = Path(__file__).parents[3] / "config"
CATEGORIES = ["POWER_EVENTS", "BATTERY_EVENTS", "SYSTEM_EVENTS", "SAFETY_EVENTS"]


def test_b1_the_first_event_is_counted() -> None:
    """Nobody has to have registered an action for it."""
    with bench() as here:
        here.tell(0)
        assert 1 == here.store.snapshot()["AC_POWER_LOSS"]["total"]


@pytest.mark.parametrize("count", [1, 9, 10, 11])
def test_b2_every_event_is_kept_at_once(tmp_path: Path, count: int) -> None:
    """Not every tenth: what a batch counted is on the disk when it ends, in whatever folder."""
    path = tmp_path / "ledger.sqlite"
    with closing(Ledger(path, LEDGER_SCHEMA)) as ledger:
        StoreBench(ledger).tell(*range(count), event_type="THERMAL_SHUTDOWN")
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as other:
            assert (count,) == other.execute("SELECT total FROM counter").fetchone()


def test_b3_a_folder_that_is_not_there_is_made_and_one_that_cannot_be_is_reported(tmp_path: Path) -> None:
    """Before the first event is taken, so none is lost by it; the second says which file and why."""
    with closing(Ledger(path := tmp_path / "not" / "there" / "ledger.sqlite", LEDGER_SCHEMA)) as ledger:
        StoreBench(ledger).tell(0)
    assert path.exists()
    with pytest.raises(LedgerError, match=r"ledger\.sqlite/below"):
        Ledger(path / "below", LEDGER_SCHEMA)


def test_b4_what_cannot_be_written_leaves_what_is_there(tmp_path: Path) -> None:
    """A batch that fails half way through leaves no half of it, and the next start counts on."""
    path = tmp_path / "ledger.sqlite"
    with closing(Ledger(path, LEDGER_SCHEMA)) as ledger:
        here = StoreBench(ledger)
        here.tell(0, 1, until=10)
        with pytest.raises(ValueError, match="object"):
            here.batch(event(3, 3), event(4, 4, data={"unspeakable": object()}))
    with closing(Ledger(path, LEDGER_SCHEMA)) as ledger:
        again = StoreBench(ledger)
        again.batch(event(3, 3), until=10)
        assert (3, 3) == (again.store.snapshot()["AC_POWER_LOSS"]["total"], again.statistics()["recent_count"])


@pytest.mark.parametrize("late", [False, True])
def test_b5_five_thousand_events_of_a_day_are_five_thousand(late: bool) -> None:
    """In the counter, in the rate and in the statistics; not 4.17 an hour. Also if all of them come late."""
    with bench() as here:
        if late:
            here.batch(until=DAY)
        here.tell(*(n * DAY / 5001 for n in range(1, 5001)), until=DAY)
        (rate,) = here.ask("frequency", days=1)["types"]

        assert 5000 == here.store.snapshot()["AC_POWER_LOSS"]["last_day"] == here.statistics(days=1)["recent_count"]
        assert 5000 / 24 == pytest.approx(rate["per_hour"], rel=1e-3)


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ([*range(15, 30)] * 2, "increasing"),  # all in the second half
        ([*range(15)] * 2, "decreasing"),
        ([*range(30)], "stable"),
        ([1, 2, 28], "insufficient_data"),
        ([29] * 11, "increasing"),
        ([29] * 100, "increasing"),  # the seed: stable, for the list's halves are equal
    ],
)
def test_b10_a_trend_compares_two_spans_of_time(days: list[int], expected: str) -> None:
    """Not the halves of a list, which are always equal."""
    with bench() as here:
        here.tell(0, event_type="SYSTEM_STARTUP")
        here.tell(*(day * DAY + 60 + n for n, day in enumerate(days)), until=30 * DAY)
        assert expected == here.statistics()["trend"]


def test_b11_the_average_is_over_the_days_there_are() -> None:
    """Six events in two days are three a day, whatever span was asked for; the coverage is told."""
    with bench() as here:
        here.tell(0, *(n * 8 * HOUR for n in range(1, 6)), until=2 * DAY)
        found = here.statistics(days=30)

        assert (3.0, 2.0, 30.0) == (found["daily_average"], found["observed_days"], found["days"])


def test_b12_an_empty_span_has_every_field() -> None:
    """Of an event from 40 days ago, as of one never counted."""
    with bench() as here:
        here.tell(0, until=40 * DAY)
        old, never = here.statistics(), here.statistics("never.counted")

        assert (0, None, "2026-01-01T00:00:00.000000Z") == (
            *(old["recent_count"], old["last_occurrence"]),
            old["last_ever"],
        )
        assert never.keys() == old.keys()


def test_b13_one_retention_for_memory_and_disk() -> None:
    """Statistics are the same after a restart, and after the events have gone."""
    with bench(replace(POLICY, history_per_type=10)) as here:
        here.tell(*(n * HOUR for n in range(1, 500)), until=500 * HOUR)
        for _ in range(5):
            here.batch(until=500 * HOUR)
        again = StoreBench(here.ledger, replace(POLICY, history_per_type=10))

        assert here.statistics() == again.statistics()
        assert 499 == again.statistics()["recent_count"]
        assert [(10,)] == here.rows("SELECT count(*) FROM event")


def test_b14_twenty_bus_errors_are_no_catastrophe() -> None:
    """Capped for each type, and every point is in a factor."""
    with bench(replace(POLICY, health_formula="seed")) as here:
        here.tell(*(n * HOUR for n in range(20)), event_type="I2C_ERROR", severity=Severity.ERROR, until=20 * HOUR)
        health = here.ask("health")

        assert (85, "GOOD") == (health["score"], health["grade"])
        assert 15 == sum(factor["points"] for factor in health["factors"])


def test_b15_the_grade_critical_is_not_the_severity() -> None:
    """One critical event is no critical health, many errors may be; a severity is not taken for a grade."""
    with bench(replace(POLICY, health_formula="seed")) as here:
        here.tell(0, event_type="DC_OUTPUT_LOSS", severity=Severity.CRITICAL, until=10)
        health = here.ask("health")
        with pytest.raises(ValidationError, match="grade"):
            Health.model_validate(health | {"grade": health["factors"][0]["severity"]})
        assert ("EXCELLENT", "critical") == (health["grade"], health["factors"][0]["severity"])

        for kind in range(4):
            times = (20 + hour * HOUR for hour in range(3))
            here.tell(*times, event_type=f"fault.{kind}", severity=Severity.ERROR, until=3 * HOUR)
        health = here.ask("health")
        assert Grade.CRITICAL.value == health["grade"]
        assert ["error"] * 4 == [factor["severity"] for factor in health["factors"][:4]]


def test_b16_types_nobody_listed_are_in_a_category_too() -> None:
    """So that the categories add up to the total."""
    with bench() as here:
        here.tell(0, 1, until=10)
        here.tell(2, event_type="homemade", category="garden", until=10)
        report = here.ask("report")

        assert [*CATEGORIES, "GARDEN_EVENTS"] == list(report["event_categories"])
        assert report["total_events"] == sum(found["total_count"] for found in report["event_categories"].values()) == 3


def test_b17_a_report_of_no_known_kind_is_refused() -> None:
    """Not answered with nothing; and all three kinds are there."""
    with bench() as here:
        here.tell(0, until=10)
        assert ["summary", "detailed", "trends"] == [
            here.ask("report", kind=kind)["report_type"] for kind in ("summary", "detailed", "trends")
        ]
        with pytest.raises(ValidationError, match="'summary', 'detailed' or 'trends'"):
            here.ask("report", kind="weekly")


def test_b18_every_page_of_the_history_has_the_same_fields() -> None:
    """However much there is: in pages, times in UTC."""
    with bench() as here:
        here.tell(0, until=10)
        here.tell(1, device=None, until=10)
        page = here.ask("history", limit=1)
        other = here.ask("history", limit=1, cursor=page["cursor"])

        assert page["events"][0].keys() == other["events"][0].keys()
        assert "2026-01-01T00:00:01.000000Z" == page["events"][0]["time"]


def test_b19_an_event_of_the_future_is_in_no_window_before_its_time() -> None:
    """And leaves the last hour an hour after it."""
    with bench() as here:
        here.tell(0, until=HOUR)
        here.tell(2 * HOUR)
        seen = []
        for hours in (1, 2, 2.9, 3):
            here.batch(until=hours * HOUR)
            seen.append((here.store.snapshot()["AC_POWER_LOSS"]["last_hour"], here.statistics()["recent_count"]))

        assert [(0, 1), (1, 2), (1, 2), (0, 2)] == seen


def test_b21_a_repeat_is_not_counted_anywhere() -> None:
    """Not in the counter, not in the aggregates, not in an episode."""
    with bench() as here:
        for _ in range(3):
            here.batch(event(1, 0, severity=Severity.ERROR), until=10)

        assert (1, 1) == (here.ask("report")["total_events"], here.ask("health")["factors"][0]["events"])


def test_b22_losses_and_their_ends_are_outages_with_a_length() -> None:
    """Minutes without mains, not only how often."""
    with bench() as here:
        here.tell(0, 5000, until=1)
        here.tell(600, 5300, event_type="AC_POWER_RESTORED", until=DAY)

        expected = {"count": 2, "ongoing": 0, "total_s": 900.0, "mean_s": 450.0, "longest_s": 600.0, "complete": True}
        assert expected == {name: here.statistics()["outages"][name] for name in expected}
        assert None is here.statistics("AC_POWER_RESTORED")["outages"]


@pytest.mark.parametrize("name", ["SYSTEM_SHUTDOWN", "THERMAL_SHUTDOWN"])
def test_b28_the_last_event_is_kept_too(tmp_path: Path, name: str) -> None:
    """Nothing has to be flushed when the process ends, however it ends."""
    ledger = Ledger(tmp_path / "ledger.sqlite", LEDGER_SCHEMA)
    with closing(ledger):
        StoreBench(ledger).tell(0, event_type=name)
        with closing(Ledger(ledger.path, LEDGER_SCHEMA)) as other:  # as another process finds it
            assert 1 == StoreBench(other).store.snapshot()[name]["total"]


def test_b25_b26_asking_makes_nothing() -> None:
    """A type that was never counted has no counter after it was asked for; types come from events alone."""
    with bench() as here:
        here.tell(0, until=10)
        before = here.rows("SELECT * FROM series"), here.rows("SELECT * FROM counter")
        for name, data in (("statistics", {"types": ["typo"]}), ("frequency", {"types": ["typo"]}), ("history", {})):
            here.ask(name, **data)

        assert before == (here.rows("SELECT * FROM series"), here.rows("SELECT * FROM counter"))


def test_b27_the_health_is_calculated_without_anybody_asking() -> None:
    """By the interval of the configuration, in event time."""
    with bench(replace(POLICY, health_interval_s=60)) as here:
        seen = set()
        for second in range(0, 600, 20):
            here.batch(until=second)
            seen.add(here.health() and here.health().as_of)
        assert 10 == len(seen)


def test_every_key_of_the_seeds_file_is_read() -> None:
    """And becomes what the store goes by: its part B3."""
    prefix = "UPSKEEP_EVENT_COUNTERS__"
    environ: dict[str, Any] = {
        f"{prefix}EVENT_COUNTERS__HISTORY_RETENTION_DAYS": "7",
        f"{prefix}EVENT_COUNTERS__MAX_HISTORY_PER_EVENT": "8",
        f"{prefix}HEALTH_SCORING__ENABLED": "false",
        f"{prefix}HEALTH_SCORING__CALCULATION_INTERVAL": "9",
        f"{prefix}HEALTH_SCORING__MIN_EVENTS_FOR_TREND": "10",
        f"{prefix}HEALTH_SCORING__TREND_ANALYSIS_DAYS": "11",
    }
    shipped, policy = load(CONFIG, {}).policy, load(CONFIG, environ).policy

    assert StorePolicy(ended_by=shipped.ended_by, catalogue=shipped.catalogue, texts=shipped.texts) == shipped
    assert (
        StorePolicy(7, 8, False, 9, 11, 10, shipped.ended_by, catalogue=shipped.catalogue, texts=shipped.texts)
        == policy
    )
    assert ("AC_POWER_RESTORED",) == shipped.ended_by["AC_POWER_LOSS"]


def test_a_service_that_runs_is_no_outage_that_lasts() -> None:
    """Of what is information only these have an end that is reported."""
    kinds = yaml.safe_load((CONFIG / "events.yaml").read_text(encoding="utf-8"))["events"]
    calm = [name for name, kind in kinds.items() if kind["severity"] == "info"]
    assert "system.lifecycle.started" in calm
    ended_by = load(CONFIG, {}).policy.ended_by
    assert ["UPS_CALIBRATION", "MAINS_REGULATED", "DISCHARGE_STARTED", "control.automation.paused"] == [
        name for name in calm if name in ended_by
    ]


def test_a30_history_is_kept_in_bounds_and_answered_by_an_index() -> None:
    """By type and time; what is asked for by device or zone reads only types that have been there."""
    with bench() as here:
        here.tell(0)
        plan = here.rows(
            "EXPLAIN QUERY PLAN SELECT * FROM event_by_wall_time WHERE type = 'x' AND wall_us > 5 AND wall_us < 7"
        )
        assert all("USING INDEX" in row[3] for row in plan if "SEARCH" in row[3] or "SCAN event" in row[3])
        assert any("USING INDEX" in row[3] for row in plan)


def test_a31_asking_for_history_repeats_nothing() -> None:
    """The store counts, publishes and stores nothing when it is asked."""
    with bench() as here:
        here.tell(0, until=10)
        here.outlet.retained.clear()
        total = here.rows("SELECT total_changes()")
        here.ask("history")

        assert ({}, []) == (here.outlet.retained, here.outlet.emitted)
        assert total == here.rows("SELECT total_changes()")


@pytest.mark.parametrize("count", [1, 10, 3600, 7200])
def test_a32_a_frequency_divides_by_hours(count: int) -> None:
    """Not by the number of events, which made 3,600 an hour of anything."""
    with bench() as here:
        here.tell(0.0, event_type="SYSTEM_STARTUP")
        here.tell(*(10 + n * 2 * HOUR / 7300 for n in range(count)), until=2 * HOUR)
        (found,) = here.ask("frequency", types=["AC_POWER_LOSS"])["types"]
        assert count / 2 == pytest.approx(found["per_hour"])


def test_a33_three_failures_in_a_year_are_no_pattern_of_a_week() -> None:
    """Failures are those of severity error and worse, by device and code, within the span asked for."""
    with bench() as here:
        codes = {"error_code": "E_PUMP_STALLED"}
        here.tell(
            0, 120 * DAY, 300 * DAY, event_type="device.error", severity=Severity.ERROR, data=codes, until=301 * DAY
        )
        here.tell(
            *(300 * DAY + n for n in range(3)), event_type="report.failed", severity=Severity.INFO, until=301 * DAY
        )

        assert ([], 1) == (
            list(here.ask("failures", days=7)["patterns"]),
            len(here.ask("failures", days=365)["patterns"]),
        )


def test_a34_a_year_is_read_from_hours_and_not_from_events() -> None:
    """Every figure of a report is the same when the history has gone; only the list of its newest events is empty."""
    with bench() as here:
        here.tell(*(n * HOUR for n in range(1, 800)), until=800 * HOUR)
        before = here.ask("report", kind="summary", days=365)
        here.ledger.db.execute("DELETE FROM event")

        assert before | {"latest_events": []} == here.ask("report", kind="summary", days=365)


def test_nothing_can_be_asked_that_is_unbounded() -> None:
    """A span longer than a century, a page longer than 500, a week of anomalies more."""
    with bench() as here:
        here.tell(0, until=10)
        for name, data in (("report", {"days": 36_601}), ("history", {"limit": 1000}), ("anomalies", {"hours": 169})):
            with pytest.raises((ValidationError, RefusedError)):
                here.ask(name, **data)
        assert DAY_US == 86_400 * 10**6
