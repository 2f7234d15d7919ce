"""What category and severity a type has, by ``config/events.yaml``: of events from where there were none."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel

from shared.messages import AnyCaseSeverity, Name, Severity
from shared.settings import read_settings
from upskeep.transfer.seed import Kind

UNKNOWN = ("other", Severity.WARNING.value)


class KnownKind(BaseModel):
    """A row of the catalogue, as far as an import needs it."""

    category: Name
    severity: AnyCaseSeverity


class KnownKinds(BaseModel):
    """The catalogue."""

    events: dict[str, KnownKind] = {}


def catalogued(folder: Path, environ: Mapping[str, str]) -> Kind:
    """Return what gives a type its category and severity; a type that is not in the file is ``other``, a warning.

    Raises ConfigError, also where there is no file: what is imported keeps its category for good.
    """
    known = read_settings(folder, "events", KnownKinds, environ).events

    def kind(name: str) -> tuple[str, str]:
        found = known.get(name)
        return UNKNOWN if found is None else (found.category, found.severity.value)

    return kind
