"""FakeBroker and FakeClient: a broker in memory behind the port of ``shared.mqtt.MqttClient``, held to the same suite.

Everything happens at once and in order, on the caller's thread. ``drop`` lets the wire lose messages the
broker has confirmed, as a killed broker does.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from paho.mqtt.client import topic_matches_sub

from shared.clock import SYSTEM_CLOCK, Clock
from shared.mqtt import Arrival, Arrived, Confirmed, Connected, Disconnected, Publication, Receipt

_matches = lru_cache(maxsize=16_384)(topic_matches_sub)


class FakeBroker:
    """Sessions, retained messages and wills, in memory. ``drop`` says which deliveries are lost."""

    def __init__(self) -> None:
        self.retained: dict[str, Publication] = {}
        self.sessions: dict[str, FakeSession] = {}
        self.drop: Callable[[str, Publication], bool] = lambda _, __: False
        self.passed: list[tuple[str, str]] = []

    def route(self, publication: Publication) -> None:
        """Deliver to every session that subscribed, and keep what is retained."""
        if publication.retain:
            if publication.payload:
                self.retained[publication.topic] = publication
            else:
                self.retained.pop(publication.topic, None)
        for client, session in self.sessions.items():
            if session.wants(publication.topic) and not self.drop(client, publication):
                self.passed.append((client, publication.topic))
                session.deliver(publication, retain=False)

    def restart(self) -> None:
        """Die and come back with nothing: no sessions, no retained messages; everybody is disconnected."""
        clients = [session.client for session in self.sessions.values() if session.client is not None]
        self.retained.clear()
        self.sessions.clear()
        for client in clients:
            client.cut("the broker died")


class FakeSession:
    """One client's session: filters, and what it has not acknowledged."""

    def __init__(self) -> None:
        self.filters: tuple[str, ...] = ()
        self.client: FakeClient | None = None
        self.unacked: dict[int, Arrived] = {}
        self.last = 0

    def wants(self, topic: str) -> bool:
        """Say whether a filter matches."""
        return any(_matches(filter_, topic) for filter_ in self.filters)

    def deliver(self, publication: Publication, retain: bool) -> None:
        """Queue a message for the client, and hand it over if it is there; one of QoS 0 goes to who is there alone."""
        if not publication.qos:
            if self.client is not None:
                self.client.inbox.append(Arrived(publication.topic, publication.payload, retain, Receipt(-1, 0)))
            return
        self.last += 1
        generation = self.client.generation if self.client else 0
        arrived = Arrived(publication.topic, publication.payload, retain, Receipt(generation, self.last))
        self.unacked[self.last] = arrived
        if self.client is not None:
            self.client.inbox.append(arrived)

    def resume(self, client: FakeClient) -> None:
        """The client is back: what it has not acknowledged comes again."""
        self.client = client
        for mid, old in list(self.unacked.items()):
            again = Arrived(old.topic, old.payload, old.retain, Receipt(client.generation, mid), repeated=True)
            self.unacked[mid] = again
            client.inbox.append(again)


class FakeClient:
    """The same calls as ``shared.mqtt.MqttClient``."""

    generations = 0

    def __init__(
        self,
        broker: FakeBroker,
        client_id: str,
        subscriptions: Sequence[str],
        will: Publication | None = None,
        *,
        inflight: int = 100,
        persistent: bool = True,
        unsubscriptions: Sequence[str] = (),  # noqa: ARG002 - a session takes its filters anew
        clock: Clock = SYSTEM_CLOCK,  # noqa: ARG002 - nothing takes time here
    ) -> None:
        self.broker = broker
        self.client_id = client_id
        self.subscriptions = tuple(subscriptions)
        self.will = will
        self.inflight = inflight
        self.persistent = persistent
        self.inbox: deque[Arrival] = deque()
        self.generation = 0
        self.tokens = 0
        self._live = False

    def open(self) -> None:
        """Connect."""
        self.connect()

    def connect(self) -> None:
        """Connect anew: session, subscriptions, retained messages, backlog."""
        FakeClient.generations += 1
        self.generation = FakeClient.generations
        self.tokens = 0
        present = self.persistent and self.client_id in self.broker.sessions
        session = self.broker.sessions[self.client_id] if present else FakeSession()
        self.broker.sessions[self.client_id] = session
        session.filters = self.subscriptions
        self.inbox.append(Connected(self.generation, present, "5"))
        session.resume(self)
        for topic, publication in list(self.broker.retained.items()):
            if session.wants(topic):
                session.deliver(publication, retain=True)

    @property
    def connected(self) -> bool:
        """Whether the owner has taken note of a connection."""
        return self._live

    @property
    def room(self) -> int:
        """How many publications may be handed over now."""
        return self.inflight - self.tokens if self._live else 0

    def poll(self, limit: int, timeout_s: float) -> list[Arrival]:  # noqa: ARG002 - nothing to wait for
        """Return what happened, oldest first."""
        taken = [self.inbox.popleft() for _ in range(min(limit, len(self.inbox)))]
        for item in taken:
            if isinstance(item, Connected):
                self._live = True
            elif isinstance(item, Disconnected):
                self._live = False
            elif isinstance(item, Confirmed):
                self.tokens -= 1
        return taken

    def wake(self) -> None:
        """Nothing waits."""

    def publish(self, publication: Publication, token: Any = None) -> bool:
        """Hand a publication over; it is confirmed and routed at once."""
        if not self._live or (publication.qos and self.room <= 0):
            return False
        if publication.qos:
            self.tokens += 1
            self.inbox.append(Confirmed(token))
        self.broker.route(publication)
        return True

    def publish_unconfirmed(self, publications: Sequence[Publication]) -> None:
        """Hand each over."""
        for publication in publications:
            self.publish(publication)

    def ack(self, receipt: Receipt) -> None:
        """Acknowledge everything up to the receipt."""
        session = self.broker.sessions.get(self.client_id)
        if session is None or receipt.generation != self.generation:
            return
        for mid in [mid for mid in session.unacked if mid <= receipt.mid]:
            del session.unacked[mid]

    @contextmanager
    def together(self) -> Iterator[None]:
        """Nothing is gained by it here."""
        yield

    def cut(self, reason: str) -> None:
        """Lose the connection, as a fault does: the will speaks, and a new connection follows at once."""
        self.vanish()
        self.inbox.clear()
        self.inbox.append(Disconnected(self.generation, reason))
        self.connect()

    def vanish(self) -> None:
        """Be gone without a word: the will speaks."""
        session = self.broker.sessions.get(self.client_id)
        if session is not None and session.client is self:
            session.client = None
            if not self.persistent:
                del self.broker.sessions[self.client_id]
        if self.will is not None:
            self.broker.route(self.will)

    def close(self, farewell: Publication | None = None, timeout_s: float = 5.0) -> None:  # noqa: ARG002
        """Say farewell and leave; the will stays silent."""
        if farewell is not None:
            self.broker.route(farewell)
        self.will = None
        self.vanish()


def opener(broker: FakeBroker, kind: type[FakeClient] = FakeClient) -> Callable[..., Any]:
    """Return what an Endpoint opens its client with: a client of ``broker``."""
    return lambda _, *rest, **more: kind(broker, *rest, **more)
