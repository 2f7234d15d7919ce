"""``make docs``: every generated page, written from its tables, or checked for freshness."""

from __future__ import annotations

from pathlib import Path

from tools.docs import boards, bounds, chips, compose_file, events, nut, nut_door, rights, topics
from tools.grafana import render

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("docs/schemas", render.FOLDER)  # hold generated pages only


def documents(root: Path) -> dict[str, str]:
    """Return every generated page by its path below ``root``."""
    pages = topics.documents() | rights.documents() | events.documents(root) | chips.documents() | nut.documents()
    pages |= nut_door.documents() | boards.documents(root) | bounds.documents() | render.documents()
    return pages | compose_file.documents(root)


def write(root: Path) -> None:
    """Write all pages, and remove those of things that are no more."""
    pages = documents(root)
    for path in _leftover(root, pages):
        path.unlink()
    for name, text in pages.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def stale(root: Path) -> list[str]:
    """Return what is wrong with the pages below ``root``, a line for each; empty if all are fresh."""
    faults = []
    pages = documents(root)
    for name, text in pages.items():
        path = root / name
        if not path.is_file():
            faults.append(f"{name}: is missing; run make docs")
        elif path.read_text(encoding="utf-8") != text:
            faults.append(f"{name}: is not what the code says; run make docs")
    gone = (f"{path.relative_to(root)}: describes what is no more; run make docs" for path in _leftover(root, pages))
    return [*faults, *gone]


def _leftover(root: Path, pages: dict[str, str]) -> list[Path]:
    wanted = {root / name for name in pages}
    return sorted(path for folder in FOLDERS for path in (root / folder).glob("*.json") if path not in wanted)
