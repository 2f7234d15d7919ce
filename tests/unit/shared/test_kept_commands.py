"""What came of commands is kept, of the newest alone; keeping one more does not cost more for those there are."""

from __future__ import annotations

from contextlib import closing

import pytest

from shared.delivery import records as records_module
from shared.delivery.records import COMMANDS_SPARE, Records
from shared.ledger import Ledger

KEPT, SENT = 300, 1000


def test_a_flood_of_commands_keeps_the_newest_and_looks_at_the_others_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table is looked through once in a hundred commands; a process that starts goes on where the last one was."""
    monkeypatch.setattr(records_module, "COMMANDS_KEPT", KEPT)
    statements: list[str] = []
    with closing(Ledger(":memory:", ())) as ledger:
        for process in range(2):
            records = Records(ledger)
            ledger.db.set_trace_callback(statements.append)
            with ledger.transaction():
                for number in range(SENT):
                    records.save_result(f"{process}/{number}", b"{}")
            ledger.db.set_trace_callback(None)
            assert b"{}" == records.result(f"{process}/{SENT - KEPT}")
            assert None is records.result(f"{process}/{SENT - KEPT - COMMANDS_SPARE - 1}")
        (kept,) = ledger.db.execute("SELECT count(*) FROM obeyed").fetchone()

    assert KEPT <= kept <= KEPT + COMMANDS_SPARE
    through = [each for each in statements if "max(place)" in each or each.startswith("DELETE")]
    assert 2 * (SENT // COMMANDS_SPARE + 1) == len(through)
