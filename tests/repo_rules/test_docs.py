"""Generated pages are fresh, and what the house documents is there."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tools.docs.pages import ROOT, stale, write


def test_the_committed_pages_are_what_the_code_says() -> None:
    """Whoever changes a table runs make docs."""
    assert [] == stale(ROOT)


def test_stale_missing_and_leftover_pages_are_named(tmp_path: Path) -> None:
    """A missing one, a changed one and one too many."""
    shutil.copytree(ROOT / "config", tmp_path / "config")
    shutil.copy(ROOT / "docker-compose.yml", tmp_path)
    (tmp_path / "docs").mkdir()
    write(tmp_path)
    assert [] == stale(tmp_path)

    (tmp_path / "docs/topics.md").unlink()
    (tmp_path / "docs/asyncapi.json").write_text(json.dumps({}))
    (tmp_path / "docs/schemas/Gone.json").write_text("{}")

    assert [
        "docs/asyncapi.json: is not what the code says; run make docs",
        "docs/schemas/Gone.json: describes what is no more; run make docs",
        "docs/topics.md: is missing; run make docs",
    ] == sorted(stale(tmp_path))
    write(tmp_path)
    assert [] == stale(tmp_path)
