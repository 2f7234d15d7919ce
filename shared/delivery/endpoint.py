"""The durable hop: one service's delivery, from what arrives to what leaves.

Each turn takes what the door has, applies it through the stage, commits everything in one transaction,
and only then acknowledges, publishes and answers (design §3; docs/adr/0002). A turn that fails leaves the
ledger as it was and ends the process.
"""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from shared import __version__
from shared.delivery.handler import MessageHandler
from shared.delivery.inbound import Loss
from shared.delivery.receiver import Readable, Receiver, Track, Unreadable, UnreadableError, decode, gap
from shared.delivery.records import EPOCHS_KEPT, Records
from shared.delivery.requests import decode_command, execute_command, handle_request
from shared.delivery.retained import filters, follow
from shared.delivery.route import Route
from shared.delivery.sender import OFFERS, Sender
from shared.jumps import CLOCK_JUMP, CLOCK_STEP, read_jump
from shared.kinds import kind_of, sequenced_model
from shared.ledger import Ledger
from shared.messages import (
    Candidate,
    Checkpoint,
    DeadLetter,
    Event,
    Frame,
    Message,
    Resend,
    Sequenced,
    Status,
)
from shared.mqtt import Arrived, Confirmed, Connected, Disconnected, MqttClient, Publication, Receipt
from shared.suite import SuiteSettings
from shared.topics import TopicError, Topics

log = logging.getLogger(__name__)

STATUS_S = 1.0
HEARTBEAT_S = 10.0
COMPLAINT_S = 60.0
DEAD_LETTER_BYTES = 65_536
OFFER_BYTES = 262_144
OpenClient = Callable[..., MqttClient]  # called as Door is
Figures = Mapping[str, bool | int | float | str]


@dataclass(frozen=True, slots=True)
class Clock:
    """The two clocks a service reads: ``wall`` (aware UTC) and ``monotonic`` seconds."""

    wall: Callable[[], datetime]
    monotonic: Callable[[], float]


class Endpoint:
    """One service's end of the suite's wire. It is the stage's Outlet."""

    def __init__(
        self, route: Route, suite: SuiteSettings, ledger: Ledger, clock: Clock, open_client: OpenClient = MqttClient
    ) -> None:
        self.route = route
        self.name = route.name
        self.suite = suite
        self.topics = suite.topics
        self.ledger = ledger
        self.clock = clock
        self.records = Records(ledger)
        window = suite.delivery.window
        models = {stream: sequenced_model(stream) for stream in route.consumes}
        self.receiver = Receiver(self.name, self.records, models, window)
        results: Mapping[str, Sequence[str]] = {"result": ()} if route.targets else {}
        awaited = {stream: suite.delivery.consumers.get(stream, names) for stream, names in route.produces.items()}
        produces = {**awaited, **results, "deadletter": (), OFFERS: ()}
        self.sender = Sender(self.name, self.topics, self.records, produces, suite.delivery)
        self.sender.ingest_consumers |= {self.name} if route.takes_offers else set()
        kind = {} if route.lasting else {"persistent": False}
        client_id = f"upskeep-{suite.site}-{self.name}"
        self.client = open_client(suite.broker, client_id, self._filters(), self._will(), **kind)
        kept = self.records.value("event_time")
        self.event_time = datetime.fromisoformat(kept) if kept else None
        self._kept_event_time = self.event_time
        first = self.records.value("first_time")
        self.first_time = datetime.fromisoformat(first) if first else None
        self._promises: dict[str, Status] = {}
        self._jumped: dict[str, int] = json.loads(self.records.value("jumped") or "{}")  # epoch → seq of its last jump
        self.vitals: list[Callable[[], Figures]] = []  # figures of a service's own, for its status
        self._handler: MessageHandler | None = None
        self._status: Status | None = None
        self._status_at = float("-inf")
        self._receipt: Receipt | None = None
        self._complaint = ("", float("-inf"))

    def attach(self, handler: MessageHandler) -> None:
        """Name the stage that works here."""
        self._handler = handler

    @property
    def handler(self) -> MessageHandler:
        """The stage that works here."""
        if self._handler is None:
            raise RuntimeError("attach a stage before the first turn")
        return self._handler

    def _filters(self) -> list[str]:
        topics, mine = self.topics, [self.topics.every("status")]
        mine += [topics.every(stream) for stream in self.route.consumes]
        if self.route.consumes:
            mine.append(topics.every("resend", "+", self.name))
        if self.route.produces:
            mine.append(topics.every("checkpoint", "+", self.name))
        if self.route.takes_offers:
            mine.append(topics.every("ingest"))
        if self.route.answers:
            mine.append(topics.every("request", self.name))
        mine += [topics.every("command", target) for target in self.route.targets]
        return mine + filters(self.route.follows, topics)

    def _will(self) -> Publication:
        return _publication(Status(service=self.name, state="offline"), self.topics)

    # ---- Outlet

    def emit(self, message: Sequenced) -> None:
        """Append to the message's stream; it leaves after the commit."""
        if isinstance(message, Frame):
            self._seen(message)
        self.sender.emit(message, self.clock.wall().timestamp())

    def retain(self, message: Message) -> None:
        """Publish the latest value of a retained topic after the commit."""
        self.sender.retain(message)

    def clear(self, kind: str, *parts: str) -> None:
        """Empty a retained topic after the commit."""
        self.sender.clear(kind, *parts)

    def reject(self, received_on: str, payload: bytes, reason: str) -> None:
        """Send input that cannot be used to ``deadletter/…``."""
        log.warning("refused a message on %s: %s", received_on, reason)
        text = base64.b64encode(payload[:DEAD_LETTER_BYTES]).decode()
        now = self.clock.wall()
        letter = DeadLetter(service=self.name, time=now, reason=reason, received_on=received_on, payload=text)
        self.sender.emit(letter, now.timestamp())

    def offer_event(self, candidate: Candidate) -> None:
        """Offer an event on ``ingest/{service}``: kept until who makes events is there and the broker has confirmed it.

        It may arrive twice, so it needs an id that follows from its cause.
        """
        if candidate.id is None:
            raise ValueError("a suggested event needs an id, for it may arrive twice")
        self.sender.offer_event(candidate, self.clock.wall().timestamp())

    # ---- one turn

    def turn(self, timeout_s: float, work: Callable[[], None] | None = None) -> None:
        """Take what is there (waiting up to ``timeout_s``), apply, commit, send. ``work`` runs in the same batch."""
        arrivals = self.client.take(self.suite.delivery.batch, timeout_s)
        now = self.clock.monotonic()
        with self.ledger.transaction():
            for arrival in arrivals:
                self._take(arrival, now)
            if work is not None:
                work()
            self._advance()
            self.handler.flush()
            self._write()
        self._send(now)

    def _take(self, arrival: object, now: float) -> None:
        match arrival:
            case Arrived():
                self._receipt = arrival.receipt if arrival.receipt.mid else self._receipt
                self._read(arrival, now)
            case Confirmed():
                self.sender.confirmed(arrival.token, arrival.refusal, now)
            case Connected():
                log.info("connected to %s (MQTT %s)", self.suite.broker.url, arrival.protocol)
                self.sender.connected()
                self.receiver.reconnected()
                self._status_at = float("-inf")
                self._receipt = None
            case Disconnected():
                self._complain(arrival.reason, now)
                self.sender.disconnected()
                self._receipt = None

    def _complain(self, reason: str, now: float) -> None:
        """Say once why there is no connection, and again every minute."""
        if reason != self._complaint[0] or now - self._complaint[1] >= COMPLAINT_S:
            self._complaint = (reason, now)
            log.warning("not connected: %s", reason)

    def _read(self, arrived: Arrived, now: float) -> None:
        """Dispatch one message by its topic's kind; what cannot be read goes to the dead letters."""
        try:
            kind, parts = self.topics.parse(arrived.topic)
            if kind in self.receiver.models:
                if not arrived.retain:  # a retained copy is no event; the stream itself is never retained
                    self._apply_all(self.receiver.receive(kind, arrived.topic, arrived.payload, now))
            elif reader := _READERS.get(kind):
                reader(self, parts, arrived, now)
            elif kind in self.route.follows:
                follow(kind, arrived, self.handler)
        except (TopicError, UnreadableError) as error:
            self.reject(arrived.topic, arrived.payload, str(error))

    def _apply_all(self, items: Iterable[Readable | tuple[Track, Loss]]) -> None:
        for item in items:
            if isinstance(item, tuple):
                (producer, stream, epoch), loss = item
                self.handler.lost(producer, stream, loss.first, loss.last)
                if "event" not in self.route.produces:  # who makes events tells of it by itself
                    self.offer_event(gap(producer, stream, epoch, loss))
            elif isinstance(item, Unreadable):
                self.reject(item.received_on, item.payload, item.reason)
            else:
                if isinstance(item, Frame) and "event" not in self.route.consumes:
                    self._seen(item)
                elif isinstance(item, Event) and item.type == CLOCK_JUMP:
                    self._jump(item)
                self.handler.apply(item)

    def _read_status(self, parts: tuple[str, ...], arrived: Arrived, now: float) -> None:
        if not arrived.payload or parts[0] == self.name:
            return
        status = decode(Status, arrived.payload)
        if "status" in self.route.follows:
            follow("status", arrived, self.handler)
        self.sender.seen(status.service, status.state == "online")
        if "event" in status.streams and status.state == "online":
            self.sender.ingest_consumers.add(status.service)
        else:
            self.sender.ingest_consumers.discard(status.service)
        self.receiver.announced(status, now)
        if "event" in self.route.consumes and "event" in status.streams:
            self._promises[status.service] = status

    def _read_checkpoint(self, _: tuple[str, ...], arrived: Arrived, __: float) -> None:
        if arrived.payload:
            self.sender.checkpoint(decode(Checkpoint, arrived.payload))

    def _read_resend(self, _: tuple[str, ...], arrived: Arrived, now: float) -> None:
        answer = decode(Resend, arrived.payload)
        if answer.consumer == self.name and answer.stream in self.receiver.models:
            self._apply_all(self.receiver.resent(answer, now))

    def _read_offer(self, parts: tuple[str, ...], arrived: Arrived, _: float) -> None:
        if (size := len(arrived.payload)) > OFFER_BYTES:  # what it becomes must pass any broker: they cut at 1 MB
            raise UnreadableError(f"has {size} bytes; an offer may have {OFFER_BYTES}")
        candidate = decode(Candidate, arrived.payload)
        self.handler.offer(parts[0], candidate, arrived.topic, arrived.payload)

    def _read_request(self, parts: tuple[str, ...], arrived: Arrived, _: float) -> None:
        if not arrived.retain:
            self.sender.say(handle_request(arrived, parts, self.handler, self.topics, self.clock.wall()))

    def _read_command(self, parts: tuple[str, ...], arrived: Arrived, _: float) -> None:
        if arrived.retain:
            raise UnreadableError("is retained: a command is meant for now, and must not be given again by the broker")
        self.emit(execute_command(decode_command(arrived, parts), self.handler, self.records, self.clock.wall()))

    # ---- event time: that of the frames, or, for who consumes events, what their producer promises

    def _seen(self, frame: Frame) -> None:
        """Take a frame's time; it goes back only with the frame that tells of a jump of the clock."""
        time = frame.time
        if self.first_time is None:
            self.first_time = time
            self.records.save_value("first_time", time.isoformat())
        if self.event_time is None or time > self.event_time or CLOCK_STEP in frame.values:
            self.event_time = time

    def _jump(self, event: Event) -> None:
        """What was promised before the jump was meant by the old clock; move what has been reached along with it."""
        self._jumped[event.epoch] = event.seq
        while len(self._jumped) > EPOCHS_KEPT:
            del self._jumped[next(iter(self._jumped))]
        self.records.save_value("jumped", json.dumps(self._jumped))
        if self.event_time is not None and (jump := read_jump(event.data)) is not None:
            self.event_time = jump.moved(self.event_time)

    def _advance(self) -> None:
        """A producer of events promised that its events up to a head precede its event time; see whether it holds.

        A promise whose head lies before a jump that has been applied was made by the clock before: it is dropped.
        """
        for producer, status in list(self._promises.items()):
            head = status.streams["event"].head
            if status.epoch is None or not self.receiver.reached(producer, status.epoch, "event", head):
                continue
            del self._promises[producer]
            if head < self._jumped.get(status.epoch, 0):
                continue
            if status.event_time is not None and (self.event_time is None or status.event_time > self.event_time):
                self.event_time = status.event_time
                self.handler.advance(status.event_time)

    # ---- the end of a turn

    def _write(self) -> None:
        self.sender.write(self.clock.wall().timestamp())
        self.receiver.write()
        if self.event_time is not None and self.event_time != self._kept_event_time:
            self.records.save_value("event_time", self.event_time.isoformat())
            self._kept_event_time = self.event_time

    def _send(self, now: float) -> None:
        with self.client.together():
            if self._receipt is not None:
                self.client.ack(self._receipt)
                self._receipt = None
            if self.client.connected:
                for checkpoint in self.receiver.checkpoints(now):
                    self.sender.repeat(checkpoint)
                self._tell_status(now)
                self.sender.send(self.client, now)

    def _tell_status(self, now: float) -> None:
        since = now - self._status_at
        if since < STATUS_S:
            return
        status = self.status()
        if status != self._status or since >= HEARTBEAT_S:
            self._status, self._status_at = status, now
            self.sender.retain(status.model_copy(update={"time": self.clock.wall()}))

    def status(self) -> Status:
        """Return this service's life sign, without its time."""
        lost = {"lost": self.receiver.lost} if self.receiver.lost else {}
        dropped = {"dropped": self.sender.dropped} if self.sender.dropped else {}
        return Status(
            service=self.name,
            state="online",
            version=__version__,
            epoch=self.records.epoch,
            first_time=self.first_time,
            event_time=self.event_time,
            streams=self.sender.ends(),
            applied=self.receiver.marks(),
            figures={**self.handler.figures(), **self._vital(), **lost, **dropped},
        )

    def _vital(self) -> Figures:
        return {name: value for vitals in self.vitals for name, value in vitals().items()}

    def wait_s(self) -> float:
        """How long a turn may wait for something to arrive before time alone makes something due."""
        if self.receiver.restless:
            return 0.05
        return 1.0

    def close(self) -> None:
        """Say ``stopped``, disconnect and close the ledger. What is unsent stays in the outbox."""
        farewell = self.status().model_copy(update={"state": "stopped", "time": self.clock.wall()})
        self.client.close(_publication(farewell, self.topics))
        self.ledger.close()


def _publication(message: Message, topics: Topics) -> Publication:
    payload = message.model_dump_json(exclude_none=True, by_alias=True).encode()
    return Publication(message.topic(topics), payload, retain=kind_of(message).retained)


_READERS = {
    "status": Endpoint._read_status,
    "checkpoint": Endpoint._read_checkpoint,
    "resend": Endpoint._read_resend,
    "ingest": Endpoint._read_offer,
    "request": Endpoint._read_request,
    "command": Endpoint._read_command,
}
