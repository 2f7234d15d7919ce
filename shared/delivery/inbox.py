"""What arrives, read by its topic's kind and handed to the handler; what cannot be read becomes a dead letter.

The topic says who speaks: a payload that names somebody else is refused.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Protocol

from shared.clock import Clock
from shared.delivery.commits import Commits
from shared.delivery.decoding import UnreadableError, decode
from shared.delivery.event_time import EventTime
from shared.delivery.frame_head import FrameHead
from shared.delivery.handler import Handlers, Publisher
from shared.delivery.horizon import Horizon
from shared.delivery.inbound import Loss
from shared.delivery.packs import split
from shared.delivery.receiver import Readable, Receiver, Unreadable, gap
from shared.delivery.records import Records
from shared.delivery.requests import decode_command, execute_command, handle_request
from shared.delivery.retained import RetainedSet, decode_value, producers_of
from shared.delivery.route import Route
from shared.delivery.sender import Sender
from shared.delivery.speakers import may_produce
from shared.delivery.status_pace import StatusPace
from shared.delivery.track import Track
from shared.jumps import CLOCK_JUMP
from shared.kinds import sequenced_model
from shared.messages import Candidate, Checkpoint, Event, Frame, Resend, Sequenced, StateSample, Status
from shared.mqtt import Arrived
from shared.services import UPLINK
from shared.topics import TopicError, Topics

log = logging.getLogger(__name__)

OFFER_BYTES = 262_144
FRAMES = (Frame, FrameHead)
CALM = (*FRAMES, StateSample)  # whose work may wait for a commit; of other messages only that of gathered ones


class Outlet(Publisher, Protocol):
    """What an inbox publishes through: the endpoint."""

    def offer_event(self, candidate: Candidate) -> None:
        """Offer an event on ``ingest/{service}``."""


class Inbox:
    """Reads one message at a time, inside the batch's transaction."""

    def __init__(
        self,
        route: Route,
        topics: Topics,
        records: Records,
        receiver: Receiver,
        sender: Sender,
        time: EventTime,
        clock: Clock,
        out: Outlet,
        horizon: Horizon,
        commits: Commits,
        only_reads: bool,
        pace: StatusPace,
    ) -> None:
        self.route = route
        self.topics = topics
        self.records = records
        self.receiver = receiver
        self.sender = sender
        self.time = time
        self.clock = clock
        self.out = out
        self.horizon = horizon
        self.commits = commits
        self.only_reads = only_reads  # of this site: the uplink takes offers, for nobody here makes events of them
        self.pace = pace
        self._gathered = tuple(map(sequenced_model, route.gathers))
        self.important = False  # since the last commit something came whose effects may not wait for the next
        self.handlers = Handlers.of(None)
        self._retained_set = RetainedSet(producers_of(route.follows))

    def connected(self, now: float) -> None:
        """A connection begins: what is missing is asked for, and what the broker keeps comes anew."""
        self.receiver.reconnected()
        self._retained_set.connected(now)
        if self.handlers.retained_set is not None:
            self.handlers.retained_set.begin_set()

    def heard_itself(self, now: float, *, live: bool) -> None:
        """Hear an own status; ``live``: published by this process now, so it came behind what the broker keeps."""
        if live and self._retained_set.heard_itself(now) and self.handlers.retained_set is not None:
            self.handlers.retained_set.end_set()

    def dispatch(self, arrived: Arrived, now: float) -> None:
        """Dispatch one message by its topic's kind; what cannot be read goes to the dead letters."""
        try:
            kind, parts = self.topics.parse(arrived.topic)
            if reader := _READERS.get(kind):
                reader(self, parts, arrived, now)
            else:
                self._follow(kind, parts, arrived, now)
        except (TopicError, UnreadableError) as error:
            self.out.reject(arrived.topic, arrived.payload, str(error))

    def _follow(self, kind: str, parts: tuple[str, ...], arrived: Arrived, now: float) -> None:
        """Hand over a latest value, or that its topic was emptied."""
        if kind not in self.route.follows:
            return
        if arrived.retain:
            self._retained_set.value(now)
        if arrived.payload and self.handlers.retained is not None:
            self.handlers.retained.follow(decode_value(kind, arrived.payload), retained=arrived.retain)
        elif not arrived.payload and self.handlers.retained_set is not None:
            self.handlers.retained_set.cleared(kind, parts)

    def _apply_all(self, items: Iterable[Readable | tuple[Track, Loss]]) -> None:
        for item in items:
            if isinstance(item, tuple):
                self._note_loss(*item)
            elif isinstance(item, Unreadable):
                self.out.reject(item.received_on, item.payload, item.reason)
            else:
                self._apply(item)

    def _note_loss(self, track: Track, loss: Loss) -> None:
        if self.handlers.loss is not None:
            self.handlers.loss.lost(track.producer, track.stream, loss.first, loss.last)
        if "event" not in self.route.produces:  # a producer of events reports it by itself
            self.out.offer_event(gap(track, loss))

    def _apply(self, message: Sequenced) -> None:
        self.commits.applied()
        self.important |= not isinstance(message, CALM) and not self._is_gathered(message)
        if isinstance(message, FRAMES):
            if (reason := self.horizon.beyond(message.time)) is not None and not self._is_played(message):
                topic = self.topics.build("stream", message.producer, "raw")
                self.out.reject(topic, message.model_dump_json(exclude_none=True).encode(), reason)
                return
            if isinstance(message, Frame) and "event" not in self.route.consumes:
                self.time.observe(message)
        elif isinstance(message, Event) and message.type == CLOCK_JUMP:
            self.time.jump(message)
        if self.handlers.stream is not None:
            self.handlers.stream.apply(message)

    def _is_gathered(self, message: Sequenced) -> bool:
        """Whether the work of a message may wait with that of frames; what is played waits for nothing."""
        live = self.time.now is not None and not self.time.simulated
        return live and isinstance(message, self._gathered)

    def _is_played(self, frame: Frame | FrameHead) -> bool:
        """Whether a frame is of a simulation or recording alone at its site, which may be of any time."""
        return frame.simulated and self.receiver.is_only_producer(frame.producer, "raw")

    def _read_status(self, parts: tuple[str, ...], arrived: Arrived, now: float) -> None:
        if not arrived.payload:
            return
        status = decode(Status, arrived.payload)
        _agree(service=(status.service, parts[0]))
        self._follow("status", parts, arrived, now)
        if status.state == "online" and not arrived.retain:
            self._retained_set.online(status.service, now)
            self.pace.join(now)
        self.sender.seen(status.service, status.state == "online", status.applied.get(self.route.name))
        makes_events = may_produce(status.service, "event")
        takes_offers = status.service == UPLINK if self.only_reads else makes_events and "event" in status.streams
        if takes_offers and status.state == "online":
            self.sender.ingest_consumers.add(status.service)
        else:
            self.sender.ingest_consumers.discard(status.service)
        self.receiver.announced(status, now)
        if makes_events and "event" in self.route.consumes and "event" in status.streams:
            if not status.simulated and (reason := self.horizon.beyond(status.event_time)) is not None:
                raise UnreadableError(reason)
            self.time.promise(status)

    def _read_stream(self, parts: tuple[str, ...], arrived: Arrived, now: float) -> None:
        producer, stream = parts
        if stream not in self.receiver.models or arrived.retain:  # nothing of a stream is ever retained
            return
        lines = split(arrived.payload)
        refused = []
        for line in lines:
            try:
                self._apply_all(self.receiver.receive(producer, stream, arrived.topic, line, now))
            except UnreadableError as error:
                refused.append((line, str(error)))
        if len(refused) == len(lines):
            raise UnreadableError(refused[0][1])  # nothing of ours: refused as it came
        for line, reason in refused:
            self.out.reject(arrived.topic, line, reason)

    def _read_checkpoint(self, parts: tuple[str, ...], arrived: Arrived, _: float) -> None:
        if arrived.payload:
            checkpoint = decode(Checkpoint, arrived.payload)
            _agree(consumer=(checkpoint.consumer, parts[0]), producer=(checkpoint.producer, parts[1]))
            self.sender.checkpoint(checkpoint)

    def _read_resend(self, parts: tuple[str, ...], arrived: Arrived, now: float) -> None:
        answer = decode(Resend, arrived.payload)
        _agree(producer=(answer.producer, parts[0]), consumer=(answer.consumer, parts[1]))
        if answer.stream in self.receiver.models and not arrived.retain:
            self._apply_all(self.receiver.resent(answer, now))

    def _read_offer(self, parts: tuple[str, ...], arrived: Arrived, _: float) -> None:
        if (size := len(arrived.payload)) > OFFER_BYTES:  # what it becomes must pass any broker: they cut at 1 MB
            raise UnreadableError(f"has {size} bytes; an offer may have {OFFER_BYTES}")
        self.important = True
        candidate = decode(Candidate, arrived.payload)
        if (reason := self.horizon.beyond(candidate.time)) is not None:
            raise UnreadableError(reason)
        if self.handlers.offer is not None:
            self.handlers.offer.offer(parts[0], candidate, arrived.topic, arrived.payload)

    def _read_request(self, parts: tuple[str, ...], arrived: Arrived, _: float) -> None:
        handler = self.handlers.request
        if arrived.repeated:  # it was under way when this service ended, and may be why: it is not tried again
            log.warning("a question on %s is not asked again: the service ended over it", arrived.topic)
        elif handler is not None and not arrived.retain:
            self.sender.publish_once(handle_request(arrived, parts, handler, self.topics, self.clock.wall()))

    def _read_command(self, parts: tuple[str, ...], arrived: Arrived, _: float) -> None:
        if arrived.retain:
            raise UnreadableError("is retained: a command is meant for now, and must not be given again by the broker")
        self.important = True
        if (handler := self.handlers.command) is not None:
            command = decode_command(arrived, parts)
            self.out.emit(execute_command(command, handler, self.records, self.clock.wall()))


def _agree(**names: tuple[str, str]) -> None:
    """Raise UnreadableError where a name in a payload is not the one in its topic, which says who speaks."""
    for field, (stated, topic) in names.items():
        if stated != topic:
            raise UnreadableError(f"its topic names the {field} {topic}, and it says {stated!r}")


_READERS = {
    "stream": Inbox._read_stream,
    "status": Inbox._read_status,
    "checkpoint": Inbox._read_checkpoint,
    "resend": Inbox._read_resend,
    "ingest": Inbox._read_offer,
    "request": Inbox._read_request,
    "command": Inbox._read_command,
}
