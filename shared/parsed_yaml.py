"""YAML texts as plain data, each parsed once in a process: readers share files, and services what their parent read.

The tree with its line numbers takes ten times the memory of the data. It is made where somebody asks for a line, which
is where a fault has to be reported.
"""

from __future__ import annotations

from copy import deepcopy
from functools import lru_cache
from typing import Any, NamedTuple

import yaml

from shared.bounded_yaml import load_yaml

TEXTS_KEPT = 64  # a folder has 16 files
TREES_KEPT = 4


class Parsed(NamedTuple):
    """A document's data, the reader's own, and (line, dotted path) of every key that its mapping has already."""

    data: Any
    repeated: tuple[tuple[int, str], ...]


def parse_yaml(text: str) -> Parsed:
    """Return what a text says; raises yaml.YAMLError, as ``load_yaml`` does."""
    found = _parse(text)
    return found._replace(data=_copy(found.data))


@lru_cache(TREES_KEPT)
def tree_of(text: str) -> yaml.Node | None:
    """Return the tree of a text that has been parsed without a fault."""
    return load_yaml(text)[0]


@lru_cache(TEXTS_KEPT)
def _parse(text: str) -> Parsed:
    node, data = load_yaml(text)
    return Parsed(data, tuple(_repeated(node, "")))


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_copy(item) for item in value]
    return value if isinstance(value, str | int | float | None) else deepcopy(value)


def _repeated(node: yaml.Node | None, path: str) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            here = f"{path}{key.value}"
            if key.value in seen:
                found.append((key.start_mark.line + 1, here))
            seen.add(str(key.value))
            found += _repeated(value, f"{here}.")
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            found += _repeated(value, f"{path}{index}.")
    return found
