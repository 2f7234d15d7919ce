"""What an event says to a person: its type's sentence, else its type's description."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo

from shared.event_text.sentence import OWN, Sentence, render
from shared.event_text.values import written
from shared.messages import Event


@dataclass(frozen=True, slots=True)
class TypeText:
    """One type's words. ``shapes`` are its fields' units, as the catalogue's ``data`` has them."""

    description: str
    sentence: Sentence | None = None
    shapes: Mapping[str, str] = field(default_factory=dict)


EventTexts = Mapping[str, TypeText]


def event_text(event: Event, texts: EventTexts, zone: tzinfo | None = UTC) -> str | None:
    """Return the event in words, times in ``zone`` (None: this machine's); None for a type without any."""
    words = texts.get(event.type)
    if words is None:
        return None
    found = None if words.sentence is None else render(words.sentence, lambda name: _field(event, words, name, zone))
    return found or words.description


def _field(event: Event, words: TypeText, name: str, zone: tzinfo | None) -> str | None:
    if name not in event.data and name in OWN:
        own = {"device": event.device, "zone": event.zone, "type": event.type}[name]
        return written(name, own, "text", event.time, zone)
    return written(name, event.data.get(name), words.shapes.get(name, "any"), event.time, zone)
