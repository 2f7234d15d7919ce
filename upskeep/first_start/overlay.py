"""A first configuration in a folder that is laid over the shipped files: only what differs is written there."""

from __future__ import annotations

from collections.abc import Mapping
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
        own = _data(folder / f"{name}.yaml")
        wanted = differing(load_yaml(shipped[name])[1], load_yaml(planned.get(name, shipped[name]))[1])
        laid = laid_over(own, (SAYS_SO if name == "suite" else {}) | wanted)
        if laid != own:
            texts[name] = HEAD.format(name=name) + yaml.safe_dump(laid, sort_keys=False, allow_unicode=True)
    return texts


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


def _data(file: Path) -> dict[str, Any]:
    if not file.exists():
        return {}
    data: dict[str, Any] = load_yaml(file.read_text(encoding="utf-8"))[1] or {}
    return data
