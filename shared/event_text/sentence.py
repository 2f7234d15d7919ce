"""The language of an event type's sentence, ``sentence:`` in ``config/events.yaml``.

1. ``{name}`` is a field of the event's data, or its ``device``, ``zone`` or ``type``, written with its unit.
2. ``{one|other}`` is the first of these fields that the event has.
3. ``{name: words}`` is those words where the field is there and is not false.
4. ``[text {name}]`` is left out whole where the event lacks a field in it. Brackets do not nest.

That is all of it. A field is looked up by its name and nothing else: there are no attributes, indices, calls or format
codes. A text is at most ``MOST`` characters long.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

MOST = 200
MOST_KEPT = 1_000
OWN = ("device", "zone", "type")  # fields of the event itself
FIELD = re.compile(r"([a-z][a-z0-9_]*(?:\|[a-z][a-z0-9_]*)*)(?:: ([^{}\[\]]+))?\Z")
PIECE = re.compile(r"\{([^{}\[\]]*)\}|([^{}\[\]]+)|(.)", re.DOTALL)
OPTIONAL = re.compile(r"\[([^\[\]]*)\]|([^\[\]]+)|(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Field:
    """The first of ``names`` that the event has; ``words`` in its place, if there are any."""

    names: tuple[str, ...]
    words: str | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """Text and fields; left out where a field is missing if ``optional``."""

    parts: tuple[str | Field, ...]
    optional: bool = False


Sentence = tuple[Section, ...]
Lookup = Callable[[str], str | None]  # a field's name → its text, None where the event lacks it; "" is false


@lru_cache(MOST_KEPT)  # several read the file, each for what it needs of it
def parse_sentence(text: str) -> Sentence:
    """Return the sentence; raises ValueError that says what is wrong and where."""
    if len(text) > MOST:
        raise ValueError(f"is {len(text)} characters long; a sentence has at most {MOST}")
    if not text.isprintable():
        raise ValueError("has a line break or a control character; write one line of text")
    return tuple(_sections(text))


def fields_of(sentence: Sentence) -> Iterator[str]:
    """Yield the name of every field that the sentence asks for."""
    for section in sentence:
        for part in section.parts:
            if isinstance(part, Field):
                yield from part.names


def render(sentence: Sequence[Section], lookup: Lookup) -> str | None:
    """Return the sentence's text, or None where a field is missing that it cannot do without."""
    written = []
    for section in sentence:
        texts = [_text(part, lookup) for part in section.parts]
        if None not in texts:
            written += [text for text in texts if text]
        elif not section.optional:
            return None
    return "".join(written)


def _sections(text: str) -> Iterator[Section]:
    for found in OPTIONAL.finditer(text):
        within, plain, odd = found.groups()
        if odd is not None:
            raise ValueError(f"has a {odd!r} without its pair, or one inside another, at {text[found.start() :]!r:.30}")
        yield Section(tuple(_parts(within if within is not None else plain)), within is not None)


def _parts(text: str) -> Iterator[str | Field]:
    for found in PIECE.finditer(text):
        field, plain, odd = found.groups()
        if odd is not None:
            raise ValueError(f"has a {odd!r} without its pair at {text[found.start() :]!r:.30}")
        yield plain if field is None else _field(field)


def _field(text: str) -> Field:
    found = FIELD.match(text)
    if found is None:
        raise ValueError(f"has {{{text}}}, which is no field: write {{name}}, {{one|other}} or {{name: words}}")
    return Field(tuple(found[1].split("|")), found[2])


def _text(part: str | Field, lookup: Lookup) -> str | None:
    """Return a part's text; None where it is missing. A flag that is false counts as missing beside ``words``."""
    if isinstance(part, str):
        return part
    found = next((text for name in part.names if (text := lookup(name)) is not None), None)
    if part.words is None:
        return "no" if found == "" else found
    return part.words if found else None
