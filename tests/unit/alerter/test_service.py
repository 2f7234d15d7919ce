"""The alerter's stage: events in, retained alerts and a timeline out."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.alerter.core.rules import rate_rule
from services.alerter.service import LEDGER_SCHEMA, Alerter
from shared.delivery.handler import InMemoryPublisher, MessageHandler
from shared.ledger import Ledger
from shared.messages import Alert, AlertState, Event, Frame, Severity
from tests.support.alerter_times import at

HOURLY = rate_rule("hourly_rate", "AC_POWER_LOSS", timedelta(hours=1), 1)
DAILY = rate_rule("daily_rate", "AC_POWER_LOSS", timedelta(days=1), 3)
RULES = (HOURLY, DAILY)
TOPIC = "upskeep/v1/home/alert/{}/AC_POWER_LOSS"


def event(minute: float, event_type: str = "AC_POWER_LOSS", **metadata: Any) -> Event:
    return Event(
        id=f"{event_type}-{minute}",
        type=event_type,
        category="power",
        severity=Severity.WARNING,
        time=at(minute),
        site="home",
        metadata=metadata,
    )


def feed(alerter: Alerter, minutes: Iterable[float], until: float | None = None) -> Alerter:
    for minute in minutes:
        alerter.apply(event(minute))
    if until is not None:
        alerter.advance(at(until))
    alerter.flush()
    return alerter


def timeline(alerter: Alerter) -> list[tuple[str, str, datetime]]:
    return [(row["rule"], row["state"], datetime.fromisoformat(row["time"])) for row in alerter.timeline()]


def shown(publisher: InMemoryPublisher, rule: str) -> Alert:
    alert = publisher.retained[TOPIC.format(rule)]
    assert isinstance(alert, Alert)
    return alert


def test_an_event_that_comes_again_is_counted_once(ledger: Ledger) -> None:
    """A producer that was rebuilt makes it anew, with the id it had; also after a restart of the alerter."""
    feed(Alerter(RULES, ledger, InMemoryPublisher()), [0])
    publisher = InMemoryPublisher()
    again = feed(Alerter(RULES, ledger, publisher), [0, 0])

    assert [] == again.timeline()
    assert ["firing"] == [row["state"] for row in feed(again, [1]).timeline()]


def test_the_hour_and_the_day_are_judged_each_for_itself(ledger: Ledger) -> None:
    """Two in an hour fire the one, four in a day the other."""
    alerter = feed(Alerter(RULES, ledger, InMemoryPublisher()), [0, 10, 200, 400], until=5000)
    expected = [
        ("hourly_rate", "firing", at(10)),
        ("hourly_rate", "resolved", at(60)),
        ("daily_rate", "firing", at(400)),
        ("daily_rate", "resolved", at(1440)),
    ]
    assert expected == timeline(alerter)


def test_the_timeline_has_what_backtest_prints(ledger: Ledger) -> None:
    """JSON-ready, and no more than that."""
    expected = {
        "rule": "hourly_rate",
        "key": "AC_POWER_LOSS",
        "state": "firing",
        "time": "2026-01-31T12:10:00.000000Z",
        "value": 2.0,
        "threshold": 1.0,
        "severity": "warning",
        "reason": "over_limit",
    }
    assert [expected] == feed(Alerter(RULES, ledger, InMemoryPublisher()), [0, 10]).timeline()


def test_an_alert_is_retained_while_it_fires_and_as_resolved_after(ledger: Ledger) -> None:
    """The retained value tells the count by now."""
    publisher = InMemoryPublisher()
    alerter = feed(Alerter(RULES, ledger, publisher), [0, 10])
    assert (shown(publisher, "hourly_rate").state, shown(publisher, "hourly_rate").value) == (AlertState.FIRING, 2.0)
    feed(alerter, [20])
    assert (shown(publisher, "hourly_rate").state, shown(publisher, "hourly_rate").value) == (AlertState.FIRING, 3.0)
    feed(alerter, [], until=500)
    assert (shown(publisher, "hourly_rate").state, shown(publisher, "hourly_rate").value) == (AlertState.RESOLVED, 1.0)


def test_an_alert_that_fires_and_ends_in_one_batch_is_published_in_both_states(ledger: Ledger) -> None:
    """At high speed a batch holds hours: nobody may see an end without its beginning."""
    publisher = InMemoryPublisher()
    alerter = feed(Alerter((HOURLY,), ledger, publisher), [0, 10], until=500)

    assert [AlertState.FIRING] == [alert.state for alert in publisher.replaced if isinstance(alert, Alert)]
    assert shown(publisher, "hourly_rate").state is AlertState.RESOLVED
    publisher.replaced.clear()
    feed(alerter, [600, 610])
    feed(alerter, [1200, 1210], until=2000)
    assert [AlertState.RESOLVED, AlertState.FIRING] == [a.state for a in publisher.replaced if isinstance(a, Alert)]


def test_an_alert_that_looks_the_same_is_not_retained_again(ledger: Ledger) -> None:
    """Passing time alone makes no traffic."""
    publisher = InMemoryPublisher()
    alerter = feed(Alerter(RULES, ledger, publisher), [0, 10])
    publisher.retained.clear()
    feed(alerter, [], until=20)
    assert publisher.retained == {}


def test_a_rule_that_never_fired_says_nothing(ledger: Ledger) -> None:
    """No topic, no row, no alert."""
    publisher = InMemoryPublisher()
    alerter = feed(Alerter(RULES, ledger, publisher), [0], until=5000)
    assert (publisher.retained, alerter.timeline(), alerter.snapshot()) == ({}, [], [])


def test_a_type_without_a_limit_a_frame_and_a_replayed_event_change_nothing(ledger: Ledger) -> None:
    """Only live events with a limit count."""
    alerter = Alerter((rate_rule("hourly_rate", "AC_POWER_LOSS", timedelta(hours=1), 0),), ledger, InMemoryPublisher())
    alerter.apply(event(0, "SYSTEM_STARTUP"))
    alerter.apply(Frame(time=at(0), device="ups"))
    alerter.apply(event(0, replayed=True))
    alerter.flush()
    assert alerter.timeline() == []


@pytest.mark.parametrize("cut", range(7))
def test_a_restart_at_any_point_changes_nothing(tmp_path: Path, cut: int) -> None:
    """What the last batch wrote is enough to go on from."""
    minutes, path = [0, 10, 30, 200, 205, 400], tmp_path / "alerter.db"
    with closing(Ledger(":memory:", LEDGER_SCHEMA)) as ledger:
        expected = timeline(feed(Alerter(RULES, ledger, InMemoryPublisher()), minutes, until=5000))
    with closing(Ledger(path, LEDGER_SCHEMA)) as ledger:
        feed(Alerter(RULES, ledger, InMemoryPublisher()), minutes[:cut])
    with closing(Ledger(path, LEDGER_SCHEMA)) as ledger:
        restarted = Alerter(RULES, ledger, InMemoryPublisher())
        restarted.announce()
        assert expected == timeline(feed(restarted, minutes[cut:], until=5000))


def test_a_batch_that_did_not_commit_has_not_happened(tmp_path: Path) -> None:
    """Memory and transitions stand or fall with the batch's transaction."""
    path = tmp_path / "alerter.db"
    with closing(Ledger(path, LEDGER_SCHEMA)) as ledger:
        feed(Alerter(RULES, ledger, InMemoryPublisher()), [0])
        ledger.db.execute("BEGIN")
        feed(Alerter(RULES, ledger, InMemoryPublisher()), [10])
    with closing(Ledger(path, LEDGER_SCHEMA)) as ledger:
        alerter = Alerter(RULES, ledger, InMemoryPublisher())
        assert alerter.timeline() == []
        assert [("hourly_rate", "firing", at(10))] == timeline(feed(alerter, [10]))


def test_known_alerts_are_retained_again_at_start(ledger: Ledger) -> None:
    """A broker that lost its store gets them back."""
    alerter = feed(Alerter(RULES, ledger, InMemoryPublisher()), [0, 10, 20])
    publisher = InMemoryPublisher()
    restarted = Alerter(RULES, ledger, publisher)
    restarted.announce()
    assert {TOPIC.format("hourly_rate"): alerter.snapshot()[0]} == publisher.retained
    assert alerter.snapshot() == restarted.snapshot()
    publisher.retained.clear()
    restarted.announce()
    assert {TOPIC.format("hourly_rate"): alerter.snapshot()[0]} == publisher.retained


def test_a_limit_changed_while_the_service_was_down_is_judged_at_start(ledger: Ledger) -> None:
    """A raised one resolves, a removed one too, a lowered one fires."""
    feed(Alerter((HOURLY,), ledger, InMemoryPublisher()), [0, 10])
    reasons = []
    for rules in ((rate_rule("hourly_rate", "AC_POWER_LOSS", timedelta(hours=1), 5),), (HOURLY,), ()):
        publisher = InMemoryPublisher()
        alerter = Alerter(rules, ledger, publisher)
        alerter.announce()
        reasons.append((shown(publisher, "hourly_rate").state.value, alerter.timeline()[-1]["reason"]))
    assert reasons == [("resolved", "limit_raised"), ("firing", "limit_lowered"), ("resolved", "rule_removed")]


def test_time_that_passed_before_a_restart_stays_passed(ledger: Ledger) -> None:
    """An event older than the window by the time already reached stays too late after a restart."""
    alerter = feed(Alerter((HOURLY,), ledger, InMemoryPublisher()), [0])
    feed(alerter, [], until=500)
    restarted = Alerter((HOURLY,), ledger, InMemoryPublisher())
    restarted.announce()
    assert timeline(feed(restarted, [10])) == []


def test_a_types_first_event_may_be_too_late_like_any_other(ledger: Ledger) -> None:
    """Event time is the same for every rule."""
    alerter = Alerter((HOURLY,), ledger, InMemoryPublisher())
    alerter.advance(at(500))
    assert timeline(feed(alerter, [0, 10])) == []


def test_a_transition_is_written_once(ledger: Ledger) -> None:
    """The next batch does not write it again."""
    alerter = feed(Alerter((HOURLY,), ledger, InMemoryPublisher()), [0, 10])
    assert timeline(feed(alerter, [20])) == [("hourly_rate", "firing", at(10))]


def test_vital_figures_tell_rules_firing_alerts_and_losses(ledger: Ledger) -> None:
    """What ``status/alerter`` says of itself."""
    alerter: MessageHandler = feed(Alerter(RULES, ledger, InMemoryPublisher()), [0, 10])
    alerter.lost("event_processor", "event", 5, 9)
    alerter.lost("event_processor", "event", 20, 20)
    figures = alerter.figures()
    assert (2, 1, 6) == tuple(figures[name] for name in ("rules", "alerts_firing", "messages_lost"))
