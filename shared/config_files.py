"""The files of a configuration folder laid over those that come with Upskeep: a person's files hold only what differs.

Rules:
1. /etc/upskeep, the user's own folder, and any folder whose suite.yaml says ``defaults: shipped`` are laid over the
   shipped files. Every other folder is whole, as a copy of the shipped one is: what it leaves out is not there.
2. A file that is not there is the shipped one. In one that is there, a key that is not there has its shipped value.
3. Mappings are laid over one another key by key. A list or a single value takes the place of the shipped one.
4. ``null`` for a key whose shipped value is a mapping takes that away: an event type, an alert rule, a device's limits.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from shared.parsed_yaml import tree_of
from shared.places import is_platforms
from shared.shipped import SHIPPED_CONFIG
from shared.small_file import read_small

SAYS_SO = re.compile(r"^defaults:\s*[\"']?shipped\b", re.MULTILINE)
PathPart = str | int


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML document with its place: ``where`` is its file, ``repeated`` are keys that it gives twice, with lines."""

    where: str
    text: str
    data: dict[Any, Any]
    repeated: tuple[tuple[int, str], ...] = ()

    def find(self, path: tuple[PathPart, ...]) -> tuple[int, int]:
        """Return (how many steps of ``path`` the document has, the line of the last of them, counted from 1)."""
        node = tree_of(self.text)
        line, found = node.start_mark.line if node else 0, 0
        for step in path:
            below = _child(node, step)
            if below is None:
                break
            line, node = below
            found += 1
        return found, line + 1


def _child(node: yaml.Node | None, step: PathPart) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(step):
                return key.start_mark.line, value
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step].start_mark.line, node.value[step]
    return None


def place_of(documents: tuple[Document, ...], path: tuple[PathPart, ...]) -> tuple[Document, int]:
    """Return the document that says what stands at ``path``, and the line: the first of those that know it best."""
    found = [(document.find(path), document) for document in documents]
    deepest = max(depth for (depth, _), _ in found)
    return next((document, line) for (depth, line), document in found if depth == deepest)


def shipped_folder(folder: Path, environ: Mapping[str, str]) -> Path | None:
    """Return the folder that ``folder`` is laid over; None where it is whole."""
    if not SHIPPED_CONFIG.is_dir() or os.path.realpath(SHIPPED_CONFIG) == os.path.realpath(folder):
        return None
    return SHIPPED_CONFIG if is_platforms(folder, environ) or _says_so(folder / "suite.yaml") else None


def _says_so(suite: Path) -> bool:
    try:
        return SAYS_SO.search(read_small(suite).decode()) is not None
    except (OSError, UnicodeDecodeError):  # whoever reads it as settings says why
        return False


def files_of(folder: Path, name: str, environ: Mapping[str, str]) -> list[Path]:
    """Return the files that say what ``name`` is, a person's own before the shipped one."""
    shipped = shipped_folder(folder, environ)
    places = [folder] if shipped is None else [folder, shipped]
    return [path for place in places if (path := place / f"{name}.yaml").exists()]


def names_of(folder: Path, environ: Mapping[str, str]) -> list[str]:
    """Return the names of all files there are, without .yaml."""
    places = [folder, shipped_folder(folder, environ)]
    return sorted({path.stem for place in places if place is not None for path in place.glob("*.yaml")})


def laid_over(shipped: Any, own: Any) -> Any:
    """Return ``own`` over ``shipped`` by rules 3 and 4."""
    if not isinstance(shipped, dict) or not isinstance(own, dict):
        return own
    laid = dict(shipped)
    for key, value in own.items():
        if value is None and isinstance(shipped.get(key), dict):
            del laid[key]
        elif key in shipped:
            laid[key] = laid_over(shipped[key], value)
        else:
            laid[key] = value
    return laid
