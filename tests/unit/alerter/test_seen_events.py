"""Which event ids the alerter remembers."""

from __future__ import annotations

from contextlib import closing

from services.alerter.adapters.seen_events import SCHEMA, SeenEvents
from shared.ledger import Ledger


def test_an_id_is_new_once() -> None:
    """And stays known."""
    with closing(Ledger(":memory:", (SCHEMA,))) as ledger:
        heard = SeenEvents(ledger)

        assert [True, False, True] == [heard.is_new(identity) for identity in ("a", "a", "b")]


def test_only_the_newest_ids_are_kept() -> None:
    """The table is bounded; what is long gone would be taken again."""
    with closing(Ledger(":memory:", (SCHEMA,))) as ledger:
        heard = SeenEvents(ledger, room=2)
        for identity in ("a", "b", "c"):
            heard.is_new(identity)
        heard.forget()

        assert [False, False, True] == [heard.is_new(identity) for identity in ("b", "c", "a")]
