"""A row of the outbox."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Row(NamedTuple):
    """One message in the outbox. ``mapping``: the attributes as they were, of a row that was not read back."""

    stream: str
    seq: int
    topic: str
    payload: bytes
    attributes: str | None
    written: float
    mapping: Mapping[str, str] | None = None
