"""A site that was away for fourteen days: what it says then is counted where it belongs, to the hour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from fleet.core.reading import Arrival
from fleet.simulation.oracle import expected
from fleet.simulation.scenarios import FLEET_SCENARIOS
from fleet.simulation.streams import entries, stories_of
from fleet.store import schema
from fleet.store.batches import Batch, Batches, Policy, Position
from fleet.store.connection import connect
from shared.shipped import SHIPPED_CONFIG

BEGIN = datetime(2026, 10, 25, tzinfo=UTC)  # fourteen days from it end in the next month
BATCH = 500  # what an uplink ships at once


def test_a_site_that_was_away_for_a_fortnight_catches_up_exactly(database: str) -> None:
    """Though each of its batches comes twice, as from an uplink that is killed before it has noted it."""
    stories = stories_of(FLEET_SCENARIOS["fortnight"], SHIPPED_CONFIG, {})
    made = [*entries(stories, 1, 1, BEGIN)]
    batches = [made[at : at + BATCH] for at in range(0, len(made), BATCH)]
    log = [Arrival(0, at, each.key, each.value) for at, each in enumerate(x for each in batches for x in each + each)]
    now = BEGIN + timedelta(days=15)
    with connect(database, by_key=True) as made_:
        schema.migrate(made_)
        store = Batches(made_, "t", Policy({}, frozenset(), 400))
        claim = store.claim([0], "one", now)[0]
        for at in range(0, len(log), 700):
            part = log[at : at + 700]
            store.commit(Batch(part, {0: Position(claim.generation, at + len(part))}), now)
        ask = made_.execute
        hours = {(s, t, h): n for s, t, h, n in ask("SELECT site, type, hour, total FROM hourly_counts").fetchall()}
        counts = {(s, t): n for s, t, n in ask("SELECT site, type, total FROM counts").fetchall()}
        gaps = ask("SELECT * FROM gaps").fetchall()
    wanted = expected(each.value for each in made)

    assert (168, 4 * 168) == (wanted.counts["hut-00000", "AC_POWER_LOSS"], wanted.events)
    assert (wanted.counts, wanted.hours, []) == (counts, hours, gaps)
