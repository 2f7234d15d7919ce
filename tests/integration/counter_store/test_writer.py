"""One thread writes, whoever sends and asks at once."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

from services.counter_store.app import SERVICE
from shared.client.client import Client
from shared.clock import SYSTEM_CLOCK
from shared.context import Context
from shared.delivery.endpoint import Endpoint
from shared.delivery.route import Route
from shared.ledger import Ledger
from shared.suite import SuiteSettings
from tests.support.brokers import EMBEDDED, Broker
from tests.support.delivery_nodes import Node, turn_until
from tests.support.running_service import at_work
from tests.support.store_messages import event

CONFIG = Path(__file__).parents[3] / "config"
EVENTS, ASKERS = 200, 3
DEADLINE_S = 90.0


class Teller(Node):
    """event_processor, as far as telling events goes."""

    def tell(self, number: int) -> None:
        assert self.endpoint is not None
        endpoint = self.endpoint

        def work() -> None:
            for second in range(1, number + 1):
                endpoint.emit(event(0, second, producer="", epoch="", id=f"id-{second}"))

        endpoint.turn(0, work)


class Store:
    """counter_store, every statement of its ledger noted with the thread that ran it."""

    def __init__(self, suite: SuiteSettings) -> None:
        self.suite = suite
        self.worker = ""
        self.ran_by: dict[str, int] = {}

    def __call__(self) -> Endpoint:
        context = Context(CONFIG, os.environ, self.suite, SYSTEM_CLOCK)
        self.worker = threading.current_thread().name
        ledger = Ledger(self.suite.data / "store.sqlite", SERVICE.schema)
        ledger.db.set_trace_callback(self._note)
        endpoint = Endpoint(SERVICE.route, self.suite, ledger, context.clock)
        with ledger.transaction():
            endpoint.attach(SERVICE.handler(SERVICE.settings(context), context, ledger, endpoint))
        return endpoint

    def total(self) -> int:
        """What another connection finds on the disk; 0 before there is anything."""
        with closing(sqlite3.connect(f"file:{self.suite.data}/store.sqlite?mode=ro", uri=True, timeout=5)) as db:
            return db.execute("SELECT coalesce(sum(total), 0) FROM counter").fetchone()[0]

    def _note(self, _: str) -> None:
        name = threading.current_thread().name
        self.ran_by[name] = self.ran_by.get(name, 0) + 1


def test_all_statements_are_run_by_one_thread(start_broker: Callable[..., Broker], tmp_path: Path) -> None:
    """While a producer sends, clients ask and the network delivers; and each event is counted once."""
    suite = SuiteSettings(data=tmp_path, broker=start_broker(EMBEDDED).settings)
    store = Store(suite)
    route = Route("event_processor", produces={"event": ("counter_store",)})

    def ask(_: int) -> int:
        with Client(suite) as client:
            return len(client.ask("counter_store", "counters", {}, DEADLINE_S)["counters"])

    with at_work(store), ThreadPoolExecutor(ASKERS) as pool:
        sender = Teller(tmp_path, suite.broker, route)
        asked = pool.map(ask, range(ASKERS))
        sender.tell(EVENTS)
        turn_until([sender], lambda: store.total() == EVENTS, "the store has counted them")
        sender.stop()
        assert {0, 1} >= set(asked)

    assert {store.worker} == store.ran_by.keys()
    assert store.ran_by[store.worker] > EVENTS
