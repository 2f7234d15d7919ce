"""Any message of the suite as one readable line; its payload as it came is for ``--json``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError
from rich.text import Text

from shared.messages import Alert, Event, Message
from upskeep.text.message_text import PLAIN, LineStyle, line

MODELS: dict[str, type[Message]] = {"event": Event, "alert": Alert}
ENVELOPE = frozenset({"producer", "epoch", "seq", "id", "site", "root"})
LONGEST = 60


def payload_line(topic: str, payload: str, style: LineStyle = PLAIN) -> Text:
    """Return an event or alert in words, of everything else the topic and the fields of the payload."""
    if (model := MODELS.get(topic.partition("/")[0])) is not None and payload:
        try:
            if (found := line(model.model_validate_json(payload), style)) is not None:
                return found
        except ValidationError:
            pass  # shown as what it is
    text = Text().append(f"{topic}  ", style="cyan")
    return text.append(_fields(payload, style))


def _fields(payload: str, style: LineStyle) -> str:
    if not payload:
        return "(empty: what was retained is gone)"
    try:
        found = json.loads(payload)
    except ValueError:
        return payload
    if not isinstance(found, dict):
        return payload
    return "  ".join(f"{name}={value}" for name, value in _flat(found, style))


def _flat(found: Mapping[str, Any], style: LineStyle) -> Iterator[tuple[str, str]]:
    """Yield the fields, those of an object below it by its own names."""
    for name, value in found.items():
        if name in ENVELOPE or value in (None, "", [], {}):
            continue
        if isinstance(value, dict) and name in ("values", "data", "figures"):
            yield from _flat(value, style)
        else:
            yield name, _value(name, value, style)


def _value(name: str, value: Any, style: LineStyle) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str) and name in ("time", "since", "last_time", "event_time"):
        try:
            return style.times.second(value)
        except (ValueError, OverflowError):
            return value
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
