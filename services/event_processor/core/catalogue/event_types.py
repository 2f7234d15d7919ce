"""The catalogue: every event type, as data (``config/events.yaml``)."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, model_validator

from services.event_processor.core.catalogue.data_shapes import Shape
from shared.event_text.sentence import OWN, fields_of, parse_sentence
from shared.messages import AnyCaseSeverity, Name

Category = Literal["power", "battery", "system", "safety", "sensor", "device", "control"]


class EventType(BaseModel):
    """One event type. ``triggers`` are published with it; ``clears`` names the types that it ends.

    ``data`` declares its fields (``data_shapes``), ``required`` those that an offer from outside must have.
    ``counter``: each event adds one; there is no other kind. ``sentence``: the event in words (``shared.event_text``).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    category: Category
    severity: AnyCaseSeverity
    description: str
    sentence: str | None = None
    counter: Literal["increment"] = "increment"
    triggers: tuple[Name, ...] = ()
    clears: tuple[Name, ...] = ()
    data: dict[Name, Shape] = {}
    required: tuple[Name, ...] = ()

    @model_validator(mode="after")
    def _requires_what_it_has(self) -> EventType:
        for name in self.required:
            if name not in self.data:
                raise ValueError(f"required names {name!r}, which data does not have")
        return self

    @model_validator(mode="after")
    def _sentence_can_be_written(self) -> EventType:
        try:
            sentence = parse_sentence(self.sentence or "")
        except ValueError as error:
            raise ValueError(f"sentence {error}") from None
        for name in fields_of(sentence):
            if name not in self.data and name not in OWN:
                near = suggestion(name, [*self.data, *OWN])
                raise ValueError(f"sentence asks for {{{name}}}, which data does not have{near}")
        return self


Catalogue = Mapping[str, EventType]


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return ``; did you mean 'X'?`` for the nearest known name, whatever its case; empty if none is near."""
    by_lower = {candidate.lower(): candidate for candidate in known}
    close = difflib.get_close_matches(name.lower(), by_lower, n=1)
    return f"; did you mean {by_lower[close[0]]!r}?" if close else ""
