"""What may be asked of the store, and what it answers."""

from __future__ import annotations

import itertools
import json
import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from services.counter_store.application.queries import QUESTIONS
from shared.delivery.handler import RefusedError, RequestHandler
from shared.messages import Severity
from tests.support.store_bench import DAY, HOUR, POLICY, StoreBench, bench
from tests.support.store_messages import event

REPORTS = ("summary", "detailed", "trends")


def busy(here: StoreBench, count: int = 300, days: float = 40) -> None:
    """Events of several types, categories and severities over some days."""
    chance = random.Random(1)  # noqa: S311 - repeatable
    kinds = [
        ("AC_POWER_LOSS", "power", Severity.WARNING, "ups", None),
        ("AC_POWER_RESTORED", "power", Severity.INFO, "ups", None),
        ("I2C_ERROR", "system", Severity.ERROR, "ups", None),
        ("sensor.humidity", "sensor", Severity.INFO, "tent", "tent"),
        ("DC_OUTPUT_LOSS", "power", Severity.CRITICAL, "ups", None),
        ("homemade", "garden", Severity.INFO, None, "tent"),
    ]
    for number, second in enumerate(sorted(chance.uniform(0, days * DAY) for _ in range(count)), 1):
        kind, category, severity, device, zone = chance.choice(kinds)
        more: dict[str, Any] = {"category": category, "severity": severity, "device": device, "zone": zone}
        made = event(number, second, kind, metadata={"incident": f"i{number % 7}"} if number % 3 == 0 else {}, **more)
        here.events.append(made)
    for first in range(0, count, 50):
        here.batch(*here.events[first : first + 50], until=days * DAY)


def test_the_store_answers() -> None:
    """Its stage has the port that delivery asks for."""
    with bench() as here:
        assert isinstance(here.store, RequestHandler)


@pytest.mark.parametrize("name", sorted(set(QUESTIONS) - {"related"}))
def test_every_question_has_an_answer_with_every_field(name: str) -> None:
    """The same fields before anything happened as after, as JSON, and twice the same."""
    with bench() as empty, bench() as here:
        empty.batch(until=0)
        empty.tell(event_type="x", until=0)
        busy(here)
        nothing, much = (json.loads(json.dumps(each.ask(name))) for each in (empty, here))

        assert much == here.ask(name)
        if name != "counters":
            assert nothing.keys() == much.keys()


@pytest.mark.parametrize("name", sorted(set(QUESTIONS) - {"related", "counters", "history"}))
def test_before_any_time_is_known_there_is_nothing_to_answer_for(name: str) -> None:
    """It says so, and what to do."""
    with bench() as here, pytest.raises(RefusedError, match="nothing has been observed yet"):
        here.ask(name)


def test_an_unknown_question_is_refused_with_the_known_ones() -> None:
    """By name."""
    with bench() as here, pytest.raises(RefusedError, match="knows no question 'stats'; it answers anomalies, count"):
        here.ask("stats")


@pytest.mark.parametrize(
    ("name", "data", "where"),
    [
        ("report", {"kind": "weekly"}, "kind"),
        ("report", {"days": 0}, "days"),
        ("report", {"day": 7}, "day"),
        ("history", {"limit": 501}, "limit"),
        ("history", {"cursor": "xyz"}, "cursor"),
        ("history", {"cursor": f"{2**63}-1"}, "cursor"),
        ("history", {"severities": ["fatal"]}, "severities"),
        ("history", {"since": "2026-01-02T00:00:00Z", "until": "2026-01-01T00:00:00Z"}, ""),
        ("statistics", {"as_of": "yesterday"}, "as_of"),
        ("related", {}, "id"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_field(name: str, data: dict[str, Any], where: str) -> None:
    """Never answered with something else than was asked."""
    with bench() as here, pytest.raises(ValidationError) as refused:
        here.ask(name, **data)
    assert where in str(refused.value.errors()[0]["loc"])


@pytest.mark.parametrize("kind", REPORTS)
@pytest.mark.parametrize("days", [1, 7, 39, 400])
def test_categories_add_up_to_the_total(kind: str, days: int) -> None:
    """Always; so do the types of each, and the total is what lies in the period."""
    with bench() as here:
        busy(here)
        report = here.ask("report", kind=kind, days=days)
        inside = [each for each in here.events if each.time.timestamp() > here.events[0].time.timestamp() - 1]
        begin = json.loads(json.dumps(report["since"]))
        expected = Counter(each.category for each in inside if each.time.isoformat() > begin[:-1])

        assert len(here.events) == report["all_time_events"]
        assert sum(expected.values()) == report["total_events"]
        assert {f"{name.upper()}_EVENTS": count for name, count in expected.items()} == {
            name: found["total_count"] for name, found in report["event_categories"].items() if found["total_count"]
        }
        assert ["POWER_EVENTS", "BATTERY_EVENTS", "SYSTEM_EVENTS", "SAFETY_EVENTS"] == list(report["event_categories"])[
            :4
        ]
        for found in report["event_categories"].values():
            if found["event_types"] <= 5:
                assert found["total_count"] == sum(count for _, count in found["top_events"])


def test_a_report_says_what_the_seed_says() -> None:
    """By the seed's names."""
    with bench() as here:
        busy(here)
        summary, detailed, trends = (here.ask("report", kind=kind) for kind in REPORTS)

        assert {"report_type", "period_days", "generated_at", "total_events", "event_categories"} <= summary.keys()
        assert {"total_count", "event_types", "top_events"} == summary["event_categories"]["POWER_EVENTS"].keys()
        assert set(here.store.snapshot()) == detailed["statistics"].keys()
        assert detailed["total_events"] == sum(each["recent_count"] for each in detailed["statistics"].values())
        named = [each["type"] for trend in ("increasing", "decreasing") for each in trends[trend]]
        assert set(here.store.snapshot()) == {*named, *trends["stable"], *trends["insufficient_data"]}
        daily = sum(
            sum(each["days"].values()) for each in here.ask("report", kind="trends", days=41)["daily_counts"].values()
        )
        assert len(here.events) == daily


def test_the_same_as_of_gives_the_same_answer_later() -> None:
    """What has come since does not matter, not even to the microsecond."""
    with bench() as here:
        busy(here)
        as_of = here.ask("report")["as_of"]
        questions = [("report", {"kind": kind}) for kind in REPORTS] + [("statistics", {}), ("health", {})]
        before = [here.ask(name, as_of=as_of, **data) for name, data in questions]
        here.tell(*(40 * DAY + n for n in range(1, 50)), until=41 * DAY)
        after = [here.ask(name, as_of=as_of, **data) for name, data in questions]

        for one, other in zip(before, after, strict=True):
            assert _of_the_span(one) == _of_the_span(other)


def _of_the_span(answer: Any) -> Any:
    """Leave out the figures of all time."""
    if isinstance(answer, dict):
        ever = {"all_time_events", "total_count", "last_ever", "first_ever", "daily_counts"}
        return {name: _of_the_span(value) for name, value in answer.items() if name not in ever}
    return [_of_the_span(each) for each in answer] if isinstance(answer, list | tuple) else answer


def test_events_of_this_batch_are_in_the_answer() -> None:
    """An answer given between two events of a batch counts the first."""
    with bench() as here, here.ledger.transaction():
        here.store.apply(event(1, 5))

        assert 1 == here.ask("report")["total_events"] == here.statistics()["recent_count"]
        here.store.apply(event(2, 6))
        here.store.flush()
        assert 2 == here.ask("report")["total_events"]


CONDITIONS: list[tuple[dict[str, Any], Any]] = [
    ({}, lambda _: True),
    ({"types": ["I2C_ERROR", "homemade"]}, lambda e: e.type in ("I2C_ERROR", "homemade")),
    ({"category": "power"}, lambda e: e.category == "power"),
    ({"severities": ["ERROR", "critical"]}, lambda e: e.severity in (Severity.ERROR, Severity.CRITICAL)),
    ({"device": "ups", "severities": ["critical"]}, lambda e: e.device == "ups" and e.severity is Severity.CRITICAL),
    ({"zone": "tent"}, lambda e: e.zone == "tent"),
    ({"incident": "i3"}, lambda e: e.metadata.get("incident") == "i3"),
    ({"incident": "i3", "device": "ups"}, lambda e: e.metadata.get("incident") == "i3" and e.device == "ups"),
    ({"types": []}, lambda _: False),
]


@pytest.mark.parametrize(("question", "wanted"), CONDITIONS, ids=[str(question) for question, _ in CONDITIONS])
@pytest.mark.parametrize("order", ["newest", "oldest"])
def test_pages_of_the_history_are_all_that_meets_the_conditions(question: Any, wanted: Any, order: str) -> None:
    """Page by page: every event once, in order, and the last page says that it is the last."""
    with bench() as here:
        busy(here)
        found: list[str] = []
        cursor = None
        while True:
            page = here.ask("history", order=order, limit=7, cursor=cursor, **question)
            found += [each["id"] for each in page["events"]]
            cursor = page["cursor"]
            if cursor is None:
                break
        expected = [each.id for each in sorted(here.events, key=lambda e: (e.time, e.seq)) if wanted(each)]

    assert (expected if order == "oldest" else expected[::-1]) == found


@pytest.mark.parametrize("order", ["newest", "oldest"])
def test_the_last_page_costs_no_more_than_the_first(order: str) -> None:
    """Work is counted in SQLite's own steps: a page is found in the index and not by counting up to it."""
    with bench() as here:
        here.tell(*range(3_000))
        costs: list[int] = []
        cursor = None
        while cursor or not costs:
            steps = itertools.count()
            here.ledger.db.set_progress_handler(lambda steps=steps: next(steps) < 0, 1)
            cursor = here.ask("history", order=order, limit=50, types=["AC_POWER_LOSS"], cursor=cursor)["cursor"]
            here.ledger.db.set_progress_handler(None, 0)
            costs.append(next(steps))

    assert 60 == len(costs)
    assert costs[-2] < 1.5 * costs[1]


def test_history_is_cut_by_time_and_by_size() -> None:
    """Both ends of a time span belong to it; a page of large events is shorter than asked for, and goes on."""
    with bench() as here:
        here.tell(*range(10), until=10, data={"text": "x" * 100_000})
        span = here.ask("history", since="2026-01-01T00:00:03Z", until="2026-01-01T00:00:05Z")
        page = here.ask("history")

        assert ["id-6", "id-5", "id-4"] == [each["id"] for each in span["events"]]
        assert 1 <= len(page["events"]) < 10
        assert page["cursor"] is not None


def test_an_event_comes_back_as_it_was() -> None:
    """Every field of it."""
    with bench() as here:
        here.tell(1.5, data={"a": [1, None]}, metadata={"incident": "x"}, zone="tent")

        assert here.events[0].model_dump(mode="json") == here.ask("history")["events"][0]


def test_what_belongs_to_an_event_is_found_around_it() -> None:
    """Its device and zone within the window, before as after; its incident at any distance; nearest first."""
    with bench() as here:
        made = [
            event(1, 100, device="ups", zone="cellar", metadata={"incident": "i"}),
            event(2, 95, "A", device="ups"),
            event(3, 102, "B", device="x", zone="cellar"),
            event(4, 131, "A", device="ups"),
            event(5, 100, "C", device=None),
            event(6, 9000, "D", device="y", metadata={"incident": "i"}),
        ]
        here.batch(*made)
        found = here.ask("related", id="id-1")["related"]

        assert [("id-3", ["zone"], 2.0), ("id-2", ["device"], -5.0), ("id-6", ["incident"], 8900.0)] == [
            (each["event"]["id"], each["by"], each["after_s"]) for each in found
        ]
        assert [] == here.ask("related", id="id-5")["related"]
        with pytest.raises(RefusedError, match="the history holds no event 'id-99'"):
            here.ask("related", id="id-99")


def test_health_can_be_off() -> None:
    """health_scoring.enabled: then it is neither told nor answered, and a report has none."""
    with bench(replace(POLICY, health_enabled=False)) as here:
        here.tell(1, severity=Severity.CRITICAL, until=10)

        assert None is here.health() is here.ask("report")["health"]
        with pytest.raises(RefusedError, match=r"health_scoring\.enabled"):
            here.ask("health")


def test_health_is_published_by_the_interval_and_after_a_critical_event() -> None:
    """And when something has changed, not with every batch; by event time."""
    with bench(replace(POLICY, health_interval_s=3600, health_formula="seed")) as here:
        told = []
        for second in (0, 10, 3599, 3600, 3700, 7199, 7200):
            here.outlet.retained.clear()
            here.batch(until=second)
            told.append(here.health() is not None)
        here.outlet.retained.clear()
        here.tell(7210, severity=Severity.WARNING, until=7210)
        told.append(here.health() is not None)
        here.tell(7220, severity=Severity.CRITICAL, until=7220)
        told.append(here.health() is not None)

        assert [True, False, False, True, False, False, True, True, True] == told
        assert 88 == (here.health() or pytest.fail("no health")).score


def test_a_new_store_tells_its_health_again() -> None:
    """The broker may have lost it."""
    with bench() as here:
        here.tell(0, until=HOUR)
        again = StoreBench(here.ledger)
        again.store.announce()

        assert here.ask("health") == (again.health() or pytest.fail("no health")).model_dump(mode="json")


def test_failures_and_performance_read_what_events_say() -> None:
    """Codes from their data, times from their metadata."""
    with bench() as here:
        more: dict[str, Any] = {"severity": Severity.ERROR, "data": {"errors": [{"code": "nack"}]}}
        here.tell(*range(5), event_type="I2C_ERROR", metadata={"processing_ms": 2.5}, until=10, **more)
        here.tell(6, metadata={"processing_ms": "fast"}, until=10)
        failures, performance = here.ask("failures"), here.ask("performance")

        assert [("ups", "nack", 5)] == [
            (p["device"], p["error_code"], p["failure_count"]) for p in failures["patterns"]
        ]
        assert (5, True) == (failures["looked_at"], failures["complete"])
        assert (6, 6, 5, 2.5) == (
            *(performance["events"], performance["history"]),
            *(performance["processing"]["counted"], performance["processing"]["p95_ms"]),
        )


@pytest.mark.parametrize("as_of", ["0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"])
def test_the_ends_of_the_calendar_are_answered_for(as_of: str) -> None:
    """With events at both of them: no question runs out of dates."""
    with bench() as here:
        first, last = (datetime(1, 1, 1, tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
        worst: dict[str, Any] = {"severity": Severity.CRITICAL}
        here.batch(event(1, time=first, **worst), event(2, time=last, **worst), event(3, 5), until=10)

        for name, (model, _) in QUESTIONS.items():
            if "as_of" in model.model_fields:
                assert here.ask(name, as_of=as_of)["as_of"][:19] == as_of[:19]
        for kind in REPORTS:
            assert 3 == here.ask("report", kind=kind, days=36_600, as_of=as_of)["all_time_events"]


def test_no_outage_lasts_until_an_end_that_is_not_its_own() -> None:
    """Beginnings reach further back than the newest ends: what lies before those is not paired, and it is said."""
    with bench() as here:
        here.tell(0, event_type="AC_POWER_LOSS")
        here.tell(*(HOUR + n * 600 for n in range(2500)), event_type="AC_POWER_RESTORED", until=20 * DAY)
        found, week = here.statistics(days=30)["outages"], here.statistics(days=7)["outages"]

        assert (0, 0.0, False) == (found["count"], found["total_s"], found["complete"])
        assert (0, True) == (week["count"], week["complete"])


def test_outages_that_left_the_history_are_missed() -> None:
    """Those that are at hand are told, and that there were more."""
    with bench(replace(POLICY, history_per_type=10)) as here:
        for hour in range(1, 31):
            here.tell(hour * HOUR, event_type="AC_POWER_LOSS", until=hour * HOUR)
            here.tell(hour * HOUR + 60, event_type="AC_POWER_RESTORED", until=hour * HOUR + 60)
        found, last = here.statistics(days=30)["outages"], here.ask("statistics", days=1, types=["AC_POWER_LOSS"])

        assert (10, 600.0, False) == (found["count"], found["total_s"], found["complete"])
        assert not last["statistics"][0]["outages"]["complete"]


def test_what_is_related_is_the_nearest_of_a_long_incident() -> None:
    """And not what came last of it."""
    with bench() as here:
        here.batch(*(event(n, n, metadata={"incident": "i"}, device=f"d{n}") for n in range(1, 1500)), until=DAY)
        found = here.ask("related", id="id-5", limit=4)["related"]

        assert [-1.0, 1.0, -2.0, 2.0] == [one["after_s"] for one in found]


def test_days_before_1970_are_days_too() -> None:
    """Of a clock that was set wrongly: midnight is where it always is."""
    with bench() as here:
        second = -60 * 365.25 * DAY  # 1966
        here.batch(*(event(n, second + n * 5 * HOUR) for n in range(20)), until=second + 5 * DAY)
        report = here.ask("report", kind="trends", days=10)
        dates = [one["time"][:10] for one in here.ask("history", order="oldest")["events"]]

        assert Counter(dates) == report["daily_counts"]["AC_POWER_LOSS"]["days"]


def test_a_list_of_nothing_asks_for_nothing() -> None:
    """Of types as of severities, whatever else is asked."""
    with bench() as here:
        here.batch(event(1, 1, metadata={"incident": "i"}), until=2)
        for nothing in ({"types": []}, {"severities": []}, {"types": [], "incident": "i"}):
            assert [] == here.ask("history", **nothing)["events"]
