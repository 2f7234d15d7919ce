"""The archive: a gzipped tar whose first member, ``manifest.json``, lists the others, each with its checksum.

Nothing is unpacked by the names in it: a ledger's name is built from the name of a service that this version knows, and
a settings file's from its stem. Members stand in the order of the manifest, each a plain file, and there are no others.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import shutil
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from upskeep.backup.bounded_tar import AROUND_A_MEMBER, taken, unpacking

MANIFEST = "manifest.json"
LARGEST_MANIFEST = 1_048_576
CHUNK = 1_048_576
SERVICE = r"^[a-z][a-z0-9_]{0,40}(-[a-z0-9_-]{1,40})?$"
STEM = r"^[a-z][a-z0-9_-]{0,60}$"


class BackupError(RuntimeError):
    """A backup cannot be made or used; says which file, what was found and what to do."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Part(_Record):
    """A file of the archive."""

    size: int = Field(ge=0)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class LedgerPart(Part):
    """A ledger: the version of its tables, and of the program that wrote it."""

    tables: str
    by: str


class Manifest(_Record):
    """What is in the archive. ``counted``: all events ever counted, by the ledger of counter_store."""

    format: Literal[1] = 1
    made: datetime
    upskeep: str
    site: str
    counted: int | None
    ledgers: dict[str, LedgerPart] = Field(max_length=100)
    settings: dict[str, Part] = Field(max_length=100)


def ledger_member(service: str) -> str:
    """Return the name of a service's ledger in the archive, which is also its place below a data folder."""
    return f"{service}/ledger.sqlite"


def settings_member(stem: str) -> str:
    """Return the name of a settings file in the archive."""
    return f"config/{stem}.yaml"


def members(manifest: Manifest) -> Iterator[tuple[str, Part]]:
    """Yield the name of every file that the archive must hold, in order."""
    yield from ((ledger_member(name), part) for name, part in manifest.ledgers.items())
    yield from ((settings_member(stem), part) for stem, part in manifest.settings.items())


def digest(file: Path) -> tuple[int, str]:
    """Return a file's size and SHA-256."""
    with file.open("rb") as content:
        return file.stat().st_size, hashlib.file_digest(content, "sha256").hexdigest()


def write(to: Path, manifest: Manifest, files: Mapping[str, Path]) -> None:
    """Write the archive for its owner alone, and give it its name once it is whole on the disk; raises OSError."""
    part = to.with_name(f"{to.name}.part")
    part.unlink(missing_ok=True)
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            with tarfile.open(fileobj=out, mode="w:gz", compresslevel=6) as tar:
                text = manifest.model_dump_json(indent=2).encode()
                head = tarfile.TarInfo(MANIFEST)
                head.size, head.mode, head.mtime = len(text), 0o600, int(manifest.made.timestamp())
                tar.addfile(head, io.BytesIO(text))
                for name, _ in members(manifest):
                    tar.add(files[name], name, recursive=False, filter=_plain)
            out.flush()
            os.fsync(out.fileno())
        part.replace(to)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Leave out whose files these were."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o600
    return member


@contextmanager
def unpacked(archive: Path, into: Path) -> Iterator[tuple[Manifest, dict[str, Path]]]:
    """Yield the manifest and every file by its name, each unpacked into ``into`` and held to its checksum.

    Raises BackupError for whatever is not as the manifest says.
    """
    try:
        with unpacking(archive, LARGEST_MANIFEST + AROUND_A_MEMBER) as (tar, content):
            manifest = _manifest(archive, tar)
            wanted, free = sum(part.size for _, part in members(manifest)), shutil.disk_usage(into).free
            if wanted > free:
                raise BackupError(f"{archive} unpacks to {wanted >> 20} MB, and {into.parent} has {free >> 20} MB free")
            around = AROUND_A_MEMBER * (len(manifest.ledgers) + len(manifest.settings))
            content.most += wanted + around
            files = {name: _unpack(archive, tar, name, part, into) for name, part in members(manifest)}
            if (more := taken(tar)) is not None:
                raise BackupError(f"{archive} holds {more.name!r:.200} besides what {MANIFEST} lists")
            content.end()
    except FileNotFoundError:
        raise BackupError(f"{archive}: no such file") from None
    except (tarfile.TarError, zlib.error, EOFError, ValueError, OSError) as error:
        raise BackupError(f"{archive} cannot be read as a backup: {error}") from error
    yield manifest, files


def _manifest(archive: Path, tar: tarfile.TarFile) -> Manifest:
    head = taken(tar)
    content = tar.extractfile(head) if head is not None and head.name == MANIFEST and head.isreg() else None
    if content is None:
        raise BackupError(f"{archive} is no backup of Upskeep: it does not begin with {MANIFEST}")
    try:
        manifest = Manifest.model_validate_json(content.read(LARGEST_MANIFEST))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise BackupError(f"{archive}: {MANIFEST}: {place}: {first['msg']}; a later version may have made it") from None
    for service in manifest.ledgers:
        _named(archive, service, SERVICE)
    for stem in manifest.settings:
        _named(archive, stem, STEM)
    return manifest


def _named(archive: Path, name: str, pattern: str) -> None:
    if not re.fullmatch(pattern, name):
        raise BackupError(f"{archive}: {MANIFEST} names {name!r}, which is no name of a service or a settings file")


def _unpack(archive: Path, tar: tarfile.TarFile, name: str, part: Part, into: Path) -> Path:
    member = taken(tar)
    if member is None or member.name != name:
        instead = f", and {member.name!r:.200} stands in its place" if member is not None else ""
        raise BackupError(f"{archive} is not whole: {name} is missing{instead}")
    content = tar.extractfile(member) if member.isreg() and not member.issparse() else None
    if content is None or member.size != part.size:
        raise BackupError(f"{archive} is damaged: {name} is not the file that {MANIFEST} describes")
    target = into / name
    target.parent.mkdir(parents=True, exist_ok=True)
    found = hashlib.sha256()
    with target.open("wb") as out:
        while chunk := content.read(CHUNK):
            found.update(chunk)
            out.write(chunk)
        out.flush()
        os.fsync(out.fileno())
    if found.hexdigest() != part.sha256:
        raise BackupError(f"{archive} is damaged: {name} is not as it was written (its checksum differs)")
    return target
