"""A row of the outbox."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One message in the outbox."""

    stream: str
    seq: int
    topic: str
    payload: bytes
    attributes: str | None
    written: float
