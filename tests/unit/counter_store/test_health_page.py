"""docs/health.md: its tables and its examples are what the store says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.counter_store.core.health.formulas import STANDARD
from services.counter_store.core.policy import StorePolicy
from shared.messages import Severity
from tests.support.health_table import PAGE, rows
from tests.support.store_bench import POLICY, StoreBench, bench
from tests.support.store_messages import event

HOUR = 3600.0
BATTERY = replace(POLICY, ended_by={**POLICY.ended_by, "BATTERY_LOW": ("BATTERY_RECOVERED",)})


def test_the_scenarios_are_fresh() -> None:
    """Print the rows with ``python -m tests.support.health_table`` where this fails."""
    table = "\n".join(rows())

    assert table in PAGE.read_text(encoding="utf-8")


def test_the_table_of_weights_is_the_formulas() -> None:
    """Weight, cap and floor of each severity."""
    page = PAGE.read_text(encoding="utf-8")

    for severity in Severity:
        figures = (STANDARD.weights[severity], STANDARD.caps[severity], STANDARD.floors[severity])
        assert f"| {severity.value} | {' | '.join(map(str, figures))} |" in page


def flap(here: StoreBench, name: str, end: str, pairs: int) -> None:
    """So many times begun and ended within two hours."""
    step = 2 * HOUR / pairs
    messages = []
    for at in range(pairs):
        number = 10 * len(here.events) + 2 * at
        messages.append(event(number, at * step, name, id=f"{name}-{at}"))
        messages.append(event(number + 1, at * step + 60, end, id=f"{end}-{at}", severity=Severity.INFO))
    here.batch(*messages, until=2 * HOUR)


def test_46_outages_and_46_low_batteries_are_not_excellent() -> None:
    """They were "94 of 100, EXCELLENT"."""
    with bench(BATTERY) as here:
        flap(here, "AC_POWER_LOSS", "AC_POWER_RESTORED", 46)
        flap(here, "BATTERY_LOW", "BATTERY_RECOVERED", 46)
        health = here.ask("health")

    assert (50, "CRITICAL") == (health["score"], health["grade"])
    assert [(46, True, 46 * 60.0)] * 2 == [
        (factor["events"], factor["capped"], factor["lasted_s"]) for factor in health["factors"]
    ]


def test_on_battery_with_a_low_battery_is_fair() -> None:
    """It was 96; the seed's weights still say so."""
    found = {}
    for formula in ("standard", "seed"):
        with bench(replace(BATTERY, health_formula=formula)) as here:
            here.tell(0, until=30)
            here.tell(20, event_type="BATTERY_LOW", until=30)
            found[formula] = here.ask("health")

    assert (78, "FAIR", "standard") == tuple(found["standard"][name] for name in ("score", "grade", "formula"))
    assert (96, "EXCELLENT", "seed") == tuple(found["seed"][name] for name in ("score", "grade", "formula"))


def test_health_is_published_when_something_changes() -> None:
    """The retained score is seconds old after mains loss, and again after mains return."""
    with bench(POLICY) as here:
        here.batch(until=0)
        assert 100 == (here.health() or pytest.fail("none")).score
        here.tell(100, until=101)
        assert 89 == (here.health() or pytest.fail("none")).score
        here.tell(160, event_type="AC_POWER_RESTORED", severity=Severity.INFO, until=161)
        assert 98 == (here.health() or pytest.fail("none")).score


def test_health_follows_time_without_any_event() -> None:
    """What is over fades: the score is told anew once it has changed, not only at the interval."""
    with bench(replace(POLICY, health_interval_s=10**6)) as here:
        here.batch(until=0)
        here.tell(100, severity=Severity.ERROR, event_type="I2C_ERROR", until=120)
        scores = set()
        for hours in range(1, 24 * 8):
            here.batch(until=hours * HOUR)
            scores.add((here.health() or pytest.fail("none")).score)

    assert set(range(95, 101)) == scores


def test_nothing_waits_for_an_end_that_cannot_come() -> None:
    """The type has left the catalogue, and what would have ended it too: it fades like all that is over."""
    with bench(POLICY) as here:
        here.tell(0, until=HOUR)
        assert here.ask("health")["factors"][0]["lasts"]

        without = StoreBench(here.ledger, StorePolicy(ended_by={}))
        (factor,) = without.ask("health")["factors"]

        assert (False, 2) == (factor["lasts"], factor["points"])
        assert factor["recovers"] is not None
        without.batch(until=8 * 24 * HOUR)
        assert 100 == without.ask("health")["score"]


def test_an_end_that_says_the_rule_is_gone_is_an_end() -> None:
    """What a removed rule began, the event processor ends; health needs no more than that event."""
    with bench(POLICY) as here:
        here.tell(0, until=HOUR)
        data = {"reason": "rule_removed"}
        here.tell(HOUR + 1, event_type="AC_POWER_RESTORED", severity=Severity.INFO, data=data, until=HOUR + 30)

        assert not here.ask("health")["factors"][0]["lasts"]
