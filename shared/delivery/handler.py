"""The port between a service's own work (its handler) and the delivery that carries it.

A handler is any object that implements one or more of the small protocols below; it implements only what its service
needs. ``Handlers.of`` finds out which, and refuses a handler that lacks what its route needs. A handler never sees
MQTT, threads or the clock. Delivery calls it on one thread, inside one ledger transaction per batch, and what it
emits commits with what it applied.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from shared.messages import Message, Sequenced
from shared.requests import Command
from shared.topics import Topics

_TREE = Topics()  # only to distinguish retained topics in an InMemoryPublisher
Figures = Mapping[str, bool | int | float | str]


class Publisher(Protocol):
    """Where a handler puts what it publishes. Nothing leaves before the batch has committed."""

    def emit(self, message: Sequenced) -> None:
        """Append to the message's stream in the outbox, which stamps the envelope."""

    def retain(self, message: Message) -> None:
        """Publish the latest value of the message's retained topic; only the last one of a batch goes out."""

    def publish_replaced(self, message: Message) -> None:
        """Publish a value that a later one of the same batch replaces, before that one, to those who listen now."""

    def clear(self, kind: str, *parts: str) -> None:
        """Empty a retained topic, for example ``alert/{rule}/{key}``: what it reported exists no more."""

    def reject(self, received_on: str, payload: bytes, reason: str) -> None:
        """Send input that cannot be used to ``deadletter/…`` with the reason."""


@runtime_checkable
class StreamHandler(Protocol):
    """Applies messages of the durable streams that the route consumes."""

    def apply(self, message: Sequenced) -> None:
        """Apply the next message of a stream: exactly once, in order per producer and stream."""


@runtime_checkable
class OfferHandler(Protocol):
    """Receives what is offered on ``ingest/…``; its route says ``consumes_offers``."""

    def offer(self, producer: str, message: Message, received_on: str, payload: bytes) -> None:
        """Take a message that came without a sequence: at least once, best effort."""


@runtime_checkable
class EventTimeHandler(Protocol):
    """Has windows that end by event time."""

    def advance(self, event_time: datetime) -> None:
        """Event time has reached ``event_time`` and everything before it has been applied.

        It goes back only where a ``CLOCK_JUMP`` that has been applied put it back.
        """


@runtime_checkable
class BatchHandler(Protocol):
    """Collects changes and writes them once a batch."""

    def flush(self) -> None:
        """The batch ends: write memory to the ledger and publish retained values."""


@runtime_checkable
class LossHandler(Protocol):
    """Records what was lost for good."""

    def lost(self, producer: str, stream: str, first: int, last: int) -> None:
        """Messages ``first`` to ``last`` of a stream are gone for good: the producer no longer holds them."""


@runtime_checkable
class FiguresHandler(Protocol):
    """Reports figures of its own in ``status/…``."""

    def figures(self) -> Figures:
        """Return the figures."""


class RefusedError(Exception):
    """A request or command that cannot be met; the text says why, for the person who asked.

    A handler raises it before it has changed anything.
    """


@runtime_checkable
class RequestHandler(Protocol):
    """Answers ``request/{service}/…``; its route says ``answers=True``."""

    def answer(self, name: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the answer to the request ``name``, in bounded time and below a megabyte; raises RefusedError."""


@runtime_checkable
class CommandHandler(Protocol):
    """Executes ``command/{target}/…``; its route names the targets."""

    def execute(self, command: Command) -> Mapping[str, Any]:
        """Execute it and return the result's data; raises RefusedError. Called once for each id."""


@runtime_checkable
class RetainedHandler(Protocol):
    """Follows latest values; its route says of which kinds (``follows``)."""

    def follow(self, message: Message, *, retained: bool) -> None:
        """Receive a value, perhaps more than once; ``retained``: the broker kept it, and it may be of any age."""


@runtime_checkable
class RetainedSetHandler(Protocol):
    """Must know what is there no more; its route follows values, and its session is not persistent."""

    def cleared(self, kind: str, parts: tuple[str, ...]) -> None:
        """A topic of a kind that is followed was emptied: what it reported exists no more."""

    def begin_set(self) -> None:
        """A connection begins: the broker gives every value that it keeps anew."""

    def end_set(self) -> None:
        """``follow`` has had every value that the broker kept when the connection began, or a newer one."""


MessageHandler = (
    StreamHandler
    | OfferHandler
    | EventTimeHandler
    | BatchHandler
    | LossHandler
    | FiguresHandler
    | RequestHandler
    | CommandHandler
    | RetainedHandler
    | RetainedSetHandler
)


class HandlerError(TypeError):
    """A handler that lacks what its service's route needs; says which method."""


@dataclass(frozen=True, slots=True)
class Handlers:
    """What one handler implements, each None where it does not."""

    stream: StreamHandler | None
    offer: OfferHandler | None
    event_time: EventTimeHandler | None
    batch: BatchHandler | None
    loss: LossHandler | None
    figures: FiguresHandler | None
    request: RequestHandler | None
    command: CommandHandler | None
    retained: RetainedHandler | None
    retained_set: RetainedSetHandler | None

    @classmethod
    def of(cls, handler: object) -> Handlers:
        """Find out what ``handler`` implements."""
        return cls(
            stream=handler if isinstance(handler, StreamHandler) else None,
            offer=handler if isinstance(handler, OfferHandler) else None,
            event_time=handler if isinstance(handler, EventTimeHandler) else None,
            batch=handler if isinstance(handler, BatchHandler) else None,
            loss=handler if isinstance(handler, LossHandler) else None,
            figures=handler if isinstance(handler, FiguresHandler) else None,
            request=handler if isinstance(handler, RequestHandler) else None,
            command=handler if isinstance(handler, CommandHandler) else None,
            retained=handler if isinstance(handler, RetainedHandler) else None,
            retained_set=handler if isinstance(handler, RetainedSetHandler) else None,
        )


class InMemoryPublisher:
    """A Publisher that keeps what it is given: for tests, and to compose handlers without a broker."""

    def __init__(self) -> None:
        self.emitted: list[Sequenced] = []
        self.retained: dict[str, Message] = {}
        self.replaced: list[Message] = []
        self.rejected: list[tuple[str, bytes, str]] = []

    def emit(self, message: Sequenced) -> None:
        """Keep the message."""
        self.emitted.append(message)

    def retain(self, message: Message) -> None:
        """Keep the latest message by its topic."""
        self.retained[message.topic(_TREE)] = message

    def publish_replaced(self, message: Message) -> None:
        """Keep the message."""
        self.replaced.append(message)

    def clear(self, kind: str, *parts: str) -> None:
        """Forget the latest message of a topic."""
        self.retained.pop(_TREE.build(kind, *parts), None)

    def reject(self, received_on: str, payload: bytes, reason: str) -> None:
        """Keep the refusal."""
        self.rejected.append((received_on, payload, reason))

    def drain(self) -> Sequence[Sequenced]:
        """Return what was emitted since the last call, in order."""
        drained, self.emitted = self.emitted, []
        return drained
