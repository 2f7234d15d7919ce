"""A power cut for any one process, in the middle of a run, changes no final count."""

from __future__ import annotations

from datetime import datetime

import pytest

from services.counter_store.settings import load
from tests.support import outages
from tests.support.answers import unlike
from tests.support.brokers import EMBEDDED
from tests.support.live_suite import APPLIED, BROKER_SIGNS, CONFIG, HEAD, SERVICES, backtest, play

TIGHT = {"UPSKEEP_SUITE__DELIVERY__WINDOW": "200", "UPSKEEP_SUITE__DELIVERY__BATCH": "50"}
MIDDLE = {  # where a service is in its work: a query of its ledger, begun from, ended at
    "sensor_reader": (HEAD, 300, outages.ROWS),
    "event_processor": (APPLIED, 300, outages.ROWS),
    "counter_store": (f"{APPLIED} WHERE stream = 'raw'", 300, outages.ROWS),
    "alerter": (f"{APPLIED} WHERE stream = 'event'", 30, outages.EVENTS),
}


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """The recording, and what comes of it when nobody is killed."""
    recording = outages.write(tmp_path_factory.mktemp("recording") / "outages.csv")
    return recording, backtest(recording)


@pytest.mark.parametrize("service", SERVICES)
def test_a_killed_service_changes_no_count(told, live, broker_kind, service):
    """SIGKILL when it has begun and is far from done; the runner starts it again, its ledger goes on."""
    recording, expected = told
    run = live(play, [recording], broker_kind, environ=TIGHT)
    query, begun, end = MIDDLE[service]
    run.until(lambda: run.figure(service, query) >= begun, f"{service} is at its work")

    run.kill(f"services.{service}")

    assert run.figure(service, query) < end, "the kill came too late to prove anything"
    assert expected == run.result()


def test_every_report_after_kills_of_the_store_is_that_of_a_store_left_alone(tmp_path, live):
    """Killed three times in the midst: reports, statistics, health, patterns, field for field."""
    recording, events = outages.write(tmp_path / "short.csv", outages=50), tmp_path / "events.jsonl"
    backtest(recording, out=events)
    run = live(play, [recording], EMBEDDED, environ=TIGHT)
    for begun in (100, 500, 900):
        run.until(
            lambda begun=begun: run.figure("counter_store", f"{APPLIED} WHERE stream = 'raw'") >= begun, "at work"
        )
        run.kill("services.counter_store")
    assert run.figure("counter_store", f"{APPLIED} WHERE stream = 'raw'") < 50 * 40, "the last kill proves nothing"
    as_of = datetime.fromisoformat(run.outcome()["last_time"])

    ledger = run.data / "counter_store" / "ledger.sqlite"
    assert [] == unlike(ledger, recording, events, load(CONFIG, {}).policy, as_of)


def test_a_killed_broker_changes_no_count(told, live, broker_kind):
    """What it held is gone with it: sessions, retained values, messages under way. The ends make it good."""
    recording, expected = told
    run = live(play, [recording], broker_kind, environ=TIGHT)
    query, begun, end = MIDDLE["event_processor"]
    run.until(lambda: run.figure("event_processor", query) >= begun, "the processor is at its work")

    run.kill(*BROKER_SIGNS)

    assert run.figure("event_processor", query) < end, "the kill came too late to prove anything"
    assert expected == run.result()
