"""The build backend: setuptools, over a copy of the checkout in which the suite lies below ``upskeep/_suite``.

Rules:
1. A wheel installs one top-level package, ``upskeep``; ``shared`` and ``services`` are no names to take from others
   (docs/adr/0045). The folders of the checkout stay where they are, and an editable install uses them there.
2. What a wheel holds is named here: the four packages, and as data the shipped configuration and the units.
3. Nothing is written into the checkout.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from setuptools import build_meta

ROOT = Path(__file__).resolve().parents[2]
SUITE = ("shared", "services", "fleet", "config", "deploy")  # these move below upskeep/_suite
FACTS = ("pyproject.toml", "README.md", "LICENSE")
SOURCES = ("upskeep", *SUITE, *FACTS, "tools/packaging")  # of a source distribution
VERSION = "shared.__version__"  # as pyproject.toml names it
BUILT = shutil.ignore_patterns("__pycache__", "*.pyc", "*.egg-info")

get_requires_for_build_wheel = build_meta.get_requires_for_build_wheel
get_requires_for_build_editable = build_meta.get_requires_for_build_editable
get_requires_for_build_sdist = build_meta.get_requires_for_build_sdist
prepare_metadata_for_build_editable = build_meta.prepare_metadata_for_build_editable
build_editable = build_meta.build_editable


def prepare_metadata_for_build_wheel(folder: str, settings: dict[str, Any] | None = None) -> str:
    """Write the metadata of the wheel."""
    with _staged():
        return str(build_meta.prepare_metadata_for_build_wheel(folder, settings))


def build_wheel(folder: str, settings: dict[str, Any] | None = None, metadata: str | None = None) -> str:
    """Build the wheel into ``folder``; returns its name."""
    to, known = str(Path(folder).resolve()), metadata and str(Path(metadata).resolve())
    with _staged():
        return str(build_meta.build_wheel(to, settings, known))


def build_sdist(folder: str, settings: dict[str, Any] | None = None) -> str:
    """Build the source distribution: what a wheel is built of, as it lies in the checkout."""
    to = str(Path(folder).resolve())
    with _copied({name: name for name in SOURCES}) as place:
        (place / "MANIFEST.in").write_text("".join(f"graft {name}\n" for name in SOURCES if (ROOT / name).is_dir()))
        return str(build_meta.build_sdist(to, settings))


@contextmanager
def _staged() -> Iterator[Path]:
    moved = {name: f"upskeep/_suite/{name}" for name in SUITE}
    with _copied({**{name: name for name in ("upskeep", *FACTS)}, **moved}) as place:
        facts = place / "pyproject.toml"
        facts.write_text(
            facts.read_text(encoding="utf-8").replace(VERSION, f"upskeep._suite.{VERSION}"), encoding="utf-8"
        )
        yield place


@contextmanager
def _copied(places: dict[str, str]) -> Iterator[Path]:
    """Work in a copy of the checkout, each part at the place that is named for it."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        for source, target in places.items():
            to = Path(folder, target)
            to.parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, to, ignore=BUILT)
            else:
                shutil.copy2(ROOT / source, to)
        os.chdir(folder)
        try:
            yield Path(folder)
        finally:
            os.chdir(before)
