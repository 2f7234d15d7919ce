"""Who may say what on the wire, by the registry; the broker's ACL says the same, where there is one."""

from __future__ import annotations

from shared.kinds import KINDS
from shared.services import service_row


def may_produce(name: str, stream: str) -> bool:
    """Whether the service ``name`` may produce a sequenced stream."""
    kind = KINDS.get(stream)
    return kind is not None and kind.sequenced and kind.spoken_by(name)


def may_consume(name: str, stream: str) -> bool:
    """Whether the service ``name`` is one of a stream's durable consumers."""
    kind = KINDS.get(stream)
    try:
        return kind is not None and service_row(name).name in kind.consumers
    except KeyError:
        return False


def has_consumers(stream: str) -> bool:
    """Whether a stream has durable consumers, and so travels on the wire."""
    kind = KINDS.get(stream)
    return kind is not None and kind.sequenced and bool(kind.consumers)
