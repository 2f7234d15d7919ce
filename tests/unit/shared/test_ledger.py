"""What the ledger, the look at it and the quarantine promise, one fact at a time."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.ledger import APPLICATION_ID, Ledger, LedgerDamagedError, LedgerError, Schema, explain, is_sound, sealed
from shared.ledger.examine import SMALL_BYTES, examine
from shared.ledger.quarantine import KEPT, closed_cleanly, open_ledger, suspect

NOW = datetime(2026, 11, 22, 6, 14, 48, tzinfo=UTC)
VALUES = st.lists(st.none() | st.integers(-(2**63), 2**63 - 1) | st.text() | st.binary() | st.floats(allow_nan=False))


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    """A ledger that was closed cleanly and holds one state."""
    made = tmp_path / "ledger.sqlite"
    fill(open_ledger(made, Schema(), NOW))
    closed_cleanly(made)
    return made


def fill(ledger: Ledger, value: bytes = b"1") -> None:
    with closing(ledger), ledger.transaction():
        ledger.put("key", value)


def change(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute(statement)
        db.commit()


def report(ledger: Ledger) -> dict[str, object] | None:
    row = ledger.db.execute("SELECT value FROM life WHERE name = 'damage'").fetchone()
    return None if row is None else json.loads(row[0])


def names(path: Path) -> list[str]:
    return sorted(file.name for file in path.parent.iterdir())


@given(VALUES, st.integers(0, 2**32 - 1))
def test_a_row_is_sound_as_written_and_with_no_other_seal(values: list[object], other: int) -> None:
    row = sealed(*values)  # type: ignore[arg-type]
    assert is_sound(row)
    assert is_sound((*row[:-1], other)) == (other == row[-1])


def test_a_ledger_that_is_there_keeps_its_pages(tmp_path: Path, path: Path) -> None:
    """Those of before are larger; their log may be as long."""
    older = tmp_path / "older.sqlite"
    with closing(sqlite3.connect(older)) as db:
        db.execute("PRAGMA page_size=4096")
        db.execute("PRAGMA journal_mode=WAL")
        db.execute(f"PRAGMA application_id={APPLICATION_ID}")
    found = []
    for place in (older, path):
        with closing(Ledger(place)) as ledger:
            pages = ledger.db.execute("PRAGMA page_size").fetchone()
            found.append((*pages, *ledger.db.execute("PRAGMA wal_autocheckpoint").fetchone()))

    assert [(4096, 512), (1024, 2048)] == found


def test_a_ledger_says_in_its_header_what_it_is(path: Path) -> None:
    """``file`` and a look by hand can tell it from any other SQLite file."""
    assert APPLICATION_ID.to_bytes(4) == path.read_bytes()[68:72]


def test_a_sound_ledger_is_sound_by_every_look(path: Path) -> None:
    assert (None, None, None) == (examine(path), examine(path, unclean=True), examine(path, suspect=True))


def test_a_missing_ledger_is_new(tmp_path: Path) -> None:
    assert examine(tmp_path / "none") is None


def test_a_look_changes_nothing(path: Path) -> None:
    before = path.read_bytes()
    examine(path, suspect=True)
    assert before == path.read_bytes()


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE state SET value = x'32'", "a row of state is not as it was written"),
        ("UPDATE life SET value = 'other' WHERE name = 'schema'", "the row life/schema is not as it was written"),
        ("DROP TABLE applied", "applied is not there as it was made"),
        ("ALTER TABLE stream RENAME TO strean", "stream is not there as it was made"),
        ("PRAGMA application_id = 7", "not a ledger: application_id is 0x7"),
    ],
)
def test_contents_that_sqlite_takes_for_good_are_seen(path: Path, statement: str, found: str) -> None:
    """The structure is right, and the ledger is not what was written."""
    change(path, statement)
    assert found == examine(path)


def test_another_programs_file_is_set_aside_and_kept(tmp_path: Path) -> None:
    """It may be somebody's: it is moved, not written into."""
    path = tmp_path / "ledger.sqlite"
    change(path, "CREATE TABLE theirs (a)")
    with closing(open_ledger(path, Schema(), NOW)) as ledger:
        assert "not a ledger: application_id is 0x0" == (report(ledger) or {})["found"]
    with closing(sqlite3.connect(tmp_path / "ledger.sqlite.damaged-20261122T061448Z")) as db:
        assert [] == db.execute("SELECT * FROM theirs").fetchall()


def test_a_damaged_ledger_is_set_aside_under_a_dated_name_and_reported(path: Path) -> None:
    path.write_bytes(b"\0" * 5000)
    with closing(open_ledger(path, Schema(), NOW)) as ledger:
        assert ledger.get("key") is None
        assert {
            "found": "file is not a database",
            "found_at": "2026-11-22T06:14:48+00:00",
            "aside": "ledger.sqlite.damaged-20261122T061448Z",
            "waiting": {},
        } == report(ledger)
    closed_cleanly(path)
    assert ["ledger.sqlite", "ledger.sqlite.damaged-20261122T061448Z"] == names(path)


def test_only_the_newest_sets_are_kept(path: Path) -> None:
    """A disk that damages a ledger every day does not fill up with the evidence."""
    for day in range(5):
        path.write_bytes(b"nonsense" * 100)
        open_ledger(path, Schema(), NOW + timedelta(days=day)).close()
        open_ledger(path, Schema(), NOW + timedelta(days=day)).close()
    kept = [name for name in names(path) if ".damaged-" in name]
    assert [f"ledger.sqlite.damaged-202611{day}T061448Z" for day in (24, 25, 26)] == kept
    assert KEPT == len(kept)


def test_two_findings_in_one_second_do_not_overwrite_each_other(path: Path) -> None:
    for _ in range(2):
        path.write_bytes(b"nonsense" * 100)
        open_ledger(path, Schema(), NOW).close()
    assert ["ledger.sqlite.damaged-20261122T061448Z", "ledger.sqlite.damaged-20261122T061448Z-2"] == [
        name for name in names(path) if ".damaged-" in name
    ]


@pytest.mark.parametrize("step", ["nothing is moved yet", "the log is moved", "all is moved", "the new one is begun"])
def test_a_death_while_setting_aside_goes_on_from_there(path: Path, step: str) -> None:
    """The report is neither lost nor told of the new ledger."""
    aside = "ledger.sqlite.damaged-20261122T061448Z"
    case = {"found": "malformed", "found_at": "then", "aside": aside}
    path.with_name("ledger.sqlite.setting-aside").write_text(json.dumps(case))
    path.with_name("ledger.sqlite-wal").write_bytes(b"log")
    if step != "nothing is moved yet":
        path.with_name("ledger.sqlite-wal").rename(path.with_name(aside + "-wal"))
    if step in ("all is moved", "the new one is begun"):
        path.rename(path.with_name(aside))
    if step == "the new one is begun":
        Ledger(path).close()
    with closing(open_ledger(path, Schema(), NOW + timedelta(days=9))) as ledger:
        assert {**case, "waiting": {}} == report(ledger)
        assert ledger.get("key") is None
    assert [aside] == [n for n in names(path) if ".damaged-" in n and not n.endswith(("-wal", "-shm"))]


def test_a_suspicion_that_a_close_look_refutes_keeps_the_ledger(path: Path) -> None:
    """One bad read of the memory card is no reason to lose what is counted."""
    error = explain(path, sqlite3.DatabaseError("database disk image is malformed"))
    assert isinstance(error, LedgerDamagedError)
    suspect(path, error)
    with closing(open_ledger(path, Schema(), NOW)) as ledger:
        assert (b"1", None) == (ledger.get("key"), report(ledger))


def test_damage_that_is_certain_needs_no_look(path: Path) -> None:
    """A ledger that has gone back is sound in itself."""
    with closing(Ledger(path)) as ledger:
        suspect(path, ledger.damaged("it has gone back"))
    with closing(open_ledger(path, Schema(), NOW)) as ledger:
        assert "it has gone back" == (report(ledger) or {})["found"]


def test_a_large_ledger_is_read_through_only_after_an_unclean_stop(path: Path) -> None:
    """A clean stop needs no long look; without one every page is checked."""
    with closing(Ledger(path)) as ledger, ledger.transaction() as db:
        row = sealed("raw", 1, "topic", b"x" * SMALL_BYTES, None, 0.0)
        db.execute("INSERT INTO outbox VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    with path.open("r+b") as file:
        file.seek(4096 * 30)
        file.write(b"\xff" * 4)  # the number of the next page of a long value
    assert path.stat().st_size > SMALL_BYTES
    assert examine(path) is None
    assert examine(path, unclean=True) is not None


def test_a_locked_ledger_is_not_damaged(path: Path) -> None:
    """Somebody else uses it: that is said, and nothing is moved."""
    error = explain(path, sqlite3.OperationalError("database is locked"))
    assert not isinstance(error, LedgerDamagedError)
    assert "stop it, two services cannot share one" in str(error)


def test_a_folder_that_cannot_be_written_is_no_damage(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerError, match="write"):
        open_ledger(tmp_path / "file" / "ledger.sqlite", Schema(), NOW)


@pytest.mark.parametrize("step", ["_prepare", "_lead_to", "_note_schema"])
def test_a_death_while_a_ledger_is_made_is_no_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """``make crash`` met it (seed 362069): a file that the death had left empty was reported as damaged."""
    path = tmp_path / "ledger.sqlite"

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Ledger, step, die)
        with pytest.raises(KeyboardInterrupt):
            open_ledger(path, Schema(), NOW)
    assert not path.exists()
    with closing(open_ledger(path, Schema(), NOW)) as ledger:
        assert ledger.db.execute("SELECT count(*) FROM life WHERE name = 'damage'").fetchone() == (0,)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["ledger.sqlite", "ledger.sqlite.running"]
