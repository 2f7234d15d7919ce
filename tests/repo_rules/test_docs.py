"""Generated pages are fresh, and what the house documents is there."""

from __future__ import annotations

import json
import re
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


def test_each_decision_has_a_number_of_its_own() -> None:
    """Numbers are never given twice, and those that were passed over are explained."""
    folder = ROOT / "docs" / "adr"
    numbers = sorted(int(page.name[:4]) for page in folder.glob("[0-9]*.md"))
    free = {int(word) for word in re.findall(r"\b0\d{3}\b", (folder / "README.md").read_text(encoding="utf-8"))}
    assert sorted(set(numbers)) == numbers
    assert set(range(1, numbers[-1] + 1)) - set(numbers) == free
