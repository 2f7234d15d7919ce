"""Questions and commands under way: what to send, when to send it again, and what came of each. Pure: no clock, no I/O.

Rules:
1. A question is tied to its answer by ``transaction``, a command to its result by ``id``. Both may be sent again with
   the same one: a question changes nothing, and a command is carried out once.
2. One that is not answered within ``again_s`` is sent again, ``tries`` times in all. After a lost connection it is sent
   again, too.
3. A service that its status calls absent is waited for no longer than ``ABSENT_S``: it may just be starting. With
   ``patient`` that holds only for a service that was never here; one that died may be back any moment.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field

from pydantic import ValidationError

from shared.client.connect import ABSENT_S, ClientError, Presence
from shared.kinds import model_of
from shared.mqtt import Arrived, Publication
from shared.requests import Command, Request, Response, Result
from shared.services import is_service, service_of
from shared.topics import TopicError, Topics

ANSWER_S = 8.0
SENDER_FIELDS = {"producer", "epoch", "seq"}  # a question or command from outside has no place in a stream


@dataclass(slots=True)
class Exchange:
    """One question or command, and what has become of it: ``outcome`` is None as long as it is under way."""

    question: Request | Command
    publication: Publication
    began: float
    tries: int = 1
    again_s: float = ANSWER_S
    patient: bool = False
    total_s: float = ANSWER_S
    sent: bool = False
    outcome: Response | Result | ClientError | None = None

    @property
    def key(self) -> str:
        """What ties it to its answer."""
        return self.question.transaction if isinstance(self.question, Request) else self.question.id

    @property
    def service(self) -> str:
        """The service that is asked or commanded; a target that is no service's stands for itself."""
        return self.question.service if isinstance(self.question, Request) else service_of(self.question.target)


@dataclass(slots=True)
class Exchanges:
    """All that are under way. Times are monotonic seconds."""

    topics: Topics
    under_way: dict[str, Exchange] = field(default_factory=dict)
    presences: dict[str, Presence] = field(default_factory=dict)

    def begin(
        self,
        question: Request | Command,
        now: float,
        *,
        tries: int = 1,
        again_s: float = ANSWER_S,
        patient: bool = False,
    ) -> Exchange:
        """Begin one; it is to be sent."""
        payload = question.model_dump_json(exclude_none=True, exclude=SENDER_FIELDS).encode()
        publication = Publication(self.topics.of(question), payload)
        exchange = Exchange(question, publication, now, tries, again_s, patient, tries * again_s)
        self.under_way[exchange.key] = exchange
        return exchange

    def to_send(self) -> Iterator[Exchange]:
        """Yield those that are to be sent."""
        return (exchange for exchange in self.under_way.values() if not exchange.sent)

    def disconnected(self) -> None:
        """Have everything sent again: what was under way may be lost."""
        for exchange in self.under_way.values():
            exchange.sent = False

    def refused(self, key: str, reason: str) -> Exchange | None:
        """Settle one that the broker refuses to pass on."""
        exchange = self.under_way.pop(key, None)
        if exchange is not None:
            topic = exchange.publication.topic
            exchange.outcome = ClientError(f"the broker refuses {topic}: {reason}; check the user's rights")
        return exchange

    def arrived(self, arrival: Arrived) -> Exchange | None:
        """Take an answer, a result or a status; return the exchange that it settles, if any."""
        if self._status(arrival):
            return None
        found = self._answer(arrival)
        key = found.transaction if isinstance(found, Response) else found.id if found is not None else ""
        exchange = self.under_way.get(key)
        if exchange is None or isinstance(exchange.question, Request) != isinstance(found, Response):
            return None
        del self.under_way[key]
        exchange.outcome = found
        return exchange

    def due(self, now: float) -> list[Exchange]:
        """Return those that have waited long enough, settled; the others are sent again where it is time."""
        settled = []
        for exchange in [*self.under_way.values()]:
            waited_s = now - exchange.began
            if self._hopeless(exchange, waited_s):
                del self.under_way[exchange.key]
                exchange.outcome = ClientError(self._silence(exchange))
                settled.append(exchange)
            elif waited_s >= exchange.again_s:
                exchange.began, exchange.tries, exchange.sent = now, exchange.tries - 1, False
        return settled

    def presence(self, service: str) -> Presence:
        """Return what is known of a service's life."""
        if service not in self.presences:
            self.presences[service] = Presence(self.topics, service)
        return self.presences[service]

    def _hopeless(self, exchange: Exchange, waited_s: float) -> bool:
        presence = self.presence(exchange.service)
        absent = presence.status is None if exchange.patient else self._absent(exchange)
        return (absent and waited_s > ABSENT_S) or (waited_s >= exchange.again_s and exchange.tries <= 1)

    def _absent(self, exchange: Exchange) -> bool:
        """Whether its service has never been there, has stopped or died; of a device nobody knows."""
        known = isinstance(exchange.question, Request) or is_service(exchange.service)
        return known and self.presence(exchange.service).absent

    def _silence(self, exchange: Exchange) -> str:
        question = exchange.question
        if isinstance(question, Request) or self._absent(exchange):
            return self.presence(exchange.service).silence(exchange.total_s)
        where = f"command/{question.target}"
        return f"nobody on {where} gave a result in {exchange.total_s:g} s; it may still be carried out"

    def _status(self, arrival: Arrived) -> bool:
        return any(presence.note(arrival) for presence in self.presences.values())

    def _answer(self, arrival: Arrived) -> Response | Result | None:
        try:
            kind, _ = self.topics.parse(arrival.topic)
            if kind in ("response", "result"):
                found = model_of(kind).model_validate_json(arrival.payload)
                return found if isinstance(found, Response | Result) else None
        except (TopicError, ValidationError):
            pass  # an answer of another version, or to somebody else
        return None


def new_id() -> str:
    """Return an id that nobody else has."""
    return uuid.uuid4().hex
