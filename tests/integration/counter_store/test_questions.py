"""The store asked over real brokers, as the command line and the gateway ask it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import pytest

from services.counter_store.app import SERVICE
from shared.client.client import Client, ClientError
from shared.ledger import Ledger
from shared.suite import SuiteSettings
from tests.support.brokers import Broker
from tests.support.running_service import at_work, store_hop
from tests.support.store_bench import DAY, StoreBench

CONFIG = Path(__file__).parents[3] / "config"
DEADLINE_S = 90.0


@contextmanager
def store_at_work(folder: Path, broker: Broker, days: int = 30) -> Iterator[SuiteSettings]:
    """counter_store on a thread of its own, with an event a day in its ledger; of no days it has seen nothing."""
    folder.mkdir(exist_ok=True)
    suite = SuiteSettings(data=folder, broker=broker.settings)
    with closing(Ledger(folder / "ledger.sqlite", SERVICE.schema)) as ledger:
        if days:
            StoreBench(ledger).tell(*(n * DAY for n in range(days)), until=30 * DAY)

    with at_work(partial(store_hop, folder, suite)):
        yield suite


def test_every_report_and_the_history_come_over_mqtt(any_broker: Broker, tmp_path: Path) -> None:
    """With nulls where there is nothing; and the totals are a file, as the settings say."""
    with store_at_work(tmp_path, any_broker) as suite:
        with Client(suite) as client:
            report = client.ask("counter_store", "report", {"kind": "detailed", "days": 30}, DEADLINE_S)
        with Client(suite) as client:
            page = client.ask("counter_store", "history", {"limit": 10}, DEADLINE_S)

    assert (29, 30) == (report["total_events"], report["all_time_events"])
    assert {"outages", "p_value", "first_ever"} <= report["statistics"]["AC_POWER_LOSS"].keys()
    assert 10 == len(page["events"])
    assert {"AC_POWER_LOSS": 30} == json.loads((tmp_path / "event_counters.json").read_text())["counters"]


def test_what_cannot_be_answered_is_refused_in_words(any_broker: Broker, tmp_path: Path) -> None:
    """Of the question's name, and of a field of it."""
    with store_at_work(tmp_path, any_broker) as suite:
        with Client(suite) as client, pytest.raises(ClientError, match="counter_store knows no question 'reports'"):
            client.ask("counter_store", "reports", {}, DEADLINE_S)
        with Client(suite) as client, pytest.raises(ClientError, match="days: Input should be greater than or equal"):
            client.ask("counter_store", "report", {"days": -1}, DEADLINE_S)
