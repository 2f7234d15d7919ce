"""All that a counter store says of its events, for comparing two stores field by field.

The oracle is a store that nothing disturbs: it is fed the frames of the recording and the events of a backtest of it.
What the suite reports of itself (``OF_THE_SUITE``) is in no recording; the oracle takes that as the other store holds
it, and so what is due at a device: the processor retains that once an hour and at each start, so kills move its time.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from services.counter_store.application.maintenance_book import PREFIX
from services.counter_store.core.policy import StorePolicy
from services.counter_store.service import LEDGER_SCHEMA, CounterStore
from services.counter_store.settings import CounterStoreSettings
from shared.delivery.handler import InMemoryPublisher
from shared.ledger import Ledger
from shared.maintenance import Maintenance
from shared.messages import Event
from upskeep.outcome import OF_THE_SUITE
from upskeep.playback.backtest import batches

REPORTS = [(kind, days) for kind in ("summary", "detailed", "trends") for days in (1, 30)]
QUESTIONS: dict[str, tuple[str, Mapping[str, Any]]] = {
    **{f"{kind} report of {days} days": ("report", {"kind": kind, "days": days}) for kind, days in REPORTS},
    "statistics": ("statistics", {"days": 30}),
    "health": ("health", {}),
    "frequency": ("frequency", {"days": 30}),
    "failures": ("failures", {"days": 30, "min_failures": 1}),
    "anomalies": ("anomalies", {"hours": 168}),
}


def answers(store: CounterStore, as_of: datetime) -> dict[str, Any]:
    """Return the store's answers as JSON data, by the words of ``QUESTIONS``."""
    told = {
        words: store.answer(name, {**data, "as_of": as_of.isoformat()}) for words, (name, data) in QUESTIONS.items()
    }
    return dict(json.loads(json.dumps(told)))


def differences(expected: Any, found: Any, where: str = "") -> Iterator[str]:
    """Yield every field in which two answers differ, with both values."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for name in sorted(expected.keys() | found.keys()):
            yield from differences(expected.get(name, "nothing"), found.get(name, "nothing"), f"{where}/{name}")
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for number, (one, other) in enumerate(zip(expected, found, strict=True)):
            yield from differences(one, other, f"{where}/{number}")
    elif expected != found:
        yield f"{where}: expected {expected!r}, got {found!r}"


def unlike(ledger: Path, recording: Path, events: Path, policy: StorePolicy, as_of: datetime) -> list[str]:
    """Return in what a store's answers differ from the oracle's; ``events`` is what the backtest wrote."""
    with closing(Ledger(ledger, LEDGER_SCHEMA)) as found, closing(Ledger(":memory:", LEDGER_SCHEMA)) as expected:
        store, oracle = (_store(each, policy) for each in (found, expected))
        with expected.transaction():
            for batch in batches([recording]):
                for frame in batch:
                    oracle.apply(frame)
            for number, event in enumerate((*_written(events), *_told_of_itself(store)), 1):
                oracle.apply(event.model_copy(update={"producer": "oracle", "epoch": "undisturbed", "seq": number}))
            for _, due in found.items(PREFIX):
                oracle.follow(Maintenance.model_validate_json(due), retained=True)
            oracle.advance(as_of)
            oracle.flush()
        return list(differences(answers(oracle, as_of), answers(store, as_of)))


def _store(ledger: Ledger, policy: StorePolicy) -> CounterStore:
    return CounterStore(CounterStoreSettings(), ledger, InMemoryPublisher(), site="home", policy=policy)


def _written(path: Path) -> Iterator[Event]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield Event.model_validate(json.loads(line) | {"producer": "oracle", "epoch": "undisturbed", "seq": 1})


def _told_of_itself(store: CounterStore) -> Iterator[Event]:
    cursor: dict[str, Any] = {}
    while True:
        page = store.answer("history", {"types": sorted(OF_THE_SUITE), "limit": 500, **cursor})
        yield from (Event.model_validate(each) for each in page["events"])
        if page["cursor"] is None:
            return
        cursor = {"cursor": page["cursor"]}
