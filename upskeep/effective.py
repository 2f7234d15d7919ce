"""``upskeep check --effective``: every value that counts, and where it comes from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.config_files import Document, PathPart, names_of, place_of, shipped_folder
from shared.settings import overlaid, read_documents

SECRET = re.compile(r"password|token|secret|api_key", re.IGNORECASE)
IN_URL = re.compile(r"(://[^:/@\s]*:)[^@\s]*@")
SHIPPED = "default"


@dataclass(frozen=True, slots=True)
class Value:
    """One value: its file without .yaml, its path there, the value as YAML, and its origin."""

    file: str
    path: str
    text: str
    source: str

    def __str__(self) -> str:
        return f"{self.file}.{self.path}: {self.text}"


def effective(folder: Path, environ: Mapping[str, str]) -> Iterator[Value]:
    """Yield every value that is not left to a program's own default, file by file; raises ConfigError."""
    shipped = shipped_folder(folder, environ)
    for name in names_of(folder, environ):
        documents = read_documents(folder, name, environ)
        found = overlaid(documents, name, environ)
        for path, value in _leaves(found.data, ()):
            variable = next((of for place, of in found.sources.items() if path[: len(place)] == place), None)
            text = _text(value, path, by_environment=variable is not None)
            yield Value(name, ".".join(map(str, path)), text, variable or _source(documents, path, shipped))


def _source(documents: tuple[Document, ...], path: tuple[PathPart, ...], shipped: Path | None) -> str:
    document, line = place_of(documents, path)
    return SHIPPED if Path(document.where).parent == shipped else f"{document.where}:{line}"


def _leaves(data: Any, path: tuple[PathPart, ...]) -> Iterator[tuple[tuple[PathPart, ...], Any]]:
    if isinstance(data, dict) and data:
        for key, value in data.items():
            yield from _leaves(value, (*path, str(key)))
    elif isinstance(data, list) and any(isinstance(item, dict) for item in data):
        for number, value in enumerate(data):
            yield from _leaves(value, (*path, number))
    elif path:
        yield path, data


def _text(value: Any, path: tuple[PathPart, ...], *, by_environment: bool) -> str:
    """Return a value as it may be shown: a secret can only come from the environment, and a URL may hold one."""
    if by_environment and SECRET.search(str(path[-1])) and not str(path[-1]).endswith("_file"):
        return "(not shown)"
    known = {None: "null", True: "true", False: "false"}
    text = known[value] if value is None or isinstance(value, bool) else str(value)
    return IN_URL.sub(r"\1***@", text)
