"""What the pipeline asks of the outside."""

from __future__ import annotations

from typing import Protocol


class SeenIds(Protocol):
    """Remembers what has been taken by its sender's id."""

    def is_new(self, producer: str, identity: str) -> bool:
        """Note it; returns whether it had not been taken before."""


class _Everything:
    """SeenIds that know nothing yet."""

    def is_new(self, producer: str, identity: str) -> bool:
        """Whatever it is, it is new."""
        return (producer, identity) is not None


EVERYTHING: SeenIds = _Everything()
