"""Latest values that a handler receives without a place in a stream: states, alerts, statuses, results.

They are best effort: a value may come twice, and what was published while nobody listened does not come again,
except the last one of a retained topic, which the broker keeps.
"""

from __future__ import annotations

from collections.abc import Iterable

from shared.delivery.decoding import decode
from shared.kinds import model_of
from shared.messages import Message
from shared.topics import Topics


def filters(kinds: Iterable[str], topics: Topics) -> list[str]:
    """Return what to subscribe to; every service subscribes to ``status/…`` in any case."""
    return [topics.every(kind) for kind in kinds if kind != "status"]


def decode_value(kind: str, payload: bytes) -> Message:
    """Return a latest value of ``kind``; raises UnreadableError."""
    return decode(model_of(kind), payload)
