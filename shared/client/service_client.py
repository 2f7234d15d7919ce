"""A connection to ask services, to command them, and to follow what they publish.

Two ways to use it, from one thread:
- blocking: ``ask`` and ``command`` return what came of it;
- from a loop of one's own: ``begin_question`` and ``begin_command`` return an exchange, ``poll`` moves everything on.
For asyncio: ``shared.client.async_client``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from shared.client.connect import ClientError, RefusedByServiceError, connect
from shared.client.exchanges import ANSWER_S, Exchange, Exchanges, new_id
from shared.client.latest import Change, LatestValues
from shared.clock import SYSTEM_CLOCK, Clock
from shared.messages import Message
from shared.mqtt import Arrival, Arrived, Confirmed, Disconnected, MqttClient
from shared.requests import Command, Request, Response, Result
from shared.services import target_of
from shared.suite import SuiteSettings
from shared.topics import Topics

STEP_S = 0.2


class ServiceClient:
    """``asks`` are the services that are asked and commanded, ``follows`` the kinds of ``shared.kinds`` to hear.

    ``client_id`` names the connection at the broker and must be this client's alone. ``by`` signs commands.
    ``repeating`` are followed kinds that come again and again: none of them is acknowledged, and of several of a
    topic that wait the newest alone is taken. Unless it ``remembers``, ``values`` are none.
    """

    def __init__(
        self,
        suite: SuiteSettings,
        client_id: str,
        asks: Iterable[str] = (),
        follows: Iterable[str] = (),
        *,
        by: str | None = None,
        clock: Clock = SYSTEM_CLOCK,
        on_arrival: Callable[[], object] = lambda: None,
        repeating: Iterable[str] = (),
        remembers: bool = True,
    ) -> None:
        self.by = by
        self.topics = suite.topics
        self.exchanges = Exchanges(self.topics)
        self.latest = LatestValues(self.topics, frozenset(follows), remembers=remembers)
        self._clock = clock
        for service in (asked := tuple(asks)):
            self.exchanges.presence(service)
        wanted = subscriptions(self.topics, asked, self.latest.kinds)
        loose = [self.topics.every(kind) for kind in repeating]
        self._repeating = tuple(each.removesuffix("#") for each in loose)
        self.mqtt = MqttClient(
            suite.broker,
            client_id,
            wanted,
            persistent=False,
            at_most_once=loose,
            clock=clock,
            on_arrival=on_arrival,
        )

    def __enter__(self) -> ServiceClient:
        self.connect()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self) -> None:
        """Begin to connect, and connect again whenever the connection is lost."""
        self.mqtt.open()

    def connect(self) -> None:
        """Open, and wait for the broker to accept; raises ClientError where it does not."""
        connect(self.mqtt)

    def close(self) -> None:
        """Disconnect."""
        self.mqtt.close()

    @property
    def connected(self) -> bool:
        """Whether the connection stands."""
        return self.mqtt.connected

    def values(self, kind: str) -> list[Message]:
        """Return the latest value of each topic of a kind that is followed and retained."""
        return self.latest.of(kind)

    def updates(self) -> list[Message]:
        """Return the followed messages that came since this was called last."""
        return self.latest.updates()

    def changes(self) -> list[Change]:
        """Return what became of the followed topics since this or ``updates`` was called last."""
        return self.latest.changes()

    def ask(
        self, service: str, name: str, data: Mapping[str, Any] | None = None, timeout_s: float = ANSWER_S, **how: Any
    ) -> Mapping[str, Any]:
        """Return the answer's data; raises ClientError with the service's own words, or where none comes."""
        return answer_of(self._finish(self.begin_question(service, name, data, timeout_s, **how)))

    def command(
        self, target: str, name: str, data: Mapping[str, Any], timeout_s: float = ANSWER_S, **how: Any
    ) -> Result:
        """Return what came of a command; raises ClientError where nothing is heard of it."""
        return self.send_command(self.new_command(target, name, data), timeout_s, **how)

    def send_command(self, command: Command, timeout_s: float = ANSWER_S, **how: Any) -> Result:
        """Send a command that is made already, and return what came of it."""
        return result_of(self._finish(self.begin_command(command, timeout_s, **how)))

    def begin_question(
        self, service: str, name: str, data: Mapping[str, Any] | None = None, timeout_s: float = ANSWER_S, **how: Any
    ) -> Exchange:
        """Ask; the exchange has its outcome once ``poll`` has settled it."""
        asked = Request(service=service, name=name, transaction=new_id(), data=dict(data or {}))
        return self._begin(asked, timeout_s, how)

    def begin_command(self, command: Command, timeout_s: float = ANSWER_S, **how: Any) -> Exchange:
        """Command; the exchange has its outcome once ``poll`` has settled it."""
        return self._begin(command, timeout_s, how)

    def new_command(self, target: str, name: str, data: Mapping[str, Any], expires_s: float | None = None) -> Command:
        """Return a command of now, signed."""
        now = self._clock.wall()
        expires = None if expires_s is None else now + timedelta(seconds=expires_s)
        return Command(id=new_id(), target=target, name=name, time=now, expires=expires, by=self.by, data=dict(data))

    def poll(self, timeout_s: float = 0.0) -> list[Exchange]:
        """Take what arrived, send what is to be sent; return the exchanges that were settled."""
        arrivals = self._newest(self.mqtt.poll(1000, timeout_s))
        settled = [done for arrival in arrivals if (done := self._note(arrival)) is not None]
        settled += self.exchanges.due(self._clock.monotonic())
        self._send()
        return settled

    def _newest(self, arrivals: Sequence[Arrival]) -> Iterable[Arrival]:
        """Leave out what a later message of the same repeating topic has replaced already."""
        last = {each.topic: each for each in arrivals if isinstance(each, Arrived)}
        for each in arrivals:
            if not (
                isinstance(each, Arrived) and each.topic.startswith(self._repeating) and each is not last[each.topic]
            ):
                yield each

    def _begin(self, question: Request | Command, timeout_s: float, how: Mapping[str, Any]) -> Exchange:
        exchange = self.exchanges.begin(question, self._clock.monotonic(), again_s=timeout_s, **how)
        self._send()
        return exchange

    def _finish(self, exchange: Exchange) -> Exchange:
        while exchange.outcome is None:
            self.poll(STEP_S)
        return exchange

    def _note(self, arrival: Arrival) -> Exchange | None:
        if isinstance(arrival, Arrived):
            self.mqtt.ack(arrival.receipt)
            self.latest.arrived(arrival)
            return self.exchanges.arrived(arrival)
        if isinstance(arrival, Disconnected):
            self.exchanges.disconnected()
        elif isinstance(arrival, Confirmed) and arrival.refusal:
            return self.exchanges.refused(str(arrival.token), arrival.refusal)
        return None

    def _send(self) -> None:
        for exchange in self.exchanges.to_send():
            exchange.sent = self.mqtt.publish(exchange.publication, exchange.key)
            if not exchange.sent:
                return


def subscriptions(topics: Topics, asks: Iterable[str], follows: Iterable[str]) -> list[str]:
    """Return what to subscribe to: answers, results and statuses of those asked, and what is followed."""
    kinds = sorted(follows)
    wanted = [topics.every(kind) for kind in kinds]
    for service in asks:
        wanted += [topics.every("response", service), topics.every("result", target_of_any(service))]
        wanted += [] if "status" in kinds else [topics.build("status", service)]
    return [*dict.fromkeys(wanted)]


def target_of_any(service: str) -> str:
    """Return what commands to a service name; a name that is no service's stands for itself."""
    try:
        return target_of(service) or service
    except KeyError:
        return service


def answer_of(exchange: Exchange) -> Mapping[str, Any]:
    """Return the data of a settled question; raises ClientError."""
    outcome = exchange.outcome
    if isinstance(outcome, Response) and outcome.status == "ok":
        return outcome.data
    if isinstance(outcome, Response):
        raise RefusedByServiceError(f"{exchange.service}: {outcome.error}")
    raise outcome if isinstance(outcome, ClientError) else ClientError(f"{exchange.service} gave no answer")


def result_of(exchange: Exchange) -> Result:
    """Return the result of a settled command; raises ClientError where there is none."""
    if isinstance(exchange.outcome, Result):
        return exchange.outcome
    if isinstance(exchange.outcome, ClientError):
        raise exchange.outcome
    raise ClientError(f"{exchange.service} gave no result")
