"""The key of an alert within its rule: the values it is grouped by, made fit for one level of a topic."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping

AlertId = tuple[str, str]  # rule, key
ALL = "all"  # the key of a rule that groups by nothing
NONE = "none"  # stands for a missing value
_UNFIT = re.compile(r"[^A-Za-z0-9_\-]")
FIT = re.compile(r"[A-Za-z0-9_\-][A-Za-z0-9_.\-]*\Z")  # as ``shared.names.Name``
_ROOM = 110


def key_of(values: Iterable[object]) -> str:
    """Return the values joined by dots. A key that had to be changed to fit ends in a hash of all values."""
    parts = [NONE if value is None or value == "" else str(value) for value in values]
    if not parts:
        return ALL
    plain = ".".join(parts)
    if len(plain) <= _ROOM and FIT.match(plain) and not any(map(_UNFIT.search, parts[:-1])):
        return plain  # only the last may hold dots: it is still clear where it begins
    key = ".".join([_UNFIT.sub("_", part) for part in parts])
    return f"{key[:_ROOM]}-{_hash(parts)}"


def fingerprint(labels: Mapping[str, str]) -> str:
    """Return 16 hex digits that identify a set of labels."""
    return _hash([f"{name}={value}" for name, value in sorted(labels.items())], 16)


def _hash(parts: Iterable[str], digits: int = 8) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:digits]
