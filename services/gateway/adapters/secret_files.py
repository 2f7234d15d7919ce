"""The password and the token, read from their files at the start."""

from __future__ import annotations

from pathlib import Path

from services.gateway.core.access.keys import Keys
from services.gateway.settings import LEAST_SECRET, HttpSettings
from shared.config_lines import Lines
from shared.settings import Fault
from shared.small_file import read_small


def read_keys(http: HttpSettings, own: Lines) -> tuple[Keys, list[Fault]]:
    """Return the keys, and a fault for each file that cannot be used; ``own`` finds their lines."""
    faults: list[Fault] = []
    password = _secret(http.password_file, own, "password_file", faults)
    token = _secret(http.token_file, own, "token_file", faults)
    return Keys(password, token, http.hosts), faults


def _secret(path: Path | None, own: Lines, key: str, faults: list[Fault]) -> str:
    if path is None:
        return ""
    try:
        text = read_small(path).decode("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        faults.append(own.fault(("http", key), f"cannot be read: {error}"))
        return ""
    if len(text) < LEAST_SECRET:
        faults.append(own.fault(("http", key), f"{path} holds {len(text)} characters; {LEAST_SECRET} are the least"))
    return text
