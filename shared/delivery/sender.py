"""The sending half of delivery: outbox rows and latest values to the MQTT client, in order, within the window.

A row of a stream that has durable consumers leaves twice, with the same bytes: on the wire for the consumers, together
with its neighbours (``packs``), and alone as a public copy for everybody else. That of a frame is best effort (QoS 0)
and leaves once; any other is confirmed like the wire's, and the row stays until it is (docs/adr/0024, 0041). A frame
that is not on the disk yet is best effort on the wire, too (0061).
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Literal

from pydantic_core import to_json

from shared.delivery.ahead import FLOWING, Ahead
from shared.delivery.decoding import UnreadableError
from shared.delivery.outbound import Outbound
from shared.delivery.packs import PACK_ROWS, first_within, join, packs, public_copy
from shared.delivery.records import Records, Row
from shared.delivery.sizes import PACKET_BYTES, fits
from shared.delivery.speakers import has_consumers, may_consume
from shared.kinds import KINDS, kind_of
from shared.messages import Candidate, Checkpoint, Continued, Mark, Message, Resend, Resent, Sequenced, StreamEnds
from shared.mqtt import MqttClient, Publication
from shared.suite import DeliverySettings
from shared.topics import Topics

log = logging.getLogger(__name__)

ENVELOPE = {"producer", "epoch", "seq"}
OFFERS = "ingest"  # the outbox's name for what is offered to the processor; it has no envelope
LIVE_ROWS = 500  # of a stream, in one turn
RESEND_ROWS = 100
RESEND_ROOM = 8  # places the live stream leaves to answers while somebody asks
RESEND_BYTES = 200_000
STREAM_ROOM = 40  # places that states leave to the streams while rows wait there: an event is not to wait for numbers
TRIM_BACKLOG = 500
ANSWERS_KEPT = 1000  # that wait for room on the wire
REPLACED_KEPT = 200  # values that later ones have replaced, and that wait for room on the wire
AGE_CHECK_S = 60.0
REFUSED_PAUSE_S = 5.0

Token = tuple[str, range, int] | str | None  # rows' copy, or the topic of a latest value


class Sender:
    """All streams of one producer, and its retained latest values."""

    def __init__(
        self,
        name: str,
        topics: Topics,
        records: Records,
        produces: Mapping[str, Sequence[str]],
        bounds: DeliverySettings,
    ) -> None:
        self.name = name
        self.topics = topics
        self.records = records
        self.bounds = bounds
        self.streams = {
            stream: records.outbound(stream, tuple(awaited), bounds.window, 1 + self._confirms_public(stream))
            for stream, awaited in produces.items()
        }
        self._vital = (topics.build("status", name), topics.every("checkpoint", name).removesuffix("#"))
        self._states = topics.every("state").removesuffix("#")
        self._wire = {stream: topics.build("stream", name, stream) for stream in produces if has_consumers(stream)}
        self._shown = {stream: out.published for stream, out in self.streams.items()}  # last public copy at QoS 0
        self.dropped = 0
        self.ingest_consumers: set[str] = set()  # online consumers of offers
        self._prefix = self._prefixes()
        self._opened = {stream: out.head for stream, out in self.streams.items()}
        self._renewed, self.ahead = False, Ahead()
        self.gone_back: str | None = None  # how a consumer has shown that this ledger is an older copy
        if records.ahead:
            log.warning("%s ended with calm messages in memory: it goes on under a new epoch", name)
            with records.ledger.transaction():
                self._renew()
        self._fresh: list[Row] = []
        self._calm: list[Row] = []  # that may leave before they are committed
        self._latest: dict[str, bytes] = {}
        self._unsent: dict[str, Literal[0, 1]] = {}  # by topic, its QoS
        self._once: deque[Publication] = deque(maxlen=ANSWERS_KEPT)
        self._replaced: deque[Publication] = deque(maxlen=REPLACED_KEPT)
        self._paused_until = self._age_checked = 0.0

    @staticmethod
    def _confirms_public(stream: str) -> bool:
        return has_consumers(stream) and KINDS[stream].qos == 1

    # ---- what a handler publishes

    def emit(self, message: Sequenced, written: float, *, calm: bool = False) -> None:
        """Give the message its place in its stream. It leaves after the commit, a ``calm`` one perhaps before."""
        stream = kind_of(message).name
        if stream not in self.streams:
            raise ValueError(f"{self.name} does not produce the stream {stream!r} of {type(message).__name__}")
        out = self.streams[stream]
        out.head += 1
        body = message.__pydantic_serializer__.to_json(message, exclude=ENVELOPE, exclude_none=True)
        payload = b"%b%d,%b" % (self._prefix[stream], out.head, body[1:])
        if not fits(payload):  # it would end every connection; its place stays, and consumers make a dead letter of it
            log.error("%s %d of %s has %d bytes, which no broker passes", stream, out.head, self.name, len(payload))
            self.dropped += 1
            payload = b'%b%d,"too_large":%d}' % (self._prefix[stream], out.head, len(payload))
        attributes = message.attributes()
        row_attributes = to_json(attributes).decode() if attributes else None
        row = Row(stream, out.head, message.topic(self.topics), payload, row_attributes, written, attributes)
        (self._calm if calm and self.ahead.begun else self._fresh).append(row)
        if calm:
            self.ahead.wanted = True

    def offer_event(self, candidate: Candidate, written: float) -> None:
        """Put an offer into the outbox; it stays until the broker has confirmed it."""
        out = self.streams[OFFERS]
        out.head += 1
        payload = candidate.model_dump_json(exclude_none=True).encode()
        self._fresh.append(Row(OFFERS, out.head, self.topics.build("ingest", self.name), payload, None, written))

    def retain(self, message: Message, *, repeats: bool = False) -> None:
        """Publish a topic's latest value, unless it is the same, and after every reconnect; ``repeats``: at QoS 0."""
        topic = message.topic(self.topics)
        payload = message.model_dump_json(exclude_none=True, by_alias=True).encode()
        if len(payload) > PACKET_BYTES:
            log.error("the value of %s has %d bytes, which no broker passes: the one before stays", topic, len(payload))
            self.dropped += 1
        elif self._latest.get(topic) != payload:
            self._latest[topic] = payload
            self._unsent[topic] = 0 if repeats and not self._unsent.get(topic) else 1

    def publish_replaced(self, publication: Publication) -> None:
        """Publish a retained topic's value before the one that ``retain`` gives it in the same batch, once."""
        if (size := len(publication.payload)) <= PACKET_BYTES:
            self._replaced.append(publication)
        else:
            log.error("a passing value of %s has %d bytes, which no broker passes", publication.topic, size)
            self.dropped += 1

    def clear(self, kind: str, *parts: str) -> None:
        """Empty a retained topic, so that the broker forgets it; here too, once it is confirmed."""
        topic = self.topics.build(kind, *parts)
        if self._latest.get(topic) != b"":
            self._latest[topic] = b""
            self._unsent[topic] = 1

    def repeat(self, message: Message) -> None:
        """Publish a retained topic's value even if it is the one sent last: an ask may have been lost."""
        self._latest.pop(message.topic(self.topics), None)
        self.retain(message)

    def publish_once(self, publication: Publication) -> None:
        """Publish once, after the commit, if there is a connection: a response nobody waits for later."""
        self._once.append(publication)

    # ---- inside the transaction

    def _renew(self) -> None:
        """Begin a new epoch with everything that is in the outbox; it leaves again from where it was confirmed."""
        ends = {stream: out.furthest for stream, out in self.streams.items()}
        self.records.renew_epoch(Continued(epoch=self.records.epoch, start=self._opened, end=ends))
        self._prefix = self._prefixes()
        self._renewed, self.gone_back = True, None
        self.ahead = Ahead()
        for out in self.streams.values():
            out.disconnected()

    def _prefixes(self) -> dict[str, bytes]:
        text = f'{{"producer":"{self.name}","epoch":"{self.records.epoch}","seq":'.encode()
        return dict.fromkeys(self.streams, text)

    def write(self, written: float, monotonic: float) -> None:
        """Put the batch's rows into the outbox and drop what nobody needs any more."""
        if self._fresh:
            self.records.append(self._fresh)
        with self.records.ledger.may_wait():
            self.records.append(self._calm)
        touched = {row.stream for row in (*self._fresh, *self._calm)}
        self.ahead.note(self._calm, monotonic)
        self._fresh, self._calm = [], []
        if self.ahead.must_begin:
            self.records.go_ahead()
        if self.gone_back is not None:
            self._renew()
        for stream, out in self.streams.items():
            finished = out.done()
            if finished >= out.floor and (
                stream in touched or stream == OFFERS or finished - out.floor >= TRIM_BACKLOG
            ):
                # After a death rows of a stream are trimmed again; an offer would be made again.
                with nullcontext() if stream == OFFERS else self.records.ledger.may_wait():
                    self._trim(stream, out, finished)
                touched.add(stream)
        if written - self._age_checked >= AGE_CHECK_S or touched:
            touched |= self._bound(written)
        with self.records.ledger.may_wait():  # what is new of it commits with its rows
            for stream in touched:
                self.records.save_stream(stream, self.streams[stream])

    def _trim(self, stream: str, out: Outbound, through: int) -> int:
        gone = self.records.trim(stream, through)
        out.trimmed(through)
        self.ahead.trimmed(stream, through)
        return gone

    def _bound(self, written: float) -> set[str]:
        """Drop the oldest rows past the bounds of size and age, counted and said."""
        touched = set()
        for stream, out in self.streams.items():
            through = out.head - self.bounds.outbox_max_rows
            if written - self._age_checked >= AGE_CHECK_S:
                oldest = written - self.bounds.outbox_max_age_h * 3600
                through = max(through, self.records.older_than(stream, oldest))
            if through >= out.floor:
                gone = self._trim(stream, out, through)
                self.dropped += gone
                touched.add(stream)
                log.error("outbox %s is at its bound: %d oldest messages dropped, unread by somebody", stream, gone)
        if written - self._age_checked >= AGE_CHECK_S:
            self._age_checked = written
        return touched

    def unheard(self, monotonic: float) -> bool:
        """Whether a row that is not committed has not been heard by every awaited consumer for too long."""
        return self.ahead.unheard(monotonic, {stream: out.heard_by_all for stream, out in self.streams.items()})

    def come_back(self) -> None:
        """Note, in the batch that is the last, that every row that has left is in it."""
        if self.records.ahead:
            self.records.come_back()

    # ---- after the commit

    def committed(self) -> None:
        """What was written is on the disk."""
        self.ahead.committed()

    def send(self, client: MqttClient, now: float, *, values: bool = True) -> None:
        """Hand over what may go: latest values (or status and checkpoints alone), what was asked for, then rows."""
        if now < self._paused_until:
            return
        while values and self._replaced and client.publish(self._replaced[0]):
            self._replaced.popleft()
        if values and self._replaced:
            return
        self._send_latest(client, values=values)
        while self._once and client.publish(self._once[0]):
            self._once.popleft()
        for stream, out in self.streams.items():
            self._send_again(client, stream, out)
        for stream, out in self.streams.items():
            if stream != OFFERS or self.ingest_consumers:  # a broker drops what nobody has ever subscribed to
                self._send_live(client, stream, out)

    def _send_latest(self, client: MqttClient, *, values: bool) -> None:
        left = STREAM_ROOM if any(out.sent < out.head for out in self.streams.values()) else 0
        for topic, qos in [each for each in self._unsent.items() if values or each[0].startswith(self._vital)]:
            if client.room <= left and topic.startswith(self._states):
                continue
            if not client.publish(Publication(topic, self._latest[topic], retain=True, qos=qos), topic):
                return
            del self._unsent[topic]

    def _send_live(self, client: MqttClient, stream: str, out: Outbound) -> None:
        room = client.room - (RESEND_ROOM if out.asks else 0)
        count = min(LIVE_ROWS, self._rows_in(stream, room))
        if count <= 0 or out.sent >= out.head:
            return
        rows = self.records.read(stream, out.live(count))
        for pack in packs(rows) if stream in self._wire else ([row] for row in rows):
            if not self._publish(client, stream, pack):
                out.sent = pack[0].seq - 1
                return

    def _rows_in(self, stream: str, room: int) -> int:
        """How many rows of a stream find room, if packs are as full as they may be."""
        if stream not in self._wire:
            return room
        return room * PACK_ROWS // (PACK_ROWS + 1) if self._confirms_public(stream) else room * PACK_ROWS

    def _publish(self, client: MqttClient, stream: str, pack: Sequence[Row]) -> bool:
        """Hand over all copies of rows that travel together; returns False where one found no room."""
        seqs = range(pack[0].seq, pack[-1].seq + 1)
        wire = self._wire.get(stream)
        if wire is None:
            return client.publish(public_copy(pack[0]), (stream, seqs, 0))
        is_ahead = stream == FLOWING and self.ahead.holds(stream, pack[0].seq)
        if not client.publish(Publication(wire, join(pack), qos=0 if is_ahead else 1), (stream, seqs, 0)):
            return False
        if is_ahead:
            self.streams[stream].confirmed(seqs)
        if self._confirms_public(stream):
            return all(client.publish(public_copy(row), (stream, range(row.seq, row.seq + 1), 1)) for row in pack)
        if self.bounds.publish_readings:
            client.publish_unconfirmed([public_copy(row, 0) for row in pack if row.seq > self._shown[stream]])
            self._shown[stream] = max(self._shown[stream], pack[-1].seq)
        return True

    def _send_again(self, client: MqttClient, stream: str, out: Outbound) -> None:
        for consumer in list(out.asks):
            if client.room <= 0:
                return
            wanted = out.asks[consumer]
            seqs = out.resend(consumer, RESEND_ROWS)
            rows = first_within(self.records.read(stream, seqs), RESEND_BYTES)
            if rows and rows[-1].seq < seqs[-1]:
                out.asks[consumer] = rows[-1].seq + 1
            if not rows and consumer in out.asks:
                continue  # it has yet to confirm what it was sent
            answer = Resend(
                consumer=consumer,
                producer=self.name,
                stream=stream,
                epoch=self.records.epoch,
                floor=out.floor,
                head=out.head,
                messages=tuple(Resent(topic=row.topic, payload=row.payload.decode()) for row in rows),
            )
            payload = answer.model_dump_json(by_alias=True).encode()
            if not client.publish(Publication(answer.topic(self.topics), payload)):
                out.asks[consumer] = wanted

    # ---- what comes back

    def connected(self) -> None:
        """A new connection: everything unconfirmed and every latest value goes out again."""
        for out in self.streams.values():
            out.connected()
        self._unsent = dict.fromkeys(self._latest, 1)
        self.ingest_consumers &= {self.name}

    def disconnected(self) -> None:
        """The connection is gone."""
        self._once.clear()
        self._replaced.clear()
        for out in self.streams.values():
            out.disconnected()

    def confirmed(self, token: Token, refusal: str | None, now: float) -> None:
        """The broker confirmed or refused a publication."""
        if refusal is not None:
            log.error("the broker refuses what %s publishes (%s): %s; check its ACL", self.name, token, refusal)
            self._paused_until = now + REFUSED_PAUSE_S
            self.disconnected()
        elif isinstance(token, tuple):
            stream, seqs, copy = token
            self.streams[stream].confirmed(seqs, copy)
        elif token is not None and self._latest.get(token) == b"" and token not in self._unsent:
            del self._latest[token]

    def checkpoint(self, message: Checkpoint) -> None:
        """A consumer says how far it has got; a mark of another epoch counts as nothing applied."""
        for stream, mark in message.streams.items():
            out = self.streams.get(stream)
            if out is not None and (message.consumer in out.awaited or may_consume(message.consumer, stream)):
                seq = mark.seq if mark.epoch == self.records.epoch else 0
                if seq > out.furthest:  # numbers already used would be used again, and their messages passed over
                    self._doubt(
                        f"{message.consumer} has applied {stream} up to {seq}, and here it ends at {out.furthest}"
                    )
                    continue
                out.checkpoint(message.consumer, seq, mark.ask)

    def _doubt(self, found: str) -> None:
        """A consumer knows more than this ledger: it has gone back to an older copy, or somebody lies.

        A new epoch is right in both cases, and costs nothing. A process needs one at most: its own numbers it knows.
        """
        if self._renewed:
            raise UnreadableError(f"{found}; a new epoch has been begun for that before, so this is refused")
        self.gone_back = self.gone_back or found

    def seen(self, consumer: str, online: bool, applied: Mapping[str, Mark] | None = None) -> None:
        """A service's status says whether it is there, and how far it has applied what comes from here."""
        for stream, out in self.streams.items():
            out.seen(consumer, online)
            mark = (applied or {}).get(stream)
            if online and mark is not None and mark.epoch == self.records.epoch:
                out.note_applied(consumer, mark.seq)

    @property
    def unsent(self) -> bool:
        """Whether something is waiting to leave, or for its confirmation."""
        return bool(self._unsent) or any(
            out.published < out.head
            for stream, out in self.streams.items()
            if stream != OFFERS or self.ingest_consumers
        )

    def lag(self, stream: str) -> int:
        """How many rows of a stream the slowest awaited consumer has yet to apply."""
        return self.streams[stream].lag

    def ends(self) -> dict[str, StreamEnds]:
        """Return floor and head of every stream, for ``status/…``."""
        return {stream: StreamEnds(floor=out.floor, head=out.head) for stream, out in self.streams.items()}
