"""What is accepted can be passed on: an offer becomes an event, an event goes into commands, answers and resends."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from services.counter_store.core.history.relations import as_data
from services.event_processor.service import EventProcessor
from shared.delivery.handler import InMemoryPublisher
from shared.ledger import Ledger
from shared.messages import Candidate, Event, Resend, Resent
from shared.requests import Command, Response, Result
from shared.values import OFFERED
from tests.support.scenarios import SHIPPED, START
from upskeep.transfer.importer import batches, events

PACKET = 1_048_576  # bytes; Mosquitto ends the connection of who sends more
TYPE = "AC_POWER_LOSS"


def deep(levels: int) -> dict[str, Any]:
    found: Any = 1
    for _ in range(levels):
        found = {"a": found}
    return dict(found)


KNOWN = {"source": "x"}  # an offer that has none of its type's fields is refused
FULLEST: dict[str, dict[str, Any]] = {
    "deep": KNOWN | deep(OFFERED.levels),
    "many": KNOWN | {"a": [0] * (OFFERED.values - 4)},
    "long": KNOWN | {"a": "x" * 250_000},
    "quoted": KNOWN | {"a": '"' * 120_000},
    "wide": KNOWN | {"a": [1e15] * (OFFERED.values - 4)},
}


def processed(candidate: Candidate) -> list[Any]:
    """Return what the processor makes of an offer."""
    outlet = InMemoryPublisher()
    with closing(Ledger(":memory:")) as ledger:
        processor = EventProcessor(SHIPPED, ledger, outlet, lambda: START)
        with ledger.transaction():
            processor.offer("nodered", candidate, "upskeep/v1/home/ingest/nodered", b"{}")
            processor.flush()
    return outlet.emitted


def event_with(data: dict[str, Any], metadata: dict[str, Any]) -> Event:
    return Event(
        id="1", type=TYPE, category="power", severity="info", time=datetime(2026, 1, 1, tzinfo=UTC), site="home",
        data=data, metadata=metadata,
    )  # fmt: skip


@pytest.mark.parametrize("name", FULLEST)
@pytest.mark.parametrize("field", ["data", "metadata"])
def test_an_offer_at_its_bounds_becomes_an_event_that_everybody_takes(name: str, field: str) -> None:
    """One with 9,997 values in its metadata stopped event_processor for good: its own three were too many."""
    candidate = Candidate(type=TYPE, id="x", **{field: FULLEST[name]})
    emitted = processed(candidate)
    assert emitted
    for message in emitted:
        payload = message.model_dump_json(exclude_none=True)
        assert message == type(message).model_validate_json(payload)
        row = Resent(topic="upskeep/v1/home/event/power/AC_POWER_LOSS", payload=payload)
        again = Resend(consumer="c", producer="p", stream="event", epoch="e", floor=1, head=1, messages=(row,))
        assert len(again.model_dump_json(by_alias=True).encode()) < PACKET


class File:
    """One event as a file that is imported."""

    def __init__(self, event: Event) -> None:
        self.path, self.origin, self.balances = Path("x.jsonl"), "file x.jsonl", []
        self._event = event

    def rows(self) -> Any:
        yield "line 1", self._event.model_dump(mode="json")


@pytest.mark.parametrize("name", FULLEST)
@pytest.mark.parametrize("field", ["data", "metadata"])
def test_an_event_at_its_bounds_can_be_imported_and_answered(name: str, field: str) -> None:
    """One of 14 levels ended an import with a traceback."""
    event = event_with(**{"data": {}, "metadata": {}, field: FULLEST[name]})
    (batch,) = batches(events(File(event)))
    command = Command(
        id="1", target="counter_store", name="import", data={"origin": "x", "label": "x", "events": batch}
    )
    assert Event.model_validate(command.data["events"][0]) == event
    about = {"event": as_data(event), "related": [{"after_s": 1.0, "by": ["device"], "event": {}}]}
    answer = Response(service="s", name="related", transaction="t", status="ok", data=about)
    assert len(answer.model_dump_json().encode()) < PACKET


@pytest.mark.parametrize("model", [Response, Result])
def test_an_answer_is_bounded(model: Any) -> None:
    """Nobody who asks is made to hold what no broker passes."""
    fields = {
        Response: {"service": "s", "name": "n", "transaction": "t", "status": "ok"},
        Result: {"id": "1", "target": "t", "name": "n", "status": "done", "time": "2026-01-01T00:00:00Z"},
    }[model]
    assert model(**fields, data=deep(20))
    for bad in (deep(30), {"a": [0] * 600_000}, {"a": "x" * 1_100_000}, {"a": float("inf")}, {"a": 2**64}):
        with pytest.raises(ValueError, match=r"holds|nested"):
            model(**fields, data=bad)
