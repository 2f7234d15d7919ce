"""A track: where one stream of one producer's one life stands in a ledger."""

from __future__ import annotations

from typing import NamedTuple


class Track(NamedTuple):
    """The key of everything that a consumer keeps of a stream. ``epoch`` is the life of the producer's ledger."""

    site: str
    producer: str
    stream: str
    epoch: str
