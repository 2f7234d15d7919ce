"""What an older ledger becomes, what a newer one meets, and what a step that fails leaves behind."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from shared import __version__
from shared.ledger import (
    LedgerDamagedError,
    LedgerError,
    LedgerNewerError,
    Migration,
    MigrationError,
    Schema,
    sealed,
)
from shared.ledger import is_sound as sound
from shared.ledger.copies import KEPT_FOR, copies
from shared.ledger.examine import examine
from shared.ledger.history import SHARED_STEPS
from shared.ledger.migrations import read_version
from shared.ledger.quarantine import closed_cleanly, open_ledger
from shared.ledger.step import rewriting, running

SHARED = len(SHARED_STEPS)
NOW = datetime(2026, 11, 28, 8, tzinfo=UTC)

MADE_1 = """
CREATE TABLE mark (name TEXT PRIMARY KEY, seq INTEGER NOT NULL, seal INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE note (place INTEGER PRIMARY KEY AUTOINCREMENT, told_us INTEGER NOT NULL, text TEXT NOT NULL);
CREATE INDEX note_by_time ON note (told_us);
CREATE VIEW newest AS SELECT max(place) AS place FROM note;
"""
MARK_2 = """CREATE TABLE mark (
    site TEXT NOT NULL, name TEXT NOT NULL, seq INTEGER NOT NULL, seal INTEGER NOT NULL,
    PRIMARY KEY (site, name)) WITHOUT ROWID"""
NOTE_3 = "CREATE TABLE note (place INTEGER PRIMARY KEY AUTOINCREMENT, wall_us INTEGER NOT NULL, text TEXT NOT NULL)"
INDEX_3 = "CREATE INDEX note_by_time ON note (wall_us)"

STEPS = (
    Migration("give every table of the first version", lambda _: None),
    Migration("name the site of each mark", rewriting(MARK_2, {"site": "site()"}), rewrites=True),
    Migration("name the clock of each note", rewriting(NOTE_3, {"wall_us": "told_us"}, [INDEX_3]), rewrites=True),
    Migration(
        "count the marks", running("CREATE TABLE tally (marks INTEGER)", "INSERT INTO tally SELECT count(*) FROM mark")
    ),
)
NEW = Schema(
    (
        MARK_2,
        ";",
        NOTE_3,
        ";",
        INDEX_3,
        ";",
        "CREATE VIEW newest AS SELECT max(place) AS place FROM note;",
        "CREATE TABLE tally (marks INTEGER);",
    ),
    STEPS,
)
OLD = Schema((MADE_1,), STEPS[:1])


def fill(path: Path) -> None:
    """An old ledger with three marks, and two notes of which the newest is gone."""
    with closing(open_ledger(path, OLD, NOW)) as ledger, ledger.transaction() as db:
        db.executemany("INSERT INTO mark VALUES (?, ?, ?)", [sealed(name, n) for n, name in enumerate("abc")])
        db.executemany("INSERT INTO note (told_us, text) VALUES (?, ?)", [(7, "first"), (8, "newest")])
        db.execute("DELETE FROM note WHERE text = 'newest'")
        ledger.put("key", b"value")
    closed_cleanly(path)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "ledger.sqlite"
    fill(made)
    return made


def is_old(path: Path) -> bool:
    with closing(sqlite3.connect(path)) as db:
        return str(read_version(db)) == f"{SHARED}.1" and db.execute("SELECT count(*) FROM mark").fetchone() == (3,)


def shape(db: sqlite3.Connection) -> dict[str, str]:
    """How everything was made, without its spaces."""
    rows = db.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL")
    return {name: "".join(sql.replace('"', "").split()) for name, sql in rows}


def test_an_old_ledger_has_every_row_in_the_new_tables(path: Path) -> None:
    with closing(open_ledger(path, NEW, NOW, site="attic")) as ledger:
        rows = ledger.db.execute("SELECT * FROM mark ORDER BY name").fetchall()
        assert [("attic", "a", 0), ("attic", "b", 1), ("attic", "c", 2)] == [row[:3] for row in rows]
        assert all(map(sound, rows))
        assert [(1, 7, "first")] == ledger.db.execute("SELECT * FROM note").fetchall()
        assert [(3,)] == ledger.db.execute("SELECT marks FROM tally").fetchall()
        assert b"value" == ledger.get("key")
    assert examine(path, suspect=True) is None


def test_a_number_once_given_is_not_given_again(path: Path) -> None:
    """The second note was deleted; the next one is the third."""
    with closing(open_ledger(path, NEW, NOW)) as ledger, ledger.transaction() as db:
        assert 3 == db.execute("INSERT INTO note (wall_us, text) VALUES (9, 'next')").lastrowid


def test_rows_keep_their_rowids(tmp_path: Path) -> None:
    make = "CREATE TABLE thing (id TEXT PRIMARY KEY{})"
    old = Schema((make.format(""),), STEPS[:1])
    new = Schema(
        (), (*STEPS[:1], Migration("add", rewriting(make.format(", more TEXT"), {"more": "'m'"}), rewrites=True))
    )
    path = tmp_path / "ledger.sqlite"
    with closing(open_ledger(path, old, NOW)) as ledger, ledger.transaction() as db:
        db.executemany("INSERT INTO thing (rowid, id) VALUES (?, ?)", [(7, "a"), (3, "b")])
    with closing(open_ledger(path, new, NOW)) as ledger:
        assert [(3, "b", "m"), (7, "a", "m")] == ledger.db.execute("SELECT rowid, * FROM thing ORDER BY 1").fetchall()


def test_a_migrated_ledger_is_made_as_a_new_one(path: Path, tmp_path: Path) -> None:
    with closing(open_ledger(path, NEW, NOW)) as led, closing(open_ledger(tmp_path / "new.sqlite", NEW, NOW)) as made:
        assert shape(made.db) == shape(led.db)
        assert read_version(made.db) == read_version(led.db)
        assert ("4", __version__) == (str(read_version(led.db).own), read_version(led.db).by)


def test_steps_are_taken_once(path: Path) -> None:
    open_ledger(path, NEW, NOW).close()
    before = path.read_bytes()
    open_ledger(path, NEW, NOW).close()
    assert before == path.read_bytes()


def test_a_ledger_from_before_versions_is_version_0(path: Path) -> None:
    """Its first step finds the tables in their place."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("DELETE FROM life WHERE name = 'version'")
        db.commit()
    with closing(open_ledger(path, NEW, NOW)) as ledger:
        assert (3,) == ledger.db.execute("SELECT count(*) FROM mark").fetchone()


def test_a_newer_ledger_is_refused_with_a_sentence_and_untouched(path: Path) -> None:
    open_ledger(path, NEW, NOW).close()
    closed_cleanly(path)
    before = path.read_bytes()
    with pytest.raises(LedgerNewerError) as refused:
        open_ledger(path, OLD, NOW)
    assert not isinstance(refused.value, LedgerDamagedError)
    assert f"Upskeep {__version__} wrote this ledger (tables {SHARED}.4)" in str(refused.value)
    assert f"knows tables up to {SHARED}.1: install that version again or a later one" in str(refused.value)
    assert before == path.read_bytes()
    assert not list(path.parent.glob("*.damaged-*"))


def wrong_name(db: sqlite3.Connection) -> None:
    db.execute("UPDATE mark SET nosuch = 1")


def wrong_table(db: sqlite3.Connection) -> None:
    db.execute("INSERT INTO nosuch VALUES (1)")


def wrong_number(db: sqlite3.Connection) -> None:
    db.execute("INSERT INTO mark VALUES (1)")


def twice(db: sqlite3.Connection) -> None:
    db.execute("INSERT INTO mark SELECT * FROM mark")


def python_fault(_: sqlite3.Connection) -> None:
    raise KeyError("told")


def commits(db: sqlite3.Connection) -> None:
    db.commit()


@pytest.mark.parametrize("fault", [wrong_name, wrong_table, wrong_number, twice, python_fault, commits])
def test_a_step_that_fails_is_no_damage_and_changes_nothing(
    path: Path, fault: Callable[[sqlite3.Connection], None]
) -> None:
    """Whatever fails, and however often the service is started: "no such" is a fault of the step, not of the file."""
    broken = Schema((), (STEPS[0], Migration("go wrong", fault, rewrites=True), *STEPS[1:]))
    for _ in range(3):
        with pytest.raises(
            MigrationError, match=rf"upgrading its tables from {SHARED}\.1 to {SHARED}\.5 failed at “go wrong”"
        ) as failed:
            open_ledger(path, broken, NOW)
        assert "nothing in it is changed" in str(failed.value)
        assert is_old(path)
    assert not list(path.parent.glob("*.damaged-*"))


def test_a_missing_column_at_work_is_no_damage(path: Path) -> None:
    """Every start checks how the tables were made, so what misses one is the program."""
    with closing(open_ledger(path, OLD, NOW)) as ledger:
        for statement in ("SELECT nosuch FROM mark", "INSERT INTO mark (nosuch) VALUES (1)", "SELECT 1 FROM nosuch"):
            with pytest.raises(LedgerError, match="do not agree") as failed, ledger.transaction() as db:
                db.execute(statement)
            assert not isinstance(failed.value, LedgerDamagedError)


def test_before_rows_are_rewritten_a_copy_is_kept(path: Path) -> None:
    open_ledger(path, NEW, NOW).close()
    (copy,) = copies(path)
    assert f"ledger.sqlite.version-{SHARED}.1" == copy.name
    assert is_old(copy)
    closed_cleanly(path)
    shutil.move(copy, path)
    with closing(open_ledger(path, OLD, NOW)) as ledger:
        assert b"value" == ledger.get("key")


def test_a_new_table_needs_no_copy(path: Path) -> None:
    added = Schema((), (*STEPS[:1], Migration("add a table", running("CREATE TABLE more (a)"))))
    open_ledger(path, added, NOW).close()
    assert [] == copies(path)


def test_one_copy_is_kept_and_only_for_a_week(path: Path) -> None:
    open_ledger(path, Schema((), STEPS[:2]), NOW).close()
    open_ledger(path, NEW, NOW).close()
    (copy,) = copies(path)
    assert f"ledger.sqlite.version-{SHARED}.2" == copy.name

    os.utime(copy, (NOW.timestamp(), NOW.timestamp()))
    open_ledger(path, NEW, NOW + KEPT_FOR).close()
    assert [copy] == copies(path)
    open_ledger(path, NEW, NOW + KEPT_FOR + timedelta(seconds=1)).close()
    assert [] == copies(path)


def test_a_damaged_old_ledger_is_set_aside_before_its_rows_are_sealed_anew(path: Path) -> None:
    """A close look comes first: a step would give the wrong row a seal that fits."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE mark SET seq = 1000 WHERE name = 'a'")
        db.commit()
    with closing(open_ledger(path, NEW, NOW)) as ledger:
        assert [] == ledger.db.execute("SELECT * FROM mark").fetchall()
    assert 1 == len(list(path.parent.glob("*.damaged-*Z")))


def test_killed_at_any_statement_it_is_the_old_or_the_new_ledger_and_the_next_start_finishes(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before each statement of the start the folder is copied, which is what a kill leaves on the disk."""
    wanted = contents(path.parent, NEW)
    folders: list[Path] = []

    def kill() -> None:
        folders.append(path.parent.parent / f"killed-{len(folders)}")
        shutil.copytree(path.parent, folders[-1])

    class Watched(sqlite3.Connection):
        def execute(self, *arguments: Any) -> sqlite3.Cursor:
            kill()
            return super().execute(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Watched))
        open_ledger(path, NEW, NOW).close()
    kill()

    assert len(folders) > 40
    assert {f"{SHARED}.1", f"{SHARED}.4"} == {version(folder / path.name) for folder in folders}
    for folder in folders:
        assert wanted == contents(folder, NEW)


def version(path: Path) -> str:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        return str(read_version(db))


def contents(folder: Path, schema: Schema) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table, after a start over a copy of the folder."""
    place = folder.with_name(f"{folder.name}-opened")
    shutil.copytree(folder, place)
    with closing(open_ledger(place / "ledger.sqlite", schema, NOW)) as ledger:
        names = [
            name for (name,) in ledger.db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY 1")
        ]
        found = {name: ledger.db.execute(f'SELECT * FROM "{name}"').fetchall() for name in names}  # noqa: S608
    assert not list(place.glob("*.damaged-*"))
    assert 1 == len(copies(place / "ledger.sqlite"))
    shutil.rmtree(place)
    return found
