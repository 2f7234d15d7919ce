"""What ``upskeep backup`` and ``upskeep restore`` promise, one fact at a time."""

from __future__ import annotations

import gzip
import io
import json
import shutil
import sqlite3
import stat
import tarfile
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.ledger import Ledger, Way
from shared.ledger.quarantine import closed_cleanly, open_ledger
from shared.process import _sign_path
from upskeep.backup.archive import MANIFEST, BackupError
from upskeep.backup.make import keep_newest, make_backup
from upskeep.backup.restore import verify
from upskeep.cli import cli
from upskeep.service_apps import SERVICES

CONFIG = Path(__file__).resolve().parents[4] / "config"
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
SCHEMAS = {service.route.name: service.schema for service in SERVICES}
KEPT = {"counter_store": b"counts", "alerter": b"silences"}
Change = Callable[[dict[str, bytes]], None]


def fill(data: Path, kept: dict[str, bytes] | None = None) -> Path:
    """A data folder with a ledger of two services."""
    for service, value in (kept or KEPT).items():
        path = data / service / "ledger.sqlite"
        with closing(open_ledger(path, SCHEMAS[service], NOW)) as ledger, ledger.transaction():
            ledger.put("key", value)
        closed_cleanly(path)
    return data


def held(data: Path) -> dict[str, bytes]:
    found = {}
    for path in data.glob("*/ledger.sqlite"):
        with closing(sqlite3.connect(path)) as db:
            found[path.parent.name] = db.execute("SELECT value FROM state WHERE key = 'key'").fetchone()[0]
    return found


def test_a_batch_that_is_kept_open_is_committed_for_a_backup(tmp_path: Path) -> None:
    """A service of calm hardware keeps one open for up to a minute: what it holds is in the backup."""
    data = fill(tmp_path / "data")
    path = data / "alerter" / "ledger.sqlite"
    is_open, done = threading.Event(), threading.Event()

    def keep_open() -> None:
        way = Way(lambda: None, path)
        with closing(Ledger(path, SCHEMAS["alerter"], way=way)) as ledger:
            with ledger.batch():
                ledger.put("key", b"of the open batch")
            is_open.set()
            while not way.wanted and not done.wait(0.01):
                pass
            ledger.commit()

    service = threading.Thread(target=keep_open)
    service.start()
    assert is_open.wait(60)
    made = upskeep("backup", tmp_path / "b.tar.gz", data)
    done.set()
    service.join(60)
    put_back = upskeep("restore", tmp_path / "b.tar.gz", tmp_path / "again")

    assert (0, 0) == (made.exit_code, put_back.exit_code), made.output
    assert b"of the open batch" == held(tmp_path / "again")["alerter"]


def upskeep(command: str, file: Path, data: Path, *more: object) -> Result:
    words = [command, str(file), "--config", str(CONFIG), "--data", str(data), *map(str, more)]
    return CliRunner().invoke(cli, words)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup."""
    folder = tmp_path_factory.mktemp("made")
    file = folder / "upskeep.tar.gz"
    make_backup(fill(folder / "data"), CONFIG, "home", file, NOW, lambda *_: None)
    return file


def changed(made: Path, to: Path, change: Change) -> Path:
    """A backup whose members are not what they were."""
    with tarfile.open(made) as tar:
        members = {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]
    change(members)
    with tarfile.open(to, "w:gz") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return to


def test_a_backup_comes_back_as_it_was(tmp_path: Path) -> None:
    """Ledgers, and the configuration into a folder of its own; the archive is for its owner alone."""
    file, fresh, own = tmp_path / "b.tar.gz", tmp_path / "fresh", tmp_path / "settings"
    first = upskeep("backup", file, fill(tmp_path / "data"))
    second = upskeep("restore", file, fresh, "--settings-into", own)

    assert (0, 0) == (first.exit_code, second.exit_code), first.output + second.output
    assert held(fresh) == KEPT
    assert {path.name: path.read_text() for path in own.iterdir()} == {
        path.name: path.read_text() for path in CONFIG.glob("*.yaml")
    }
    assert 0o600 == stat.S_IMODE(file.stat().st_mode)
    assert ["alerter", "counter_store", "run.lock"] == sorted(path.name for path in fresh.iterdir())
    assert "sound; 2 ledgers" in upskeep("backup", file, fresh, "--verify").output


def test_a_ledger_that_is_being_written_is_backed_up_as_of_its_last_commit(tmp_path: Path) -> None:
    """What stands in its log alone is there."""
    data, file = fill(tmp_path / "data"), tmp_path / "b.tar.gz"
    with closing(Ledger(data / "alerter" / "ledger.sqlite", SCHEMAS["alerter"])) as ledger:
        with ledger.transaction():
            ledger.put("key", b"committed")
        assert not upskeep("backup", file, data).exit_code
    assert not upskeep("restore", file, tmp_path / "fresh").exit_code
    assert b"committed" == held(tmp_path / "fresh")["alerter"]


def test_ledgers_that_are_there_are_refused_or_set_aside(tmp_path: Path, made: Path) -> None:
    data = fill(tmp_path / "data", {"alerter": b"newer"})
    refused = upskeep("restore", made, data)
    assert (1, {"alerter": b"newer"}) == (refused.exit_code, held(data))
    assert "holds ledgers already (alerter)" in refused.output

    assert not upskeep("restore", made, data, "--force").exit_code
    assert held(data) == KEPT
    (aside,) = (data / "alerter").glob("ledger.sqlite.replaced-*")
    with closing(sqlite3.connect(aside)) as db:
        assert (b"newer",) == db.execute("SELECT value FROM state WHERE key = 'key'").fetchone()


def test_nothing_is_restored_under_a_running_suite(tmp_path: Path, made: Path) -> None:
    data = fill(tmp_path / "data")
    (data / "alerter" / "ledger.sqlite.running").touch()
    sign = _sign_path(data, "alerter")
    sign.touch()
    try:
        refused = upskeep("restore", made, data, "--force")
    finally:
        sign.unlink()
    assert 1 == refused.exit_code
    assert "alerter is running over" in refused.output


def test_settings_that_are_there_are_left_alone(tmp_path: Path, made: Path) -> None:
    refused = upskeep("restore", made, tmp_path / "fresh", "--settings-into", CONFIG)
    assert "is not empty; name a new folder" in refused.output
    assert not held(tmp_path / "fresh")


def test_a_file_that_is_there_is_not_replaced_unasked(tmp_path: Path, made: Path) -> None:
    file = Path(shutil.copy(made, tmp_path / "b.tar.gz"))
    refused = upskeep("backup", file, fill(tmp_path / "data", {"alerter": b"x"}))
    assert (2, made.read_bytes()) == (refused.exit_code, file.read_bytes())
    assert not upskeep("backup", file, tmp_path / "data", "--force").exit_code
    assert made.read_bytes() != file.read_bytes()


def test_a_folder_gets_a_dated_backup_and_keeps_the_newest(tmp_path: Path) -> None:
    """What else lies there stays."""
    folder, data = tmp_path / "backups", fill(tmp_path / "data")
    folder.mkdir()
    others = ["upskeep-home-notes.tar.gz", "upskeep-hut-20250101T000000Z.tar.gz"]
    for name in (*others, "upskeep-home-20250101T000000Z.tar.gz", "upskeep-home-20250102T000000Z.tar.gz"):
        (folder / name).touch()

    done = upskeep("backup", folder, data, "--keep", 2)

    assert not done.exit_code, done.output
    left = sorted(path.name for path in folder.iterdir() if path.name not in others)
    assert ["upskeep-home-20250102T000000Z.tar.gz"] == left[:1]
    assert 2 == len(left)
    assert f"deleted {folder}/upskeep-home-20250101T000000Z.tar.gz" in done.output
    assert [] == list(keep_newest(folder, "home", 2))


def test_an_empty_data_folder_makes_no_backup(tmp_path: Path) -> None:
    refused = upskeep("backup", tmp_path / "b.tar.gz", tmp_path)
    assert (1, []) == (refused.exit_code, list(tmp_path.iterdir()))
    assert "holds no ledger: name the suite's data folder with --data" in refused.output


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.floats(0, 1, exclude_max=True), bits=st.integers(1, 255), cut=st.booleans())
def test_damage_is_found_wherever_it_is(tmp_path: Path, made: Path, place: float, bits: int, cut: bool) -> None:
    """A flipped byte or a torn end: a sentence, or a backup whose every file is still as it was written."""
    content = bytearray(made.read_bytes())
    at = int(place * len(content))
    content[at] ^= bits
    file = tmp_path / "damaged.tar.gz"
    file.write_bytes(content[:at] if cut else content)
    said = upskeep("backup", file, tmp_path, "--verify")
    assert str(file) in said.output
    if not said.exit_code:
        assert not cut
        assert gzip.decompress(content)  # a byte of the header that says nothing: a time, a system's number


def drop_a_ledger(members: dict[str, bytes]) -> None:
    del members["alerter/ledger.sqlite"]


def change_a_ledger(members: dict[str, bytes]) -> None:
    ledger = members["alerter/ledger.sqlite"]
    members["alerter/ledger.sqlite"] = ledger[:-1] + bytes([ledger[-1] ^ 1])


def name_a_path(members: dict[str, bytes]) -> None:
    _edit(members, lambda manifest: manifest["ledgers"].update({"../../etc/x": manifest["ledgers"]["alerter"]}))


def name_a_stranger(members: dict[str, bytes]) -> None:
    members["toaster/ledger.sqlite"] = members["alerter/ledger.sqlite"]
    for name in [name for name in members if name.startswith("config/")]:  # which come after the ledgers
        members[name] = members.pop(name)
    _edit(members, lambda manifest: manifest["ledgers"].update({"toaster": manifest["ledgers"]["alerter"]}))


def come_from_the_future(members: dict[str, bytes]) -> None:
    _edit(members, lambda manifest: manifest.update({"format": 2}))


def hold_no_manifest(members: dict[str, bytes]) -> None:
    del members[MANIFEST]


def _edit(members: dict[str, bytes], change: Callable[[dict[str, dict[str, object]]], object]) -> None:
    manifest = json.loads(members[MANIFEST])
    change(manifest)
    members[MANIFEST] = json.dumps(manifest).encode()


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (drop_a_ledger, "is not whole: alerter/ledger.sqlite is missing"),
        (change_a_ledger, "alerter/ledger.sqlite is not as it was written"),
        (name_a_path, "'../../etc/x', which is no name of a service"),
        (name_a_stranger, "a ledger of toaster, which Upskeep"),
        (come_from_the_future, "a later version may have made it"),
        (hold_no_manifest, "is no backup of Upskeep"),
    ],
)
def test_a_backup_that_is_not_what_it_says_changes_nothing(
    tmp_path: Path, made: Path, change: Change, found: str
) -> None:
    file = changed(made, tmp_path / "changed.tar.gz", change)
    refused = upskeep("restore", file, tmp_path / "fresh")
    assert 1 == refused.exit_code
    assert found in refused.output
    assert ["run.lock"] == [path.name for path in (tmp_path / "fresh").iterdir()]


def test_a_ledger_of_a_later_version_is_refused(tmp_path: Path) -> None:
    data, file = fill(tmp_path / "data"), tmp_path / "b.tar.gz"
    assert not upskeep("backup", file, data).exit_code
    with pytest.raises(BackupError, match="install that version again or a later one"):
        verify(file, {"counter_store": SCHEMAS["counter_store"], "alerter": type(SCHEMAS["alerter"])()}, tmp_path)
