"""Which region a site belongs to: by patterns of its name, or else by what stands before its last hyphen."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase

NONE = "none"


def region_of(site: str, regions: Mapping[str, tuple[str, ...]]) -> str:
    """Return the first region one of whose patterns (``*``, ``?``) fits the name."""
    for region, patterns in regions.items():
        if any(fnmatchcase(site, pattern) for pattern in patterns):
            return region
    return site.rpartition("-")[0] or NONE
