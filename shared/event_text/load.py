"""The sentences of a configuration folder's ``events.yaml``. Whether the file is right, event_processor says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from shared.event_text.sentence import parse_sentence
from shared.event_text.texts import EventTexts, TypeText
from shared.settings import ConfigError, Fault, read_settings


class _Type(BaseModel):
    model_config = ConfigDict(extra="ignore")

    description: str
    sentence: str | None = None
    data: dict[str, str] = {}


class _Events(BaseModel):
    model_config = ConfigDict(extra="ignore")

    events: dict[str, _Type] = {}


def load_event_texts(folder: Path, environ: Mapping[str, str]) -> EventTexts:
    """Return the words of every type; raises ConfigError where the file is there and cannot be used."""
    if not (folder / "events.yaml").exists():
        return {}
    return {name: _text(folder, name, each) for name, each in _read(folder, environ).items()}


def _read(folder: Path, environ: Mapping[str, str]) -> dict[str, _Type]:
    return read_settings(folder, "events", _Events, environ).events


def _text(folder: Path, name: str, found: _Type) -> TypeText:
    try:
        sentence = None if found.sentence is None else parse_sentence(found.sentence)
    except ValueError as error:
        raise ConfigError([Fault(str(folder / "events.yaml"), f"events.{name}.sentence", str(error))]) from None
    return TypeText(found.description, sentence, found.data)
