"""``docs/events.md``: the shipped catalogue as a page, with what the shipped rules make each type of."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from pathlib import Path

from services.event_processor.core.catalogue.event_types import EventType
from services.event_processor.core.rules.causes import causes
from services.event_processor.settings import EventsSettings, ProcessorSettings
from shared.settings import read_settings

HEAD = """# Events

Generated from `config/events.yaml` and `config/event_processor.yaml` by `make docs`; do not edit. Every type there is,
what causes it as shipped, the fields of its data with their units, the triggers published with it, and its clearing
twin. Each event adds one to the counter of its type. Add types and rules of your own in those files: no code is
needed. What no rule causes comes from a service, a controller or a script, by way of `ingest/…` or the stream `offer`.
"""

COLUMNS = """\
| type | severity | what happened | caused by | data | triggers | twin |
|---|---|---|---|---|---|---|
"""


def documents(root: Path) -> dict[str, str]:
    """Return the page by its path."""
    events = read_settings(root / "config", "events", EventsSettings, {}).events
    processor = read_settings(root / "config", "event_processor", ProcessorSettings, {})
    return {"docs/events.md": render(events, causes(processor.rules, processor.chemistries))}


def render(events: Mapping[str, EventType], caused: Mapping[str, list[str]]) -> str:
    """Return the catalogue as Markdown, a table a category, in the catalogue's order."""
    cleared = {name: [other for other, kind in events.items() if name in kind.clears] for name in events}
    parts = [HEAD]
    for category, rows in groupby(events.items(), key=lambda item: item[1].category):
        parts.append(f"\n## {category}\n\n{COLUMNS}")
        parts += [_row(name, event, caused.get(name, []), cleared[name]) for name, event in rows]
    return "".join(parts)


def _row(name: str, event: EventType, caused: list[str], cleared: list[str]) -> str:
    twin = [f"clears {_code(event.clears)}"] if event.clears else []
    twin += [f"cleared by {_code(cleared)}"] if cleared else []
    data = ", ".join(f"`{field}` {shape}" for field, shape in event.data.items())
    columns = (f"`{name}`", event.severity, event.description, "; ".join(caused), data, _code(event.triggers))
    return f"| {' | '.join(columns)} | {'; '.join(twin)} |\n"


def _code(names: list[str] | tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)
