"""The id of the machine's present boot."""

from __future__ import annotations

import secrets
from pathlib import Path

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def boot_id(path: Path = BOOT_ID) -> str:
    """Return the kernel's id of this boot; without Linux's /proc every start counts as a boot of its own."""
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError:
        return f"unknown-{secrets.token_hex(4)}"
