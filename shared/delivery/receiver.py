"""The receiving half of delivery: from payloads to messages applied once and in order, with marks and asks.

Rules (docs/adr/0024):
1. The topic says who speaks. A payload that names somebody else, or a speaker that the registry does not let produce
   the stream, has no place in it and raises UnreadableError.
2. What is kept has bounds: ``PRODUCERS`` producers, ``EPOCHS_KEPT`` epochs of each, ``window`` messages held of each.
3. Nothing is stepped over on the word of one message: a floor counts up to the head that the producer's status
   announced.
4. A checkpoint names what has committed, and a status what is applied, which may be more (docs/adr/0047).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

from shared.delivery.decoding import UnreadableError, decode
from shared.delivery.inbound import Inbound, Loss, Verdict
from shared.delivery.records import EPOCHS_KEPT, Records
from shared.delivery.speakers import may_produce
from shared.delivery.track import Track
from shared.messages import Candidate, Checkpoint, Continued, Mark, Resend, Sequenced, Status

log = logging.getLogger(__name__)

CHECKPOINT_S = 0.2
CATCH_UP_S = 30.0  # after which nobody is waited for
PRODUCERS = 64  # of one stream; a site has a few readers
GAP = "system.stream.gap"


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
        self.site = records.site
        self.models = dict(models)
        self.window = window
        self.tracks: dict[Track, Inbound[Readable]] = {}
        self.current: dict[str, str] = {}  # producer → epoch
        self.lost = 0
        for track, seq in records.applied().items():
            self.tracks[track] = Inbound(applied=seq, known=True, room=window, head=seq)
            self.current[track.producer] = track.epoch
        self._dirty: set[Track] = set()
        self._durable = {track: inbound.applied for track, inbound in self.tracks.items()}
        self._written: dict[Track, int] = {}  # since the last commit
        self._unkept: dict[str, int] = {}  # producer → messages applied since the last commit
        self._due: dict[str, int] = {}  # producer → messages committed since its last checkpoint
        self._checkpointed_at: dict[str, float] = {}
        self._catches_up = bool(self.tracks)
        self._began_at: float | None = None
        self._away: set[str] = set()  # producers whose last status was not online

    def read_as(self, stream: str, model: type[Sequenced]) -> None:
        """Read a stream's messages as ``model``, which has all of them that is needed here."""
        self.models[stream] = model

    # ---- what comes in

    def receive(self, producer: str, stream: str, topic: str, payload: bytes, now: float) -> Sequence[Readable]:
        """Return the messages that may be applied now. Raises UnreadableError for what has no place in the stream."""
        message: Readable
        try:
            message = place = decode(self.models[stream], payload)
        except UnreadableError as error:
            place = decode(Sequenced, payload)  # raises again when not even that can be read
            message = Unreadable(topic, payload, str(error))
        if place.producer != producer:
            raise UnreadableError(f"its topic names the producer {producer}, and it says {place.producer!r}")
        if not place.epoch or place.seq < 1:
            raise UnreadableError("no epoch and seq; offer events on ingest/… instead")
        track = Track(self.site, producer, stream, place.epoch)
        inbound = self._inbound(track)
        if inbound.offer(place.seq, message, now) is not Verdict.APPLY:
            return ()
        self._count(track)
        return (message, *self._drain(track, inbound, now)) if inbound.held else (message,)

    def resent(self, answer: Resend, now: float) -> Iterator[Readable | tuple[Track, Loss]]:
        """Yield what a producer's answer makes applicable, and what it says is lost; raises UnreadableError."""
        track = Track(self.site, answer.producer, answer.stream, answer.epoch)
        inbound = self._inbound(track)
        self._note_epoch(answer.producer, answer.epoch)
        if answer.floor > max(inbound.announced, inbound.applied) + 1:
            raise UnreadableError(
                f"its floor is {answer.floor}, and the status of {answer.producer} has announced {answer.stream} up to "
                f"{inbound.announced}: nothing is stepped over"
            )
        if (loss := inbound.step_over(answer.floor, answer.head, now)) is not None:
            yield self._note_loss(track, loss)
        if inbound.applied:
            self._touch(track)
        yield from self._drain(track, inbound, now)
        for resent in answer.messages:
            yield from self.receive(answer.producer, answer.stream, resent.topic_name, resent.payload.encode(), now)
        yield from self._abandon_past(track, now)

    def announced(self, status: Status, now: float) -> None:
        """A producer's status names its epoch and what its streams hold."""
        if status.state != "online" or status.epoch is None:
            if status.service in self.current:
                self._away.add(status.service)
            return
        if status.service in self._away:  # it may have died before it wrote down what had reached it
            self._away.discard(status.service)
            self._checkpoint_again(status.service)
        is_new = self.current.get(status.service) != status.epoch
        for stream, ends in status.streams.items():
            track = Track(self.site, status.service, stream, status.epoch)
            if stream not in self.models or not (ends.head or track in self.tracks):
                continue
            reached = self._continued(track, status.continues) if is_new else None
            inbound = self._inbound(track)
            self._note_epoch(status.service, status.epoch)
            if reached is not None and not inbound.known:
                inbound.resume(reached)
                self._touch(track)
            inbound.announce(ends.floor, ends.head, now)

    def _continued(self, track: Track, earlier: Sequence[Continued]) -> int | None:
        """Return how far a new epoch has been applied already, where it goes on with one that is known; else None."""
        reached: int | None = None
        for before in earlier:
            known = self.tracks.get(track._replace(epoch=before.epoch))
            if known is not None:
                reached = known.applied
                known.end()
                self._touch(track._replace(epoch=before.epoch))
            if reached is not None and reached > before.end.get(track.stream, 0):
                reached = before.start.get(track.stream, 0)
        return reached

    def caught_up(self, now: float) -> bool:
        """Whether all that was applied before this start, and not committed, has come again, or a while has passed."""
        self._began_at = now if self._began_at is None else self._began_at
        current = [inbound for track, inbound in self.tracks.items() if self._current(track)]
        lacks = any(not inbound.announced or inbound.behind for inbound in current)
        self._catches_up = self._catches_up and lacks and now - self._began_at < CATCH_UP_S
        return not self._catches_up

    def is_only_producer(self, producer: str, stream: str) -> bool:
        """Whether no other producer of a stream is known here."""
        return all(track.producer == producer for track in self.tracks if track.stream == stream)

    def reached(self, producer: str, epoch: str, stream: str, head: int) -> bool:
        """Whether everything up to ``head`` of a producer's stream has been applied."""
        inbound = self.tracks.get(Track(self.site, producer, stream, epoch))
        return head == 0 or (inbound is not None and inbound.applied >= head)

    def _note_epoch(self, producer: str, epoch: str) -> None:
        if self.current.get(producer) != epoch:
            self.current[producer] = epoch
            self._due.setdefault(producer, 0)

    def _inbound(self, track: Track) -> Inbound[Readable]:
        """Return the track's machine; a new one within bounds. Raises UnreadableError for one that may not be."""
        inbound = self.tracks.get(track)
        if inbound is None:
            if not may_produce(track.producer, track.stream):
                raise UnreadableError(f"{track.producer} may not produce the stream {track.stream}")
            if track.producer not in self.current and len(self.current) >= PRODUCERS:
                raise UnreadableError(
                    f"{len(self.current)} producers are known, which is the bound: {track.producer} is one too many"
                )
            stranger = not any(known[:3] == track[:3] for known in self.tracks)
            inbound = self.tracks[track] = Inbound(room=self.window, newcomer=stranger)
            self.current.setdefault(track.producer, track.epoch)
            self._forget_epochs(track)
        return inbound

    def _forget_epochs(self, new: Track) -> None:
        """Let go of the oldest epochs of the producer's stream beyond the bound, but never of the one in use."""
        epochs = [track for track in self.tracks if track[:3] == new[:3]]
        spare = [track for track in epochs if track != new and not self._current(track)]
        for track in spare[: max(0, len(epochs) - EPOCHS_KEPT)]:
            del self.tracks[track]
            self._dirty.discard(track)
            self._durable.pop(track, None)
            self._written.pop(track, None)

    def _drain(self, track: Track, inbound: Inbound[Readable], now: float) -> Iterator[Readable]:
        for message in inbound.successors(now):
            self._count(track)
            yield message

    def _count(self, track: Track) -> None:
        self._dirty.add(track)
        self._unkept[track.producer] = self._unkept.get(track.producer, 0) + 1

    def _touch(self, track: Track) -> None:
        self._dirty.add(track)
        self._unkept.setdefault(track.producer, 0)

    def _note_loss(self, track: Track, loss: Loss) -> tuple[Track, Loss]:
        self.lost += loss.last - loss.first + 1
        self._touch(track)
        log.error(
            "%s lost %s %d to %d of %s: the producer no longer holds them",
            self.name,
            track.stream,
            loss.first,
            loss.last,
            track.producer,
        )
        return track, loss

    def _abandon_past(self, present: Track, now: float) -> Iterator[Readable | tuple[Track, Loss]]:
        for track, inbound in list(self.tracks.items()):
            if track[:3] == present[:3] and track != present and inbound.behind:
                while (loss := inbound.abandon(now)) is not None:
                    yield self._note_loss(track, loss)
                    yield from self._drain(track, inbound, now)

    # ---- inside the transaction

    def write(self) -> None:
        """Keep how far every touched stream has got."""
        if not self._dirty:
            return
        fresh = {track: self.tracks[track].applied for track in self._dirty}
        is_new = any(track not in self._durable for track in fresh)
        with nullcontext() if is_new else self.records.ledger.may_wait():
            self.records.save_applied(fresh)
        self._written |= fresh
        for producer, stream in {(track.producer, track.stream) for track in fresh}:
            if sum((track.producer, track.stream) == (producer, stream) for track in self.tracks) >= EPOCHS_KEPT:
                self.records.forget_epochs(producer, stream)
        self._dirty.clear()

    # ---- after the commit

    def committed(self) -> None:
        """What was written is on the disk: checkpoints may name it."""
        self._durable |= self._written
        self._written.clear()
        for producer, count in self._unkept.items():
            self._due[producer] = self._due.get(producer, 0) + count
        self._unkept.clear()

    def misses(self, now: float) -> bool:
        """Whether something is about to be asked for."""
        return any(inbound.misses(now) for track, inbound in self.tracks.items() if self._current(track))

    def checkpoints(self, now: float) -> Iterator[Checkpoint]:
        """Yield the checkpoints that are due: progress to publish, or something to ask for."""
        asking = {track for track, inbound in self.tracks.items() if self._current(track) and inbound.must_ask(now)}
        for producer in {track.producer for track in asking} | set(self._due):
            asks = any(track.producer == producer for track in asking)
            waited = now - self._checkpointed_at.get(producer, float("-inf")) >= CHECKPOINT_S
            if asks or waited or self._due.get(producer, 0) >= self.window // 4:
                self._due.pop(producer, None)
                self._checkpointed_at[producer] = now
                yield self._checkpoint(producer, asking)

    def _checkpoint(self, producer: str, asking: set[Track]) -> Checkpoint:
        streams = {
            track.stream: Mark(epoch=track.epoch, seq=self._durable.get(track, 0), ask=track in asking)
            for track in self.tracks
            if track.producer == producer and self._current(track)
        }
        return Checkpoint(consumer=self.name, producer=producer, streams=streams)

    def _current(self, track: Track) -> bool:
        return self.current.get(track.producer) == track.epoch

    def reconnected(self) -> None:
        """After a reconnect every producer gets a checkpoint again."""
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
        for track, inbound in self.tracks.items():
            if self._current(track):
                marks.setdefault(track.producer, {})[track.stream] = Mark(epoch=track.epoch, seq=inbound.applied)
        return marks


def gap(track: Track, loss: Loss) -> Candidate:
    """Return the event that reports messages lost for good; its id follows from them."""
    _, producer, stream, epoch = track
    first, last = loss.first, loss.last
    data = {"producer": producer, "stream": stream, "first": first, "last": last, "count": last - first + 1}
    return Candidate(type=GAP, id=f"gap/{producer}/{stream}/{epoch}/{first}-{last}", data=data)
