"""One service's delivery, from what arrives to what leaves.

Each turn polls the MQTT client, applies what arrived through the handler, commits everything in one transaction, and
only then acknowledges, publishes and answers (docs/adr/0002). A turn that changed nothing that must be durable leaves
its batch open for those after it (``commits``; docs/adr/0047). A turn that fails ends the process: nothing of it stays.
"""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable, Mapping, Sequence

from pydantic import ValidationError

from shared import __version__
from shared.clock import Clock
from shared.delivery.calm_messages import CalmMessages
from shared.delivery.calm_states import CalmStates
from shared.delivery.commits import CALM_S, SOURCE_CALM_S, CommitReason, Commits, Turn
from shared.delivery.event_time import EventTime
from shared.delivery.handler import Figures, Handlers
from shared.delivery.horizon import Horizon
from shared.delivery.inbox import Inbox
from shared.delivery.receiver import Receiver
from shared.delivery.records import Records
from shared.delivery.refusals import Refusals
from shared.delivery.retained import filters
from shared.delivery.route import Route
from shared.delivery.sender import OFFERS, Sender
from shared.delivery.status_pace import StatusPace
from shared.delivery.takeover import NameInUseError, Takeover
from shared.kinds import kind_of, sequenced_model
from shared.ledger import Ledger, Way
from shared.messages import Candidate, DeadLetter, DeviceState, Frame, Message, Sequenced, Status
from shared.mqtt import Arrived, Confirmed, Connected, Disconnected, MqttClient, Publication, Receipt
from shared.suite import SuiteSettings
from shared.topics import Topics

log = logging.getLogger(__name__)

REST_S = 5.0  # at most between two turns: commits, the age of rows and the sign of life are looked at in each
LOG_AGAIN_S = 60.0
DEAD_LETTER_BYTES = 65_536
REASON_CHARACTERS = 10_000
WENT_BACK = "system.ledger.went_back"
FLOOD = "system.input.flood"
OpenClient = Callable[..., MqttClient]  # called as MqttClient is


class Endpoint:
    """One service's end of the suite's wire. It is the handler's Publisher."""

    def __init__(
        self, route: Route, suite: SuiteSettings, ledger: Ledger, clock: Clock, open_client: OpenClient = MqttClient
    ) -> None:
        self.route = route
        self.name = route.name
        self.takeover = Takeover(self.name)
        self.suite = suite
        self.topics = suite.topics
        self._status_topic = self.topics.build("status", self.name)
        self.ledger = ledger
        self.clock = clock
        self.records = Records(ledger, suite.site)
        window = suite.delivery.window
        models = {stream: sequenced_model(stream) for stream in route.consumes}
        self.receiver = Receiver(self.name, self.records, models, window)
        results: Mapping[str, Sequence[str]] = {"result": ()} if route.targets else {}
        awaited = {stream: suite.awaited(stream, names) for stream, names in route.produces.items()}
        produces = {**awaited, **results, "deadletter": (), OFFERS: ()}
        self.sender = Sender(self.name, self.topics, self.records, produces, suite.delivery)
        self.sender.ingest_consumers |= {self.name} if route.consumes_offers else set()
        self.client = open_client(
            suite.broker,
            f"upskeep-{suite.site}-{self.name}",
            self._filters(),
            self._will(),
            persistent=route.persistent_session,
            unsubscriptions=[self.topics.every(stream) for stream in route.consumes],  # of versions before the wire
            clock=clock,
        )
        self.time = EventTime(self.records, route.consumes)
        self.way = Way(self.wake, ledger.path)
        self._calm = CalmMessages()
        self._states = CalmStates()
        self._pace = StatusPace()
        self.commits = Commits(max(1, window // 4), CALM_S if route.consumes else SOURCE_CALM_S)
        self._figures: list[Callable[[], Figures]] = []
        self.inbox = Inbox(
            route,
            self.topics,
            self.records,
            self.receiver,
            self.sender,
            self.time,
            clock,
            self,
            Horizon(suite, clock),
            self.commits,
            suite.only_reads,
            self._pace,
        )
        self.refusals = Refusals(self.topics.everything().removesuffix("#"))
        self._attached = False
        self._wait_s = REST_S
        self._receipt: Receipt | None = None
        self._logged_reason = ("", float("-inf"))

    # ---- what a service's app uses

    def attach(self, handler: object) -> None:
        """Name the handler that works here; raises HandlerError where it lacks what the route needs."""
        self.inbox.handlers = self.route.handlers(handler)
        self._attached = True

    def open(self) -> None:
        """Begin to connect, and stay connected until ``close``."""
        self.client.open()

    @property
    def connected(self) -> bool:
        """Whether the broker is connected, as of the last turn."""
        return self.client.connected

    @property
    def epoch(self) -> str:
        """The epoch of this service's ledger."""
        return self.records.epoch

    @property
    def unsent(self) -> bool:
        """Whether something waits to leave, or for the broker's confirmation."""
        return self.sender.unsent

    def lag(self, stream: str) -> int:
        """How many messages of a produced stream the slowest awaited consumer has yet to apply."""
        return self.sender.lag(stream)

    def wake(self) -> None:
        """End a turn that waits; may be called from another thread or a signal handler."""
        self.client.wake()

    def take_time(self, seconds: float) -> None:
        """Let what arrives wait for up to so long: nobody waits for anything that comes here."""
        self._wait_s = seconds
        self.client.gather(seconds)

    def add_figures(self, source: Callable[[], Figures]) -> None:
        """Add figures to this service's status, besides the handler's own."""
        self._figures.append(source)

    @property
    def handlers(self) -> Handlers:
        """What the attached handler implements."""
        if not self._attached:
            raise RuntimeError("attach a handler before the first turn")
        return self.inbox.handlers

    def _filters(self) -> list[str]:
        topics = self.topics
        mine = [topics.build("status", name) for name in self.route.minds()] or [topics.every("status")]
        mine += [topics.every("stream", "+", stream) for stream in self.route.consumes]
        if self.route.consumes:
            mine.append(topics.every("resend", "+", self.name))
        if self.route.produces:
            mine.append(topics.every("checkpoint", "+", self.name))
        if self.route.consumes_offers:
            mine.append(topics.every("ingest"))
        if self.route.answers:
            mine.append(topics.every("request", self.name))
        mine += [topics.every("command", target) for target in self.route.targets]
        return mine + filters(self.route.follows, topics)

    def _will(self) -> Publication:
        return _publication(Status(service=self.name, state="offline", instance=self.takeover.instance), self.topics)

    # ---- Publisher

    def emit(self, message: Sequenced) -> None:
        """Append to the message's stream; it leaves after the commit."""
        if isinstance(message, Frame):
            self.time.observe(message)
        self.sender.emit(message, self.clock.wall().timestamp(), calm=self._calm.is_calm(message))

    def retain(self, message: Message) -> None:
        """Publish the latest value of a retained topic after the commit."""
        self.sender.retain(message, repeats=isinstance(message, DeviceState) and self._states.is_calm(message))

    def publish_replaced(self, message: Message) -> None:
        """Publish a value that a later one of the same batch replaces, if there is a connection; nothing keeps it."""
        self.sender.publish_replaced(_publication(message, self.topics))

    def clear(self, kind: str, *parts: str) -> None:
        """Empty a retained topic after the commit."""
        self.sender.clear(kind, *parts)

    def reject(self, received_on: str, payload: bytes, reason: str) -> None:
        """Send input that cannot be used to ``deadletter/…``, within the bounds of ``shared.delivery.refusals``."""
        monotonic = self.clock.monotonic()
        if not self.refusals.admits(received_on, monotonic):
            if (count := self.refusals.flood(received_on, monotonic)) is not None:
                self._report_flood(self.refusals.sender(received_on), count)
            return
        log.warning("refused a message on %s: %s", received_on, reason)
        text = base64.b64encode(payload[:DEAD_LETTER_BYTES]).decode()
        now = self.clock.wall()
        letter = DeadLetter(
            service=self.name, time=now, reason=reason[:REASON_CHARACTERS], received_on=received_on, payload=text
        )
        self.sender.emit(letter, now.timestamp())

    def _report_flood(self, sender: str, count: int) -> None:
        now = self.clock.wall()
        log.error("a flood of bad messages on %s/…: they are refused, and no more of them are kept for now", sender)
        data = {"service": self.name, "topic": sender, "refused": count}
        identity = f"flood/{self.name}/{self.takeover.instance}/{sender}/{now:%Y%m%d%H}"
        self.offer_event(Candidate(type=FLOOD, id=identity, data=data))

    def offer_event(self, candidate: Candidate) -> None:
        """Offer an event on ``ingest/{service}``: kept until its consumer is online and the broker has confirmed it.

        It may arrive twice, so it needs an id that follows from its cause.
        """
        if candidate.id is None:
            raise ValueError("an offered event needs an id, for it may arrive twice")
        self.sender.offer_event(candidate, self.clock.wall().timestamp())

    def publish_once(self, message: Message) -> None:
        """Publish a message that has no sequence, after the commit, if there is a connection; nothing keeps it."""
        self.sender.publish_once(_publication(message, self.topics))

    # ---- one turn

    def turn(self, timeout_s: float, work: Callable[[], None] | None = None, *, stopping: bool = False) -> None:
        """Poll (waiting up to ``timeout_s``), apply, commit what must be, send. ``work`` runs in the same batch."""
        arrivals = self.client.poll(self.suite.delivery.batch, timeout_s)
        now = self.clock.monotonic()
        with self.ledger.batch():
            for arrival in arrivals:
                self._handle(arrival, now)
            if work is not None:
                work()
            self._advance()
            if self.handlers.batch is not None:
                self.handlers.batch.flush()
            self._write(now)
        if self._ends(now, stopping=stopping):
            self._commit()
        self._send(now)

    def _ends(self, now: float, *, stopping: bool) -> CommitReason | None:
        turn = Turn(
            self.ledger.changed,
            urgent=self.ledger.urgent,
            important=self.inbox.important,
            missing=self.receiver.misses(now),
            asked=self.way.wanted,
            stopping=stopping,
            unheard=self.sender.unheard(now),
            played_s=self.time.now.timestamp() if self.time.simulated and self.time.now is not None else None,
        )
        return self.commits.decide(turn, now)

    def _commit(self) -> None:
        self.ledger.commit()
        self.way.committed()
        self.commits.committed()
        self._calm.committed()
        self.sender.committed()
        self.receiver.committed()
        self.inbox.important = False

    def _handle(self, arrival: object, now: float) -> None:
        match arrival:
            case Arrived():
                self._receipt = arrival.receipt if arrival.receipt.mid else self._receipt
                if arrival.topic == self._status_topic:
                    self._read_own_status(arrival, now)
                else:
                    self.inbox.dispatch(arrival, now)
            case Confirmed():
                self.sender.confirmed(arrival.token, arrival.refusal, now)
                if arrival.token == self._status_topic and arrival.refusal is None:
                    self.takeover.status_confirmed()
            case Connected():
                log.info("connected to %s (MQTT %s)", self.suite.broker.url, arrival.protocol)
                self.takeover.connected(now, finds_status=arrival.protocol == "5")
                self.sender.connected()
                self.inbox.connected(now)
                self._pace.hurry()
                self._receipt = None
            case Disconnected():
                self._log_reason(arrival.reason, now)
                self._still_mine(lambda: self.takeover.disconnected(now, taken_over=arrival.taken_over))
                self.sender.disconnected()
                self._receipt = None

    def _read_own_status(self, arrived: Arrived, now: float) -> None:
        try:
            status = Status.model_validate_json(arrived.payload)
        except ValidationError:
            return  # somebody's noise under this name; it is overwritten with the next status
        self._still_mine(lambda: self.takeover.read_own_status(status, now, retained=arrived.retain))
        self.inbox.heard_itself(now, live=status.instance == self.takeover.instance and not arrived.retain)

    def _still_mine(self, look: Callable[[], None]) -> None:
        """Leave the name to the process that was there first, where ``look`` finds one."""
        try:
            look()
        except NameInUseError:
            self.client.close(timeout_s=1.0)
            raise

    def _log_reason(self, reason: str, now: float) -> None:
        """Log once why there is no connection, and again every minute."""
        if reason != self._logged_reason[0] or now - self._logged_reason[1] >= LOG_AGAIN_S:
            self._logged_reason = (reason, now)
            log.warning("not connected: %s", reason)

    def _advance(self) -> None:
        event_time = self.time.reach(self.receiver.reached)
        if event_time is not None and self.handlers.event_time is not None:
            self.handlers.event_time.advance(event_time)

    def _write(self, now: float) -> None:
        if (found := self.sender.gone_back) is not None:
            self._report_older_copy(found)
        self.sender.write(self.clock.wall().timestamp(), now)
        self.receiver.write()
        self.time.save()

    def _report_older_copy(self, found: str) -> None:
        """Report it, and let the status that names the new epoch leave before anything of its streams."""
        log.error("%s: this ledger has gone back to an older copy; it goes on under a new epoch", found)
        data = {"service": self.name, "found": found}
        self.offer_event(Candidate(type=WENT_BACK, id=f"went_back/{self.name}/{self.epoch}", data=data))
        self._pace.hurry()

    def _send(self, now: float) -> None:
        with self.client.together():
            if self._receipt is not None:
                self.client.ack(self._receipt)
                self._receipt = None
            if self.client.connected:
                for checkpoint in self.receiver.checkpoints(now):
                    self.sender.repeat(checkpoint)
                self._report_status(now)
                self.sender.send(self.client, now, values=not self.route.gathers or self.receiver.caught_up(now))

    def _report_status(self, now: float) -> None:
        if not self._until_status_s(now) and self._pace.is_due(status := self.status(), now):
            stamped = status.model_copy(update={"time": self.clock.wall()})
            self.sender.retain(stamped, repeats=self.takeover.is_confirmed)

    def _until_status_s(self, now: float) -> float:
        return self._pace.wait_s(now, live=self.time.now is not None and not self.time.simulated)

    def status(self) -> Status:
        """Return this service's status, without its time."""
        counted = {"lost": self.receiver.lost, "dropped": self.sender.dropped, "taken_over": self.takeover.count}
        counted |= {"refused_unkept": self.refusals.unkept}
        return Status(
            service=self.name,
            state="online",
            version=__version__,
            instance=self.takeover.instance,
            epoch=self.records.epoch,
            first_time=self.time.first,
            event_time=self.time.now,
            simulated=self.time.simulated,
            streams=self.sender.ends(),
            continues=self.records.continued,
            applied=self.receiver.marks(),
            figures={**self._all_figures(), **{name: count for name, count in counted.items() if count}},
        )

    def _all_figures(self) -> Figures:
        own = self.handlers.figures.figures() if self.handlers.figures is not None else {}
        return {**own, **{name: value for source in self._figures for name, value in source().items()}}

    def wait_s(self) -> float:
        """How long a turn may wait for something to arrive before time alone makes something due."""
        if self.receiver.restless:
            return 0.05
        return min(self._wait_s, self._until_status_s(self.clock.monotonic()) or self._wait_s)

    def close(self) -> None:
        """Commit, publish ``stopped``, disconnect and close the ledger. What is unsent stays in the outbox."""
        with self.ledger.batch():
            self.sender.come_back()
        self._commit()
        farewell = self.status().model_copy(update={"state": "stopped", "time": self.clock.wall()})
        self.client.close(_publication(farewell, self.topics))
        self.ledger.close()


def _publication(message: Message, topics: Topics) -> Publication:
    payload = message.model_dump_json(exclude_none=True, by_alias=True).encode()
    return Publication(message.topic(topics), payload, retain=kind_of(message).retained)
