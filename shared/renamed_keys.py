"""Keys of the configuration that have another name now. The old name is read for one version, and said.

Rules:
1. A row goes in with the change and comes out with the release after the next one (docs/release.md).
2. Both names in one file are a fault: which one counts would be a guess.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Keys = tuple[str, ...]
RENAMED: Mapping[str, Mapping[Keys, Keys]] = {}  # of each file: where a value stood, and where it stands


def renamed(data: Any, table: Mapping[Keys, Keys]) -> Iterator[tuple[Keys, Keys]]:
    """Yield (old, new) of each key that stands under its old name, and move it."""
    for old, new in table.items():
        holder = _below(data, old[:-1])
        if isinstance(holder, dict) and old[-1] in holder:
            target = data
            for step in new[:-1]:
                target = target.setdefault(step, {})
            if new[-1] in target:
                continue  # the old one stays: it is an unknown key, and so a fault
            target[new[-1]] = holder.pop(old[-1])
            yield old, new


def _below(data: Any, path: Keys) -> Any:
    for step in path:
        data = data.get(step) if isinstance(data, dict) else None
    return data
