"""A backup looked at, and put into a data folder.

Rules:
1. Everything is unpacked beside its place, held to its checksum and looked through before anything is replaced.
2. Ledgers that are there already are refused, or set aside as ``ledger.sqlite.replaced-<time>``, never deleted.
3. A backup of a later version than this program's is refused: its tables are not known here.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

from shared import __version__
from shared.ledger.errors import LedgerError
from shared.ledger.examine import examine, open_read_only
from shared.ledger.migrations import Schema, read_version, refuse_newer
from shared.process import seems_alive
from shared.services import is_service, service_row
from upskeep.backup.archive import BackupError, Manifest, ledger_member, settings_member, unpacked
from upskeep.backup.make import LEDGER, STAMP, ledgers_in
from upskeep.runner.data_lock import DataError, hold_data_folder

TAILS = ("-wal", "-shm", "")
MARKS = ("running", "suspect", "setting-aside")  # of the ledger that was there


@contextmanager
def sound(archive: Path, into: Path, schemas: Mapping[str, Schema]) -> Iterator[tuple[Manifest, dict[str, Path]]]:
    """Yield a backup's manifest and files, all looked through; raises BackupError. ``schemas`` is by service."""
    with unpacked(archive, into) as (manifest, files):
        for name in manifest.ledgers:
            if not is_service(name):
                raise BackupError(f"{archive} holds a ledger of {name}, which Upskeep {__version__} does not know")
            file = files[ledger_member(name)]
            try:
                found = examine(file, suspect=True)
                if found is None:
                    with closing(open_read_only(file)) as db:
                        refuse_newer(ledger_member(name), read_version(db), schemas.get(service_row(name).name))
            except LedgerError as error:
                raise BackupError(f"{archive}: {error}") from error
            if found is not None:
                raise BackupError(f"{archive}: {ledger_member(name)} is damaged: {found}")
        yield manifest, files


def verify(archive: Path, schemas: Mapping[str, Schema], scratch: Path) -> Manifest:
    """Return a backup's manifest when all of it is as it was written; raises BackupError. It unpacks in ``scratch``."""
    with (
        tempfile.TemporaryDirectory(prefix=".upskeep-verify-", dir=scratch) as folder,
        sound(archive, Path(folder), schemas) as (manifest, _),
    ):
        return manifest


def restore(
    archive: Path, data: Path, settings: Path | None, schemas: Mapping[str, Schema], now: datetime, *, force: bool
) -> tuple[Manifest, list[Path]]:
    """Put a backup into ``data``, its settings into a new folder; returns the manifest and what was set aside.

    Raises BackupError or DataError, and then nothing is changed.
    """
    if settings is not None and settings.exists() and any(settings.iterdir()):
        raise BackupError(f"{settings} is not empty; name a new folder for the settings, and compare the two")
    with hold_data_folder(data):
        for name in ledgers_in(data):
            if seems_alive(data, name):
                raise DataError(f"{name} is running over {data}; stop the suite first")
        with (
            tempfile.TemporaryDirectory(prefix=".upskeep-restore-", dir=data) as folder,
            sound(archive, Path(folder), schemas) as (manifest, files),
        ):
            there = ledgers_in(data)
            if there and not force:
                raise BackupError(
                    f"{data} holds ledgers already ({', '.join(there)}); name another folder with --data, "
                    "or set them aside with --force"
                )
            aside = [moved for path in there.values() for moved in _set_aside(path, now)]
            aside += _set_broker_aside(data, now)
            for name in manifest.ledgers:
                _put(files[ledger_member(name)], data / name / LEDGER)
            if settings is not None:
                settings.mkdir(parents=True, exist_ok=True)
                for stem in manifest.settings:
                    _put(files[settings_member(stem)], settings / f"{stem}.yaml")
    return manifest, aside


def _put(file: Path, place: Path) -> None:
    place.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
    file.replace(place)
    _sync(place.parent)


def _set_aside(path: Path, now: datetime) -> Iterator[Path]:
    for mark in MARKS:
        path.with_name(f"{path.name}.{mark}").unlink(missing_ok=True)
    replaced = f"{path.name}.replaced-{now.strftime(STAMP)}"
    for tail in TAILS:
        file = path.with_name(path.name + tail)
        if file.exists():
            file.replace(path.with_name(replaced + tail))
    yield path.with_name(replaced)


def _set_broker_aside(data: Path, now: datetime) -> Iterator[Path]:
    """Set aside the embedded broker's retained messages, which are later than the backup."""
    kept = data / "broker" / "mosquitto.db"
    if kept.exists():
        yield kept.replace(kept.with_name(f"{kept.name}.replaced-{now.strftime(STAMP)}"))


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
