"""The ports of the pipeline."""

from __future__ import annotations

from typing import Protocol


class SeenIds(Protocol):
    """Remembers which ids of which producers have been accepted."""

    def is_new(self, producer: str, identity: str) -> bool:
        """Note an id; return whether it is new."""


class _Everything:
    """SeenIds without a memory."""

    def is_new(self, producer: str, identity: str) -> bool:
        """Return True."""
        return (producer, identity) is not None


EVERYTHING: SeenIds = _Everything()
