"""The sentences of a configuration folder's ``events.yaml``, as far as they can be read.

event_processor checks the file as a whole. A fault found here has event_processor's words, so that a list of faults has
it once.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, model_validator

from shared.config_files import files_of
from shared.event_text.sentence import parse_sentence
from shared.event_text.texts import EventTexts, TypeText
from shared.settings import read_settings


class _Type(BaseModel):
    model_config = ConfigDict(extra="ignore", defer_build=True)

    description: str
    sentence: str | None = None
    data: dict[str, str] = {}

    @model_validator(mode="after")
    def _sentence_can_be_read(self) -> _Type:
        try:
            parse_sentence(self.sentence or "")
        except ValueError as error:
            raise ValueError(f"sentence {error}") from None
        return self


class _Events(BaseModel):
    model_config = ConfigDict(extra="ignore", defer_build=True)

    events: dict[str, _Type] = {}


def load_event_texts(folder: Path, environ: Mapping[str, str]) -> EventTexts:
    """Return the words of every type; raises ConfigError where the file is there and cannot be used."""
    if not files_of(folder, "events", environ):
        return {}
    found = read_settings(folder, "events", _Events, environ).events
    return {name: _text(each) for name, each in found.items()}


def _text(found: _Type) -> TypeText:
    sentence = None if found.sentence is None else parse_sentence(found.sentence)
    return TypeText(found.description, sentence, found.data)
