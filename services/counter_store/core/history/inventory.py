"""What there is to be exported, and what was imported without its events."""

from __future__ import annotations

from services.counter_store.core.answers import Answer, Dated
from shared.messages import Time


class Opening(Answer):
    """A total that came from elsewhere: of the store or program ``origin``, in the file ``label``."""

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
