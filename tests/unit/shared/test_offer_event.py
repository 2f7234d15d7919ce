"""What a hop suggests to the processor, and what it makes of a consumer that knows more than its ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from shared.clock import Clock
from shared.delivery.endpoint import Endpoint
from shared.delivery.route import Route
from shared.ledger import LedgerDamagedError, Schema
from shared.ledger.quarantine import open_ledger
from shared.messages import Candidate, Frame, Resend, Sequenced
from shared.mqtt import Publication
from shared.process import report_damage
from shared.suite import SuiteSettings
from tests.support.fakes.broker import FakeBroker, FakeClient, opener

NOW = datetime(2026, 11, 22, tzinfo=UTC)
SUITE = SuiteSettings()
OFFER = Candidate(type="system.ledger.damaged", id="damaged/1", data={"n": 1})


class Deaf:
    """A handler that does nothing with what it is given."""

    def apply(self, message: Sequenced) -> None: ...


class Unconfirmed(FakeClient):
    """A client whose broker takes nothing."""

    def publish(self, publication: Publication, token: object = None) -> bool:  # noqa: ARG002
        return self.room > 0


Make = Callable[..., Endpoint]


@pytest.fixture
def broker() -> FakeBroker:
    return FakeBroker()


@pytest.fixture
def make(broker: FakeBroker, tmp_path: Path) -> Iterator[Make]:
    with ExitStack() as stack:

        def make(route: Route, client: type[FakeClient] = FakeClient, suite: SuiteSettings = SUITE) -> Endpoint:
            ledger = stack.enter_context(closing(open_ledger(tmp_path / route.name / "ledger.sqlite", Schema(), NOW)))
            clock = Clock(wall=lambda: NOW, monotonic=lambda: 0.0)
            endpoint = Endpoint(route, suite, ledger, clock, opener(broker, client))
            with ledger.transaction():
                report_damage(endpoint)
            endpoint.attach(Deaf())
            endpoint.open()
            return endpoint

        yield make


def offers(broker: FakeBroker) -> list[Candidate]:
    """What a listener on ``ingest/…`` has been given."""
    session = broker.sessions["listener"]
    return [Candidate.model_validate_json(arrived.payload) for arrived in session.unacked.values()]


@pytest.fixture(autouse=True)
def listener(broker: FakeBroker) -> None:
    FakeClient(broker, "listener", ("upskeep/v1/home/ingest/#",)).open()
    processor(broker, "online")


def announce(broker: FakeBroker, name: str, floor: int, head: int) -> None:
    """Let a reader announce what it holds."""
    ends = f'{{"raw":{{"floor":{floor},"head":{head}}}}}'
    text = f'{{"service":"{name}","state":"online","epoch":"e1","streams":{ends}}}'
    broker.route(Publication(f"upskeep/v1/home/status/{name}", text.encode(), retain=True))


def processor(broker: FakeBroker, state: str, name: str = "event_processor") -> None:
    """Let the processor say that it is there, or is not."""
    text = f'{{"service":"{name}","state":"{state}","epoch":"e","streams":{{"event":{{"floor":1,"head":0}}}}}}'
    broker.route(Publication(f"upskeep/v1/home/status/{name}", text.encode(), retain=True))


def test_a_suggestion_is_offered_under_the_services_name(broker: FakeBroker, make: Make) -> None:
    endpoint = make(Route("alerter"))
    endpoint.offer_event(OFFER)
    endpoint.turn(0)
    endpoint.turn(0)
    assert [OFFER] == offers(broker)
    assert "upskeep/v1/home/ingest/alerter" in {topic for _, topic in broker.passed}


def test_a_suggestion_is_kept_until_the_broker_has_it(broker: FakeBroker, make: Make) -> None:
    """A death before the confirmation costs nothing."""
    endpoint = make(Route("alerter"), Unconfirmed)
    endpoint.offer_event(OFFER)
    for _ in range(3):
        endpoint.turn(0)
    endpoint.client.vanish()  # type: ignore[attr-defined]
    endpoint.ledger.close()
    endpoint = make(Route("alerter"))
    for _ in range(3):
        endpoint.turn(0)
    assert [OFFER] == offers(broker)
    assert [] == endpoint.records.db.execute("SELECT * FROM outbox").fetchall()


def test_a_suggestion_waits_for_who_makes_events(broker: FakeBroker, make: Make) -> None:
    """A broker drops what nobody has subscribed to yet."""
    processor(broker, "offline")
    endpoint = make(Route("alerter"))
    endpoint.offer_event(OFFER)
    for _ in range(3):
        endpoint.turn(0)
    assert [] == offers(broker)
    processor(broker, "online")
    endpoint.turn(0)
    assert [OFFER] == offers(broker)


@pytest.mark.parametrize(
    ("uplink", "taker", "other"), [("raw", "uplink", "event_processor"), (True, "event_processor", "uplink")]
)
def test_a_suggestion_waits_for_who_takes_it_at_this_site(
    broker: FakeBroker, make: Make, uplink: Any, taker: str, other: str
) -> None:
    """At a site that only reads that is the uplink, which takes none at any other."""
    processor(broker, "offline")
    route = Route("sensor_reader", produces={"raw": ("uplink",)})  # whose life signs it hears
    endpoint = make(route, suite=SuiteSettings(uplink=uplink))
    endpoint.offer_event(OFFER)
    processor(broker, "online", other)
    for _ in range(3):
        endpoint.turn(0)
    assert [] == offers(broker)
    processor(broker, "online", taker)
    for _ in range(2):
        endpoint.turn(0)
    assert [OFFER] == offers(broker)


def test_a_suggestion_without_an_id_is_refused(make: Make) -> None:
    """It could not be told from its own repeat."""
    with pytest.raises(ValueError, match="needs an id"):
        make(Route("alerter")).offer_event(Candidate(type="x"))


def test_a_loss_is_suggested_with_an_id_that_follows_from_it(broker: FakeBroker, make: Make) -> None:
    """A consumer that makes no events tells the processor what it never got."""
    endpoint = make(Route("counter_store", consumes=("raw",)))
    for floor, head in ((1, 1), (5, 5)):
        frame = Frame(producer="sensor_reader", epoch="e1", seq=floor, time=NOW, device="ups").model_dump_json()
        answer = Resend.model_validate(
            {"consumer": "counter_store", "producer": "sensor_reader", "stream": "raw", "epoch": "e1", "floor": floor}
            | {"head": head, "messages": [{"topic": "upskeep/v1/home/raw/ups", "payload": frame}]}
        )
        payload = answer.model_dump_json(by_alias=True).encode()
        announce(broker, "sensor_reader", floor, head)
        broker.route(Publication(answer.topic(endpoint.topics), payload))
        endpoint.turn(0)
    (told,) = offers(broker)
    assert ("system.stream.gap", "gap/sensor_reader/raw/e1/2-4") == (told.type, told.id)
    assert {"producer": "sensor_reader", "stream": "raw", "first": 2, "last": 4, "count": 3} == told.data


def test_a_damaged_ledger_is_reported_once(broker: FakeBroker, make: Make, tmp_path: Path) -> None:
    """After the report is in the outbox, a second start has nothing to tell."""
    path = tmp_path / "alerter" / "ledger.sqlite"
    path.parent.mkdir()
    path.write_bytes(b"nonsense" * 100)
    for _ in range(2):
        endpoint = make(Route("alerter"))
        endpoint.turn(0)
        endpoint.turn(0)
        endpoint.client.vanish()  # type: ignore[attr-defined]
        endpoint.ledger.close()
    (told,) = offers(broker)
    assert "damaged/ledger.sqlite.damaged-20261122T000000Z" == told.id
    assert ("alerter", "file is not a database") == (told.data["service"], told.data["found"])


def test_an_outbox_row_that_is_not_as_written_is_not_sent(make: Make) -> None:
    """A flipped bit in a payload is damage, not news: here before the row leaves again, for nobody confirmed it."""
    endpoint = make(Route("sensor_reader", produces={"raw": ("counter_store",)}), Unconfirmed)
    endpoint.turn(0)
    endpoint.emit(Frame(time=NOW, device="ups"))
    endpoint.turn(0)
    with endpoint.ledger.transaction() as db:
        db.execute("UPDATE outbox SET payload = x'7b7d'")
    endpoint.sender.disconnected()
    with pytest.raises(LedgerDamagedError, match="raw 1 to 1 in the outbox"):
        endpoint.turn(0)
