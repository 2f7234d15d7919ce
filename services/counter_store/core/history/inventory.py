"""What can be exported, and what was imported as totals without events."""

from __future__ import annotations

from services.counter_store.core.answers import Answer, Dated
from shared.messages import Time


class Opening(Answer):
    """An imported total: of the store or program ``origin``, from the file ``label``."""

    origin: str
    label: str
    type: str
    count: int
    at: Time


class Inventory(Dated):
    """``origin`` distinguishes this store from others; ``held`` is how many events of each type are in the history."""

    site: str
    origin: str
    held: dict[str, int]
    openings: tuple[Opening, ...]
