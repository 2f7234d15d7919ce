"""A history of 100,000 events answers a page as one of 1,000 does, wherever the page lies and whatever is filtered.

The measure is SQLite's own: how many steps of its virtual machine an answer takes. It is the same on every machine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from services.counter_store.service import LEDGER_SCHEMA
from shared.instants import us_to_time
from shared.ledger import Ledger
from tools.bench.large_history import APART_US, BEGAN_US, fill

PAGE = 50
STEP = 10  # of the virtual machine's, for each count
MIDDLE = "in the middle"  # of the history, whatever its size
PAGES: Mapping[str, dict[str, Any]] = {
    "newest": {},
    "oldest": {"order": "oldest"},
    "middle": {"until": MIDDLE},
    "type": {"types": ["AC_POWER_LOSS"]},
    "severity": {"severities": ["warning"], "until": MIDDLE},
    "device": {"device": "device-3"},
    "zone": {"zone": "cellar", "until": MIDDLE},
    "incident": {"incident": "incident-1"},
    "nothing": {"device": "nobody"},
}


class Filled:
    """A store with so many events; ``steps`` counts what an answer takes."""

    def __init__(self, events: int) -> None:
        self.middle = us_to_time(BEGAN_US + APART_US * (events // 2))
        self.ledger = Ledger(":memory:", LEDGER_SCHEMA)
        self.store = fill(self.ledger, events)

    def steps(self, question: Mapping[str, Any]) -> tuple[int, Mapping[str, Any]]:
        """Return how many steps the answer took, and the answer."""
        counted = 0

        def count() -> None:
            nonlocal counted
            counted += 1

        self.ledger.db.set_progress_handler(count, STEP)
        asked = {key: self.middle.isoformat() if value == MIDDLE else value for key, value in question.items()}
        answer = self.store.answer("history", {"limit": PAGE, **asked})
        self.ledger.db.set_progress_handler(None, 0)
        return counted, answer


@pytest.fixture(scope="module")
def small() -> Iterator[Filled]:
    filled = Filled(2_000)
    yield filled
    filled.ledger.close()


@pytest.fixture(scope="module")
def large() -> Iterator[Filled]:
    filled = Filled(100_000)
    yield filled
    filled.ledger.close()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_takes_no_more_of_a_hundred_thousand_events(small: Filled, large: Filled, name: str) -> None:
    """Nor does the page after it."""
    for question in (PAGES[name], {**PAGES[name], "cursor": None}):
        taken = []
        for store in (small, large):
            cursor = store.steps(PAGES[name])[1]["cursor"] if "cursor" in question else None
            steps, answer = store.steps({**question, **({"cursor": cursor} if cursor else {})})
            taken.append(steps)
            assert (0 if name == "nothing" else PAGE) == len(answer["events"])
        assert taken[1] <= 1.5 * taken[0] + 50, f"{taken} × {STEP} steps"
