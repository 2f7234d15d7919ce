"""Event types in a configuration: by name, or by an MQTT filter over their topics.

``AC_POWER_LOSS`` is a type. A text with a slash or a wildcard is a filter over ``{category}/{type}``: ``battery/#``,
``sensor/+`` (the readings, but not ``sensor/threshold/exceeded``), ``#``. All types are known at the start, when each
filter becomes a set of types.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import AfterValidator

from services.event_processor.core.catalogue.event_types import Catalogue
from shared.topics import NAME, type_levels


def _sound(text: str) -> str:
    *levels, last = text.split("/")
    if not all(level == "+" or NAME.match(level) for level in levels) or not (last in ("+", "#") or NAME.match(last)):
        raise ValueError("is neither an event type nor an MQTT filter such as battery/# or sensor/+")
    return text


TypeFilter = Annotated[str, AfterValidator(_sound)]


def is_name(text: str) -> bool:
    """Whether ``text`` names a single type."""
    return "/" not in text and text not in ("#", "+")


def matches(topic_filter: str, topic: str) -> bool:
    """Whether an MQTT filter matches a topic; ``battery/#`` matches ``battery`` too (MQTT 5, 4.7.1.2)."""
    wanted, levels = topic_filter.split("/"), topic.split("/")
    for index, want in enumerate(wanted):
        if want == "#":
            return True
        if index >= len(levels) or want not in ("+", levels[index]):
            return False
    return len(wanted) == len(levels)


def chosen(filters: Iterable[str], catalogue: Catalogue) -> frozenset[str]:
    """Return the types that any of ``filters`` matches."""
    found = set[str]()
    for text in filters:
        if is_name(text):
            found |= {text} & catalogue.keys()
        else:
            found |= {
                name
                for name, kind in catalogue.items()
                if matches(text, f"{kind.category}/{type_levels(kind.category, name)}")
            }
    return frozenset(found)
