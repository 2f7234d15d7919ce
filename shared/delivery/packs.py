"""What travels as one message on the wire: several rows of a stream, one JSON object a line (docs/adr/0041)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Literal

from shared.delivery.decoding import UnreadableError
from shared.delivery.records import Row
from shared.mqtt import Publication

PACK_ROWS = 100
PACK_BYTES = 200_000  # of several rows; one alone may have more
MOST_LINES = 1000  # a reader's bound: what holds more is nobody's of ours


def packs(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """Yield the rows in order, cut into what travels together."""
    start = size = 0
    for place, row in enumerate(rows):
        if place > start and (place - start >= PACK_ROWS or size + len(row.payload) > PACK_BYTES):
            yield rows[start:place]
            start, size = place, 0
        size += len(row.payload) + 1
    if rows:
        yield rows[start:]


def first_within(rows: list[Row], most: int) -> list[Row]:
    """Return the first rows with ``most`` bytes of payloads together, and one at least."""
    size = 0
    for count, row in enumerate(rows):
        size += len(row.payload)
        if size > most and count:
            return rows[:count]
    return rows


def join(rows: Sequence[Row]) -> bytes:
    """Return the payload of a pack; that of one row is the row's."""
    return b"\n".join([row.payload for row in rows])


def split(payload: bytes) -> list[bytes]:
    """Return what a wire's message holds, in order; raises UnreadableError beyond ``MOST_LINES``."""
    count = payload.count(b"\n") + 1
    if count > MOST_LINES:
        raise UnreadableError(f"holds {count} lines; a message of the wire may hold {MOST_LINES}")
    return payload.split(b"\n")


def public_copy(row: Row, qos: Literal[0, 1] = 1) -> Publication:
    """Return what leaves of a row under the topic of its kind, for everybody."""
    attributes = row.mapping or (json.loads(row.attributes) if row.attributes else None)
    return Publication(row.topic, row.payload, attributes=attributes, qos=qos)
