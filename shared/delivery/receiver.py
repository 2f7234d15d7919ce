"""The receiving half of delivery: from payloads to messages applied once and in order, with marks and asks."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from pydantic import ValidationError

from shared.delivery.inbound import Inbound, Loss, Verdict
from shared.delivery.records import EPOCHS_KEPT, Records
from shared.messages import Candidate, Checkpoint, Mark, Message, Resend, Sequenced, Status

log = logging.getLogger(__name__)

M = TypeVar("M", bound=Message)
Track = tuple[str, str, str]  # producer, stream, epoch
CHECKPOINT_S = 0.2
GAP = "system.stream.gap"
PLACE_CHARS = 100  # of where in a payload a fault is: the keys there may be a sender's noise


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A message that has its place in a stream but cannot be read: it is set aside, and the stream goes on."""

    received_on: str
    payload: bytes
    reason: str


Readable = Sequenced | Unreadable


class Receiver:
    """All streams one consumer applies. ``models`` gives the message model of each stream."""

    def __init__(self, name: str, records: Records, models: Mapping[str, type[Sequenced]], window: int) -> None:
        self.name = name
        self.records = records
        self.models = models
        self.window = window
        self.tracks: dict[Track, Inbound[Readable]] = {}
        self.current: dict[str, str] = {}  # producer → epoch
        self.lost = 0
        for track, seq in records.applied().items():
            self.tracks[track] = Inbound(applied=seq, known=True, room=window, head=seq)
            self.current[track[0]] = track[2]
        self._dirty: set[Track] = set()
        self._due: dict[str, int] = {}  # producer → messages applied since its last checkpoint
        self._checkpointed_at: dict[str, float] = {}
        self._away: set[str] = set()  # producers whose last word was not online

    # ---- what comes in

    def receive(self, stream: str, topic: str, payload: bytes, now: float) -> Iterator[Readable]:
        """Yield the messages that may be applied now. Raises UnreadableError for what has no place in a stream."""
        message: Readable
        try:
            message = place = decode(self.models[stream], payload)
        except UnreadableError as error:
            place = decode(Sequenced, payload)  # raises again when not even that can be read
            message = Unreadable(topic, payload, str(error))
        if not place.producer or not place.epoch or place.seq < 1:
            raise UnreadableError("no producer, epoch and seq; offer events on ingest/… instead")
        track = (place.producer, stream, place.epoch)
        inbound = self._inbound(track)
        verdict = inbound.offer(place.seq, message, now)
        if verdict is Verdict.APPLY:
            yield self._applied(track, message)
            yield from self._drain(track, inbound, now)

    def resent(self, answer: Resend, now: float) -> Iterator[Readable | tuple[Track, Loss]]:
        """Yield what a producer's answer makes applicable, and what it says is lost."""
        self._note_epoch(answer.producer, answer.epoch)
        track = (answer.producer, answer.stream, answer.epoch)
        inbound = self._inbound(track)
        if (loss := inbound.settle(answer.floor, answer.head, now)) is not None:
            yield self._note_loss(track, loss)
        if inbound.applied:
            self._touch(track)
        yield from self._drain(track, inbound, now)
        for resent in answer.messages:
            yield from self.receive(answer.stream, resent.topic_name, resent.payload.encode(), now)
        yield from self._abandon_past(track, now)

    def announced(self, status: Status, now: float) -> None:
        """A producer's status names its epoch and what its streams hold."""
        if status.state != "online" or status.epoch is None:
            self._away.add(status.service)
            return
        if status.service in self._away:  # it may have died before it wrote down what it was told
            self._away.discard(status.service)
            self._checkpoint_again(status.service)
        self._note_epoch(status.service, status.epoch)
        for stream, ends in status.streams.items():
            if stream in self.models and (ends.head or (status.service, stream, status.epoch) in self.tracks):
                self._inbound((status.service, stream, status.epoch)).announce(ends.floor, ends.head, now)

    def reached(self, producer: str, epoch: str, stream: str, head: int) -> bool:
        """Whether everything up to ``head`` of a producer's stream has been applied."""
        inbound = self.tracks.get((producer, stream, epoch))
        return head == 0 or (inbound is not None and inbound.applied >= head)

    def _note_epoch(self, producer: str, epoch: str) -> None:
        if self.current.get(producer) != epoch:
            self.current[producer] = epoch
            self._due.setdefault(producer, 0)

    def _inbound(self, track: Track) -> Inbound[Readable]:
        inbound = self.tracks.get(track)
        if inbound is None:
            stranger = not any(known[:2] == track[:2] for known in self.tracks)
            inbound = self.tracks[track] = Inbound(room=self.window, newcomer=stranger)
            self.current.setdefault(track[0], track[2])
        return inbound

    def _drain(self, track: Track, inbound: Inbound[Readable], now: float) -> Iterator[Readable]:
        for message in inbound.successors(now):
            yield self._applied(track, message)

    def _applied(self, track: Track, message: Readable) -> Readable:
        self._touch(track)
        self._due[track[0]] = self._due.get(track[0], 0) + 1
        return message

    def _touch(self, track: Track) -> None:
        self._dirty.add(track)
        self._due.setdefault(track[0], 0)

    def _note_loss(self, track: Track, loss: Loss) -> tuple[Track, Loss]:
        self.lost += loss.last - loss.first + 1
        self._touch(track)
        log.error(
            "%s lost %s %d to %d of %s: the producer no longer holds them",
            self.name,
            track[1],
            loss.first,
            loss.last,
            track[0],
        )
        return track, loss

    def _abandon_past(self, present: Track, now: float) -> Iterator[Readable | tuple[Track, Loss]]:
        for track, inbound in list(self.tracks.items()):
            if track[:2] == present[:2] and track != present and inbound.behind:
                while (loss := inbound.abandon(now)) is not None:
                    yield self._note_loss(track, loss)
                    yield from self._drain(track, inbound, now)

    # ---- inside the transaction

    def write(self) -> None:
        """Keep how far every touched stream has got."""
        if not self._dirty:
            return
        fresh = {track: self.tracks[track].applied for track in self._dirty}
        self.records.save_applied(fresh)
        for producer, stream, _ in fresh:
            if sum(track[:2] == (producer, stream) for track in self.tracks) > EPOCHS_KEPT:
                self.records.forget_epochs(producer, stream)
        self._dirty.clear()

    # ---- after the commit

    def checkpoints(self, now: float) -> Iterator[Checkpoint]:
        """Yield the checkpoints that are due: progress to tell, or something to ask for."""
        asking = {track for track, inbound in self.tracks.items() if self._current(track) and inbound.must_ask(now)}
        for producer in {track[0] for track in asking} | set(self._due):
            asks = any(track[0] == producer for track in asking)
            waited = now - self._checkpointed_at.get(producer, float("-inf")) >= CHECKPOINT_S
            if asks or waited or self._due.get(producer, 0) >= self.window // 4:
                self._due.pop(producer, None)
                self._checkpointed_at[producer] = now
                yield self._checkpoint(producer, asking)

    def _checkpoint(self, producer: str, asking: set[Track]) -> Checkpoint:
        streams = {
            track[1]: Mark(epoch=track[2], seq=inbound.applied, ask=track in asking)
            for track, inbound in self.tracks.items()
            if track[0] == producer and self._current(track)
        }
        return Checkpoint(consumer=self.name, producer=producer, streams=streams)

    def _current(self, track: Track) -> bool:
        return self.current.get(track[0]) == track[2]

    def reconnected(self) -> None:
        """After a reconnect every producer is told again how far this consumer has got."""
        for producer in self.current:
            self._checkpoint_again(producer)

    def _checkpoint_again(self, producer: str) -> None:
        if producer in self.current:
            self._due.setdefault(producer, 0)
            self._checkpointed_at.pop(producer, None)

    @property
    def restless(self) -> bool:
        """Whether time alone may make something due."""
        return bool(self._due) or any(i.behind for t, i in self.tracks.items() if self._current(t))

    def marks(self) -> dict[str, dict[str, Mark]]:
        """Return how far each producer's streams are applied, for ``status/…``."""
        marks: dict[str, dict[str, Mark]] = {}
        for (producer, stream, epoch), inbound in self.tracks.items():
            if self.current.get(producer) == epoch:
                marks.setdefault(producer, {})[stream] = Mark(epoch=epoch, seq=inbound.applied)
        return marks


class UnreadableError(ValueError):
    """A payload that cannot be read, or does not say where in its stream it belongs; names every fault."""


def decode(model: type[M], payload: bytes) -> M:
    """Return ``payload`` as ``model``; raises UnreadableError with field, fault and what was found."""
    try:
        return model.model_validate_json(payload)
    except ValidationError as error:
        parts = []
        for item in error.errors(include_url=False)[:5]:
            place = ".".join(str(step) for step in item["loc"])[:PLACE_CHARS]
            parts.append(f"{place or 'payload'}: {item['msg']} (got {repr(item['input'])[:60]})")
        raise UnreadableError("; ".join(parts)) from None


def gap(producer: str, stream: str, epoch: str, loss: Loss) -> Candidate:
    """Return the event that tells of messages lost for good; its id follows from them."""
    first, last = loss.first, loss.last
    data = {"producer": producer, "stream": stream, "first": first, "last": last, "count": last - first + 1}
    return Candidate(type=GAP, id=f"gap/{producer}/{stream}/{epoch}/{first}-{last}", data=data)
