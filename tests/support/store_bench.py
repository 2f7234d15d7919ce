"""A store over a ledger in memory, fed in batches and asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from services.counter_store.core.policy import StorePolicy
from services.counter_store.service import LEDGER_SCHEMA, CounterStore
from services.counter_store.settings import CounterStoreSettings
from shared.delivery.handler import InMemoryPublisher
from shared.health import Health
from shared.ledger import Ledger
from shared.messages import Event, Sequenced
from tests.support.store_messages import at, event

HOUR, DAY = 3600.0, 86_400.0
POLICY = StorePolicy(ended_by={"AC_POWER_LOSS": ("AC_POWER_RESTORED",)})


class StoreBench:
    """Batches in, answers out."""

    def __init__(
        self, ledger: Ledger, policy: StorePolicy = POLICY, settings: CounterStoreSettings | None = None
    ) -> None:
        self.ledger = ledger
        self.outlet = InMemoryPublisher()
        given = settings or CounterStoreSettings()
        self.store = CounterStore(given, ledger, self.outlet, site="home", policy=policy)
        self.events: list[Event] = []

    def batch(self, *messages: Sequenced, until: float | None = None) -> None:
        with self.ledger.transaction():
            for message in messages:
                self.store.apply(message)
            if until is not None:
                self.store.advance(at(until))
            self.store.flush()

    def tell(self, *seconds: float, until: float | None = None, **more: Any) -> None:
        """Events at these seconds, in one batch; ``more`` is what they have."""
        new = [event(len(self.events) + n, second, **more) for n, second in enumerate(seconds, 1)]
        self.events += new
        self.batch(*new, until=until)

    def ask(self, name: str, **data: Any) -> dict[str, Any]:
        return dict(self.store.answer(name, data))

    def statistics(self, event_type: str = "AC_POWER_LOSS", **data: Any) -> dict[str, Any]:
        (found,) = self.ask("statistics", types=[event_type], **data)["statistics"]
        return dict(found)

    def health(self) -> Health | None:
        """The last health published."""
        return next((each for each in self.outlet.retained.values() if isinstance(each, Health)), None)

    def rows(self, sql: str) -> list[Any]:
        return self.ledger.db.execute(sql).fetchall()


@contextmanager
def bench(policy: StorePolicy = POLICY) -> Iterator[StoreBench]:
    with closing(Ledger(":memory:", LEDGER_SCHEMA)) as ledger:
        yield StoreBench(ledger, policy)
