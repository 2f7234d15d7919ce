"""Where in the YAML files of a configuration a fault is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from shared.config_files import PathPart, place_of
from shared.settings import Fault, read_documents


class Lines:
    """Finds the line of a path in files that have been read without a fault: a person's own, else the shipped one.

    The files are read when the first fault is asked for.
    """

    def __init__(self, folder: Path, name: str, environ: Mapping[str, str]) -> None:
        self._folder, self._name, self._environ = folder, name, environ

    def fault(self, path: tuple[PathPart, ...], reason: str) -> Fault:
        """Return the fault, with the line of the deepest node on ``path`` that stands in a file."""
        document, line = place_of(read_documents(self._folder, self._name, self._environ), path)
        return Fault(f"{document.where}:{line}", ".".join(map(str, path)), reason + self._whose(Path(document.where)))

    def _whose(self, file: Path) -> str:
        """Return what makes a shipped file wrong: nothing does by itself, so it is a file of the person's own."""
        if file.parent == self._folder:
            return ""
        own = ", ".join(sorted(str(each) for each in self._folder.glob("*.yaml") if each.stem != "suite"))
        return f" (this file is as shipped: what it needs is taken away or changed in {own or 'the environment'})"
