"""``docs/events.md``: the shipped catalogue as a page."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from services.event_processor.core.catalogue import EventType
from services.event_processor.settings import EventsSettings
from shared.settings import read_settings

HEAD = """# Events

Generated from `config/events.yaml` by `make docs`; do not edit. Every type that is counted, its severity,
and the triggers published with it. Add your own in that file: no code is needed.
"""

COLUMNS = """\
| type | severity | what happened | triggers | clears |
|---|---|---|---|---|
"""


def documents(root: Path) -> dict[str, str]:
    """Return the page by its path."""
    events = read_settings(root / "config", "events", EventsSettings, {}).events
    return {"docs/events.md": render(events)}


def render(events: dict[str, EventType]) -> str:
    """Return the catalogue as Markdown, a table a category, in the catalogue's order."""
    parts = [HEAD]
    for category, rows in groupby(events.items(), key=lambda item: item[1].category):
        parts.append(
            f"\n## {category}\n\n| type | severity | what happened | triggers | clears |\n|---|---|---|---|---|\n"
        )
        parts += [_row(name, event) for name, event in rows]
    return "".join(parts)


def _row(name: str, event: EventType) -> str:
    triggers = ", ".join(f"`{trigger}`" for trigger in event.triggers)
    clears = ", ".join(f"`{cleared}`" for cleared in event.clears)
    return f"| `{name}` | {event.severity} | {event.description} | {triggers} | {clears} |\n"
