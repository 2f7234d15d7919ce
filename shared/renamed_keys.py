"""Keys of the configuration that have another name now. The old name is read for one version, and said.

Rules:
1. A row goes in with the change and comes out with the release after the next one (docs/release.md).
2. ``EACH`` in a row stands for every entry of a list or mapping, and for the same entry in the new place.
3. Both names in one file are a fault: which one counts would be a guess.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Any

Keys = tuple[str, ...]
Path = tuple[str | int, ...]
EACH = "*"
RENAMED: Mapping[str, Mapping[Keys, Keys]] = {}  # of each file: where a value stood, and where it stands


def renamed(data: Any, table: Mapping[Keys, Keys]) -> Iterator[tuple[Path, Path]]:
    """Yield (old, new) of each key that stands under its old name, and move it."""
    for old, new in table.items():
        for found, holder in list(_holders(data, old[:-1])):
            if not isinstance(holder, dict) or old[-1] not in holder:
                continue
            place = _filled(new, found, old)
            target = data
            for step in place[:-1]:
                target = target[step] if isinstance(step, int) else target.setdefault(step, {})
            if place[-1] not in target:  # else the old one stays: it is an unknown key, and so a fault
                target[place[-1]] = holder.pop(old[-1])
                yield (*found, old[-1]), place


def new_name(path: Path, table: Mapping[Keys, Keys]) -> Path:
    """Return where what stands at ``path``, or below it, stands now; ``path`` itself if that has its name still."""
    for old, new in table.items():
        above = path[: len(old)]
        if len(above) == len(old) and all(step in (EACH, str(part).lower()) for step, part in _pairs(old, above)):
            return (*_filled(new, above, old), *path[len(old) :])
    return path


def _pairs(old: Keys, path: Path) -> Iterator[tuple[str, str | int]]:
    for step, part in zip(old, path, strict=True):
        yield (step if step == EACH else step.lower()), part


def _filled(new: Keys, path: Path, old: Keys) -> Path:
    """Return the new place with the entries of ``path`` for each ``EACH``, in their order."""
    entries = iter([part for step, part in zip_longest(old, path) if step == EACH])
    return tuple(next(entries) if step == EACH else step for step in new)


def _holders(data: Any, path: Keys) -> Iterator[tuple[Path, Any]]:
    """Yield (place, what is there) of every place that ``path`` means."""
    if not path:
        yield (), data
        return
    step, *below = path
    entries: list[tuple[str | int, Any]] = []
    if step == EACH and isinstance(data, list):
        entries = list(enumerate(data))
    elif isinstance(data, dict):
        entries = [(key, value) for key, value in data.items() if step in (EACH, key)]
    for key, value in entries:
        yield from (((key, *place), holder) for place, holder in _holders(value, tuple(below)))
