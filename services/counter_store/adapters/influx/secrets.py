"""Secrets, from the files that the settings name."""

from __future__ import annotations

from pathlib import Path

from services.counter_store.core.influx.ports import Unavailable
from shared.small_file import read_small


def read_secret(path: Path) -> str:
    """Return the single line of a file; raises Unavailable, since the file may still be put right."""
    try:
        secret = read_small(path).decode("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Unavailable(f"{path} cannot be read: {error}; put the secret there and let this user read it") from error
    if not secret or not secret.isprintable():
        raise Unavailable(f"{path} {'holds more than one line' if secret else 'is empty'}; put just the secret there")
    return secret


def as_header(secret: str) -> str:
    """Return a secret such that HTTP libraries, which encode headers as Latin-1, send it as UTF-8."""
    return secret.encode().decode("latin-1")
