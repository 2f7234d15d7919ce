"""Secrets in files. They are read at every use, so a changed or late file needs no restart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from shared.small_file import read_small

MOST_BYTES = 8192


class SecretError(ValueError):
    """A secret's file cannot be used. The text names the file and the remedy, never the content."""


def secret(path: Path | str) -> str:
    """Return the single line of a file; raises SecretError."""
    lines = _lines(path)
    if len(lines) != 1:
        raise SecretError(f"{path} must hold the address and nothing else, in one line; it has {len(lines)} lines")
    return lines[0]


def headers(path: Path | str) -> Iterator[tuple[str, str]]:
    """Yield (name, value) of lines like ``Authorization: Bearer …``; raises SecretError."""
    for number, line in enumerate(_lines(path), 1):
        name, colon, value = line.partition(":")
        if not colon or not name.strip() or not line.isascii():
            raise SecretError(f"{path}: line {number} is no header; write it like Authorization: Bearer …")
        yield name.strip(), value.strip()


def doubts(secrets: Iterable[tuple[str, Path]]) -> list[str]:
    """Return what is wrong with the files that settings name, each with its key. They are no faults: see above."""
    found = []
    for key, path in secrets:
        try:
            list(headers(path)) if key.endswith("headers_file") else secret(path)
        except SecretError as error:
            found.append(f"{key}: {error}")
    return found


def _lines(path: Path | str) -> list[str]:
    try:
        text = read_small(path).decode()
    except OSError as error:
        raise SecretError(f"{path} cannot be read ({error.strerror}); make it, readable for this service") from None
    except UnicodeDecodeError:
        raise SecretError(f"{path} is no text") from None
    if len(text) > MOST_BYTES:
        raise SecretError(f"{path} has more than {MOST_BYTES} bytes; it must hold just the secret")
    return [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
