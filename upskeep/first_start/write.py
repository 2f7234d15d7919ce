"""A configuration folder changed: tried in a copy first, shown as a diff, then put in place file by file."""

from __future__ import annotations

import difflib
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from shared.settings import ConfigError, Fault
from shared.shipped import SHIPPED_CONFIG
from upskeep.check import check_config

SHIPPED = SHIPPED_CONFIG
EDITED = ("suite", "sensor_reader", "event_processor")


def texts_of(folder: Path) -> dict[str, str]:
    """Return the texts of the files that may change; raises ConfigError."""
    try:
        return {name: (folder / f"{name}.yaml").read_text(encoding="utf-8") for name in EDITED}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([Fault(str(folder), "", f"cannot be read: {error}")]) from None


def try_out(folder: Path, texts: Mapping[str, str], environ: Mapping[str, str]) -> None:
    """Raise ConfigError unless the folder would be good with these texts."""
    with tempfile.TemporaryDirectory() as place:
        copy = Path(place) / "config"
        if folder.exists():
            shutil.copytree(folder, copy)
        else:
            copy.mkdir()
        _put(copy, texts)
        check_config(copy, environ)


def difference(folder: Path, texts: Mapping[str, str]) -> list[str]:
    """Return what changes, as lines of a unified diff without context."""
    lines: list[str] = []
    for name, text in texts.items():
        file = folder / f"{name}.yaml"
        before = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        changes = list(difflib.unified_diff(before, text.splitlines(), lineterm="", n=0))[2:]
        lines += [str(file), *(line for line in changes if not line.startswith("@@"))]
    return lines


def write(source: Path, folder: Path, texts: Mapping[str, str]) -> None:
    """Put the texts in place; a folder that is not there is first copied from ``source``. Raises ConfigError."""
    try:
        if not folder.exists() and source != folder:
            shutil.copytree(source, folder)
        folder.mkdir(parents=True, exist_ok=True)
        _put(folder, texts)
    except OSError as error:
        place = error.filename or folder
        raise ConfigError([Fault(str(place), "", f"cannot be written: {error.strerror or error}")]) from None


def _put(folder: Path, texts: Mapping[str, str]) -> None:
    for name, text in texts.items():
        file = (folder / f"{name}.yaml").resolve()
        beside = file.with_suffix(".yaml.new")
        beside.write_text(text, encoding="utf-8")
        if file.exists():
            shutil.copymode(file, beside)
        beside.replace(file)
