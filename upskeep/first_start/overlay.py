"""A first configuration in a folder that is laid over the shipped files: only what differs is written there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from shared.bounded_yaml import load_yaml
from shared.config_files import laid_over, shipped_folder
from shared.places import IN_CHECKOUT

HEAD = "# What differs from the shipped {name}.yaml. `upskeep check --effective` prints everything that counts.\n"
SAYS_SO = {"defaults": "shipped"}


def is_laid_over(folder: Path, environ: Mapping[str, str]) -> bool:
    """Whether only what differs belongs into a folder; one that is not there is a copy in a checkout alone."""
    return shipped_folder(folder, environ) is not None or not (IN_CHECKOUT or folder.exists())


def overlays(folder: Path, shipped: Mapping[str, str], planned: Mapping[str, str]) -> dict[str, str]:
    """Return the new texts of a person's own files that make of the shipped texts the planned ones."""
    texts: dict[str, str] = {}
    for name in dict.fromkeys(["suite", *planned]):
        file = folder / f"{name}.yaml"
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        own: dict[str, Any] = load_yaml(text)[1] or {}
        wanted = differing(load_yaml(shipped[name])[1], load_yaml(planned.get(name, shipped[name]))[1])
        laid = laid_over(own, (SAYS_SO if name == "suite" else {}) | wanted)
        if laid != own:
            texts[name] = rewritten(text or HEAD.format(name=name), laid)
    return texts


def rewritten(text: str, laid: Mapping[str, Any]) -> str:
    """Return a file's text that comes to ``laid``: the top-level keys that change are written anew, the rest stays.

    Comments stay, too, but for those inside a key that changes.
    """
    root, own = load_yaml(text)
    lines, left = text.splitlines(keepends=True), dict(laid)
    if isinstance(root, yaml.MappingNode) and not root.flow_style:
        starts = [key.start_mark.line for key, _ in root.value]
        for (key, _), start, end in reversed(list(zip(root.value, starts, [*starts[1:], len(lines)], strict=True))):
            wanted = {key.value: left.pop(key.value)} if key.value in left else {}
            if wanted != {key.value: own.get(key.value)}:
                lines[start : _end(lines, end)] = _dumped(wanted)
    if lines and not lines[-1].endswith("\n"):
        lines.append("\n")
    new = "".join((*lines, *_dumped(left)))
    return new if _comes_to(new, laid) else "".join(_dumped(laid))  # odd keys, a flow mapping: the whole file anew


def _comes_to(text: str, laid: Mapping[str, Any]) -> bool:
    try:
        return bool(load_yaml(text)[1] == laid)
    except yaml.YAMLError:
        return False


def _end(lines: Sequence[str], end: int) -> int:
    """Return where a key's lines end: empty lines and comments at the margin belong to the next one."""
    while lines[end - 1][0] in "#\n":
        end -= 1
    return end


def _dumped(data: Mapping[str, Any]) -> list[str]:
    return [yaml.safe_dump(dict(data), sort_keys=False, allow_unicode=True)] if data else []


def differing(before: Any, after: Any) -> dict[str, Any]:
    """Return what must be laid over the mapping ``before`` to make ``after`` of it."""
    found: dict[str, Any] = {}
    for key, value in after.items():
        known = before.get(key)
        if isinstance(known, dict) and isinstance(value, dict) and known:
            if below := differing(known, value):
                found[key] = below
        elif key not in before or known != value:
            found[key] = value
    return found
