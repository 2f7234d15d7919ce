"""The page of behaviours leads to files that exist."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "finding-things.md").read_text(encoding="utf-8")
TABLE, _, TEST = PAGE.partition("## The stranger's test")
ROWS = re.findall(r"^\| (\d+) \| (.+?) \| `([^`]+)` \|$", TABLE, re.MULTILINE)
DRAWS = ((12, 50, TEST.partition("### Drawn again")[0]), (2112, 59, TEST.partition("### Drawn again")[2]))


def test_every_behaviour_leads_to_a_file() -> None:
    """A file that was renamed takes its row along."""
    assert [] == [path for _, _, path in ROWS if not (ROOT / path).is_file()]
    assert [str(number) for number in range(1, len(ROWS) + 1)] == [number for number, _, _ in ROWS]


@pytest.mark.parametrize(("seed", "known", "table"), DRAWS, ids=["first", "again"])
def test_the_ten_are_those_that_the_dice_chose(seed: int, known: int, table: str) -> None:
    """Nobody picked the easy ones; ``known`` are the behaviours that they were drawn from."""
    behaviours = [behaviour for _, behaviour, _ in ROWS[:known]]
    drawn = random.Random(seed).sample(behaviours, 10)  # noqa: S311 - a draw, no secret

    assert known == len(behaviours)
    expected = [(str(behaviours.index(each) + 1), each) for each in drawn]
    assert expected == re.findall(r"^\| (\d+) \| (.+?) \|", table, re.MULTILINE)
