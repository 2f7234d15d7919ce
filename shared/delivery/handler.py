"""The port between a service's own work (a stage) and the delivery that carries it.

A stage never sees MQTT, threads or the clock. Delivery calls it on one thread, inside one ledger
transaction per batch, and what it emits commits with what it applied.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from shared.messages import Message, Sequenced
from shared.requests import Command
from shared.topics import Topics

_TREE = Topics()  # only to tell retained topics apart in a Recorder


class Publisher(Protocol):
    """Where a stage puts what it has to say. Nothing leaves before the batch has committed."""

    def emit(self, message: Sequenced) -> None:
        """Append to the message's stream in the outbox; the envelope is stamped on the way."""

    def retain(self, message: Message) -> None:
        """Publish the latest value of the message's retained topic; only the last one of a batch goes out."""

    def clear(self, kind: str, *parts: str) -> None:
        """Empty a retained topic, ``alert/{rule}/{key}`` say: what it told of is no more."""

    def reject(self, received_on: str, payload: bytes, reason: str) -> None:
        """Send input that cannot be used to ``deadletter/…`` with the reason."""


class MessageHandler(Protocol):
    """One service's work. All calls come from one thread, inside the batch's transaction."""

    def apply(self, message: Sequenced) -> None:
        """Take the next message of a durable stream: exactly once, in order per producer and stream."""

    def offer(self, producer: str, message: Message, received_on: str, payload: bytes) -> None:
        """Take a message that came without a sequence (``ingest/…``): at least once, best effort."""

    def advance(self, event_time: datetime) -> None:
        """Event time has reached ``event_time`` and everything before it has been applied.

        It goes back only where a ``CLOCK_JUMP`` that has been applied put it back.
        """

    def flush(self) -> None:
        """The batch ends: write memory to the ledger and put retained values out."""

    def lost(self, producer: str, stream: str, first: int, last: int) -> None:
        """Messages ``first`` to ``last`` of a stream are gone for good: the producer no longer holds them."""

    def figures(self) -> Mapping[str, bool | int | float | str]:
        """Return vital figures for ``status/…``."""


class RefusedError(Exception):
    """A question or command that cannot be met; the text says why, for the person who asked.

    A stage raises it before it has changed anything.
    """


@runtime_checkable
class Answering(Protocol):
    """A stage that answers ``request/{service}/…``; its route says ``answers=True``."""

    def answer(self, name: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the answer to the question ``name``, in bounded time and below a megabyte; raises RefusedError."""


@runtime_checkable
class Obeying(Protocol):
    """A stage that does what ``command/{target}/…`` wants; its route names the targets."""

    def obey(self, command: Command) -> Mapping[str, Any]:
        """Do it, and return what came of it; raises RefusedError. Called once for each id."""


@runtime_checkable
class Following(Protocol):
    """A stage that hears latest values; its route says of which kinds (``follows``)."""

    def follow(self, message: Message, *, retained: bool) -> None:
        """Take a value; ``retained``: the broker kept it, and it may be of any age. It may come more than once."""


class Recorder:
    """An Outlet that keeps what it is given: for tests and for composing stages without a broker."""

    def __init__(self) -> None:
        self.emitted: list[Sequenced] = []
        self.retained: dict[str, Message] = {}
        self.rejected: list[tuple[str, bytes, str]] = []

    def emit(self, message: Sequenced) -> None:
        """Keep the message."""
        self.emitted.append(message)

    def retain(self, message: Message) -> None:
        """Keep the latest message by its class and identifying fields."""
        self.retained[_identity(message)] = message

    def clear(self, kind: str, *parts: str) -> None:
        """Forget the latest message of a topic."""
        self.retained.pop(_TREE.build(kind, *parts), None)

    def reject(self, received_on: str, payload: bytes, reason: str) -> None:
        """Keep the refusal."""
        self.rejected.append((received_on, payload, reason))

    def take(self) -> Sequence[Sequenced]:
        """Return what was emitted since the last call, in order."""
        taken, self.emitted = self.emitted, []
        return taken


def _identity(message: Message) -> str:

    return message.topic(_TREE)
