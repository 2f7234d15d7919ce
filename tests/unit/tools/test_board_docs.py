"""The page of the boards says what there is, in words."""

from __future__ import annotations

from pathlib import Path

from shared.quantities import FACTS, QUANTITIES
from tools.docs.boards import documents

ROOT = Path(__file__).parents[3]


def test_every_channel_on_the_page_is_one_and_nothing_is_none() -> None:
    """No channel is made of a measure that was left out."""
    [page] = documents(ROOT).values()
    told = {name.strip("` ") for line in page.splitlines() if line.startswith("- Read: ")
            for name in line.removeprefix("- Read: ").rstrip(".").split(",")}  # fmt: skip

    assert "None" not in page
    assert told <= QUANTITIES.keys() | FACTS.keys()
    assert {"battery_voltage", "ac_present", "battery_current", "output_current"} <= told
