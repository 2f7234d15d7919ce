"""Which offers are known: a bounded number of ids, of which a flooder loses its own."""

from __future__ import annotations

from services.event_processor.adapters.ledger_schema import create_tables
from services.event_processor.adapters.offered import Offered
from shared.ledger import Ledger
from shared.limits import LimitReports
from tests.support.scenarios import START


def test_a_flood_of_ids_makes_nobody_elses_repeat_look_new() -> None:
    """Also over a restart: what each has is counted anew from the ledger."""
    ledger = Ledger(":memory:")
    create_tables(ledger)
    limits = LimitReports()
    taken = Offered(ledger, limits, most=200)
    for number in range(50):
        assert taken.is_new("neighbour", str(number))
    for number in range(1000):
        assert taken.is_new("flooder", str(number))
        taken.flush()
        if number == 500:
            taken = Offered(ledger, limits, most=200)

    assert [False] * 50 == [taken.is_new("neighbour", str(number)) for number in range(50)]
    assert taken.is_new("flooder", "1")
    assert 190 < ledger.db.execute("SELECT count(*) FROM offered").fetchone()[0] <= 201
    assert [("ids of offers", 200, "flooder")] == [(one.what, one.limit, one.sender) for one in limits.drain(START)]
    ledger.close()
