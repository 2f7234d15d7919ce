"""When a batch commits, and what another connection has to do with it."""

from __future__ import annotations

import threading
from contextlib import closing
from dataclasses import replace

import pytest

from shared.delivery.commits import CALM_S, PLAYED_S, SOURCE_CALM_S, CommitReason, Commits, Turn
from shared.ledger import Ledger, LedgerError, Way
from shared.ledger.way import SIGN, held_sign

CALM = Turn(changed=True)
TABLE = ("CREATE TABLE IF NOT EXISTS note (text TEXT NOT NULL)",)


@pytest.mark.parametrize(
    ("turn", "reason"),
    [
        (CALM, None),
        (Turn(changed=False), CommitReason.EMPTY),
        (Turn(changed=False, important=True, missing=True, asked=True), CommitReason.EMPTY),
        (replace(CALM, urgent=True), CommitReason.URGENT),
        (replace(CALM, important=True), CommitReason.IMPORTANT),
        (replace(CALM, missing=True), CommitReason.MISSING),
        (replace(CALM, asked=True), CommitReason.ASKED),
        (replace(CALM, stopping=True), CommitReason.STOPPING),
    ],
)
def test_a_turn_decides_at_once(turn, reason):
    """What must be durable ends the batch in its own turn, whatever came before it."""
    commits = Commits(most=3)
    assert commits.decide(CALM, 0.0) is None

    assert reason == commits.decide(turn, 1.0)


@pytest.mark.parametrize("calm_s", [CALM_S, SOURCE_CALM_S])
def test_a_calm_batch_ends_by_time(calm_s):
    """It counts from the first change, and from anew after each commit."""
    commits = Commits(3, calm_s)

    first = [commits.decide(CALM, now) for now in (5.0, 5.0 + calm_s / 2, 5.0 + calm_s)]
    commits.committed()
    second = [commits.decide(CALM, now) for now in (6.0 + calm_s, 5.0 + 2 * calm_s, 6.0 + 2 * calm_s)]

    assert [None, None, CommitReason.DUE] == first == second


def test_a_batch_is_full_with_so_many_messages():
    """A producer holds what no checkpoint names, so a batch may hold a part of its window alone."""
    commits = Commits(most=3)
    found = []
    for _ in range(3):
        commits.applied()
        found.append(commits.decide(CALM, 0.0))

    assert [None, None, CommitReason.FULL] == found


@pytest.mark.parametrize("way", [1, -1], ids=["forwards", "a recording that begins anew"])
def test_a_played_batch_ends_by_its_own_time(way):
    """At a hundred times the speed it holds no more of what happened."""
    commits = Commits(most=10)
    times = (1000.0, 1000.0 + way * PLAYED_S / 2, 1000.0 + way * PLAYED_S)

    assert [None, None, CommitReason.PLAYED] == [commits.decide(replace(CALM, played_s=at), 0.0) for at in times]


def test_a_batch_that_fails_undoes_all_its_turns(tmp_path):
    """What an earlier turn left open is gone with the turn that failed; what had committed stays."""
    with closing(Ledger(tmp_path / "ledger.sqlite", TABLE)) as ledger:
        with ledger.batch() as db:
            db.execute("INSERT INTO note VALUES ('kept')")
        ledger.commit()
        with ledger.batch() as db, ledger.may_wait():
            db.execute("INSERT INTO note VALUES ('open')")
        with pytest.raises(LedgerError), ledger.batch() as db:
            db.execute("INSERT INTO nothing VALUES (1)")

        assert [("kept",)] == ledger.db.execute("SELECT text FROM note").fetchall()
        assert not ledger.changed


def test_only_what_is_said_to_wait_may_wait(tmp_path):
    """A change outside ``may_wait`` is urgent until it has committed."""
    with closing(Ledger(tmp_path / "ledger.sqlite", TABLE)) as ledger:
        with ledger.batch() as db, ledger.may_wait():
            db.execute("INSERT INTO note VALUES ('calm')")
        calm = (ledger.changed, ledger.urgent)
        with ledger.batch() as db:
            db.execute("INSERT INTO note VALUES ('urgent')")
        urgent = (ledger.changed, ledger.urgent)
        ledger.commit()

        assert ((True, False), (True, True), (False, False)) == (calm, urgent, (ledger.changed, ledger.urgent))


def test_another_process_asks_by_a_sign_for_as_long_as_it_holds_it(tmp_path):
    """One that was killed has left its file, and asks for nothing."""
    path = tmp_path / "ledger.sqlite"
    way = Way(lambda: None, path)
    with held_sign(path), held_sign(path):
        asked = way.wanted
    over = way.wanted
    path.with_name(path.name + SIGN).touch()

    assert (True, False, False) == (asked, over, way.wanted)


def test_another_connection_comes_to_write(tmp_path):
    """The owner is woken while it keeps a batch open, commits, and the other one writes."""
    path = tmp_path / "ledger.sqlite"
    woken = threading.Event()
    way = Way(woken.set, tmp_path / "ledger.sqlite")

    def write() -> None:
        with closing(Ledger(path, TABLE, way=way)) as other, other.transaction() as db:
            db.execute("INSERT INTO note VALUES ('other')")

    with closing(Ledger(path, TABLE)) as owner:
        with owner.batch() as db, owner.may_wait():
            db.execute("INSERT INTO note VALUES ('owner')")
        thread = threading.Thread(target=write)
        thread.start()
        assert woken.wait(30)
        wanted = way.wanted
        owner.commit()
        way.committed()
        thread.join(30)

        assert (True, False) == (wanted, way.wanted)
        assert [("owner",), ("other",)] == owner.db.execute("SELECT text FROM note").fetchall()
