"""Incidents on the wire: events that event_processor found to belong together."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from shared.messages import AnyCaseSeverity, Message, Name, Time
from shared.names import Id
from shared.values import Count


class Incident(Message):
    """Events that belong together by a named pattern: the newest incident of that pattern and key, as it stands.

    ``end`` and ``why`` (``ended`` by an event, ``quiet``) are absent while it is open. ``events`` names the first 50.
    """

    id: Id
    pattern: Name
    key: Name
    severity: AnyCaseSeverity
    start: Time
    last: Time
    end: Time | None = None
    why: Literal["ended", "quiet"] | None = None
    count: Count
    events: Annotated[tuple[Id, ...], Field(max_length=1000)]
