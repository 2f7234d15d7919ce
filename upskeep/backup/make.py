"""Making a backup of a data folder, whether its suite runs or not."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path

from shared import __version__
from shared.ledger.examine import open_read_only
from shared.ledger.migrations import read_version
from shared.services import is_service
from upskeep.backup.archive import (
    BackupError,
    LedgerPart,
    Manifest,
    Part,
    digest,
    ledger_member,
    settings_member,
    write,
)
from upskeep.backup.snapshot import Bar, at_one_moment, copy

LEDGER = "ledger.sqlite"
ENDING = ".tar.gz"
STAMP = "%Y%m%dT%H%M%SZ"


def ledgers_in(data: Path) -> dict[str, Path]:
    """Return the ledger of every service that has one there, by the service's name."""
    found = {path.parent.name: path for path in sorted(data.glob(f"*/{LEDGER}"))}
    return {name: path for name, path in found.items() if is_service(name)}


def file_in(folder: Path, site: str, now: datetime) -> Path:
    """Return the name of a backup of that moment; names sort by time."""
    return folder / f"upskeep-{site}-{now.strftime(STAMP)}{ENDING}"


def make_backup(data: Path, config: Path, site: str, to: Path, now: datetime, bar: Bar) -> Manifest:
    """Write the backup to ``to``; raises BackupError, LedgerError or OSError, and then ``to`` is as it was."""
    ledgers = ledgers_in(data)
    if not ledgers:
        raise BackupError(f"{data} holds no ledger: name the suite's data folder with --data")
    with tempfile.TemporaryDirectory(prefix=".upskeep-backup-", dir=to.absolute().parent) as folder:
        files = {ledger_member(name): Path(folder) / f"{name}.sqlite" for name in ledgers}
        with at_one_moment(ledgers) as reads:
            for name, read in reads.items():
                copy(read, files[ledger_member(name)], bar)
        settings = sorted(config.glob("*.yaml"))
        files |= {settings_member(file.stem): file for file in settings}
        manifest = Manifest(
            made=now,
            upskeep=__version__,
            site=site,
            counted=counted(files.get(ledger_member("counter_store"))),
            ledgers={name: _ledger(files[ledger_member(name)]) for name in ledgers},
            settings={file.stem: _part(file) for file in settings},
        )
        write(to, manifest, files)
    return manifest


def keep_newest(folder: Path, site: str, most: int) -> Sequence[Path]:
    """Delete all but the newest ``most`` backups of that site in a folder; returns those deleted."""
    old = sorted(folder.glob(f"upskeep-{site}-????????T??????Z{ENDING}"))[:-most]
    for file in old:
        file.unlink(missing_ok=True)
    return old


def room_for(ledgers: dict[str, Path], folder: Path) -> None:
    """Raise BackupError where the copies would not fit; the archive itself is smaller than they are."""
    wanted = 2 * sum(path.stat().st_size for path in ledgers.values())
    free = shutil.disk_usage(folder).free
    if free < wanted:
        raise BackupError(f"{folder} has {free >> 20} MB free, and a backup needs up to {wanted >> 20} MB meanwhile")


def counted(ledger: Path | None) -> int | None:
    """Return how many events counter_store's ledger has counted; None without a readable one."""
    if ledger is None:
        return None
    try:
        with closing(open_read_only(ledger)) as db:
            return int(db.execute("SELECT coalesce(sum(total), 0) FROM counter").fetchone()[0])
    except sqlite3.Error:
        return None


def _part(file: Path) -> Part:
    size, sha256 = digest(file)
    return Part(size=size, sha256=sha256)


def _ledger(file: Path) -> LedgerPart:
    size, sha256 = digest(file)
    with closing(open_read_only(file)) as db:
        version = read_version(db)
    return LedgerPart(size=size, sha256=sha256, tables=str(version), by=version.by)
