"""A damaged ledger is set aside under a dated name, never mended in place, and a new one takes what can be trusted.

Beside ``ledger.sqlite`` stand, each only for a while:
1. ``.running``: from a start to a clean stop. Found at a start, it means that the last stop was not clean.
2. ``.suspect``: left by a process that met damage. The next start looks closely; damage named as certain needs no look.
3. ``.setting-aside``: from the finding to the commit of the new ledger, so that a death in between goes on from there.
4. ``.new``: a ledger that is being made; it gets its name when it is whole, so that a death leaves no empty file.
5. ``.damaged-<time>`` (and its ``-wal``, ``-shm``): the evidence. The newest three are kept, so that no disk fills up.
"""

from __future__ import annotations

import json
import logging
import os
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from shared.ledger import Ledger, LedgerDamagedError, LedgerError, Schema, keep_value
from shared.ledger.copies import drop_old_copies, keep_copy
from shared.ledger.examine import examine
from shared.ledger.migrations import Version, due, refuse_newer, version_of_file
from shared.ledger.salvage import open_aside, waiting

log = logging.getLogger(__name__)

KEPT = 3
REPORT = "damage"  # where in ``life`` the report waits until it is in the outbox
TAILS = ("-wal", "-shm", "")  # the file itself last: while it is there, setting aside is not finished
Salvage = Callable[[sqlite3.Connection, Ledger], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Beside:
    """The files beside a ledger."""

    path: Path

    def file(self, ending: str) -> Path:
        """Return the file that has the ledger's name and ``ending``."""
        return self.path.with_name(f"{self.path.name}.{ending}")


def open_ledger(
    path: Path, schema: Schema, now: datetime, salvage: Salvage | None = None, site: str = "home"
) -> Ledger:
    """Open a service's ledger; a damaged one is set aside (dated ``now``) and a new one filled by ``salvage``.

    The report then waits in the new ledger under ``life/damage``. An older one is led to the newest tables; before rows
    are rewritten it is looked at closely, and a copy is kept. Raises LedgerError for what is no damage.
    """
    beside = Beside(path)
    try:
        found = version_of_file(path) or Version()
        refuse_newer(path, found, schema)
        rewrites = path.exists() and any(step.rewrites for step in due(found, schema))
        case = _case_under_way(beside) or _find(beside, now, closely=rewrites)
        if case is None:
            if rewrites:
                keep_copy(path, str(found))
            if not path.exists():
                _make(beside, schema)
            ledger = Ledger(path, schema, site)
        else:
            _set_aside(beside, case["aside"])
            ledger = _rebuild(beside, schema, case, salvage)
        beside.file("running").touch()
        beside.file("suspect").unlink(missing_ok=True)
        drop_old_copies(path, now)
    except OSError as error:
        raise LedgerError(f"{path}: {error}: check that this user may write to its folder") from error
    return ledger


def closed_cleanly(path: Path) -> None:
    """Say that the ledger was closed after its last commit."""
    Beside(path).file("running").unlink(missing_ok=True)


def suspect(path: Path, error: LedgerDamagedError) -> None:
    """Leave word for the next start that something was found wrong."""
    _write(Beside(path).file("suspect"), {"found": error.found, "certain": error.certain})


def _make(beside: Beside, schema: Schema) -> None:
    made = beside.file("new")
    for ending in (*TAILS, "-journal"):  # of a making that was cut short; nothing was ever kept in it
        made.with_name(made.name + ending).unlink(missing_ok=True)
    made.parent.mkdir(parents=True, exist_ok=True)
    Ledger(made, schema).close()
    made.replace(beside.path)
    _sync(beside.path.parent)


def _find(beside: Beside, now: datetime, *, closely: bool) -> dict[str, str] | None:
    suspicion = _read(beside.file("suspect"))
    found = examine(beside.path, unclean=beside.file("running").exists(), suspect=closely or suspicion is not None)
    if found is None and suspicion is not None and beside.path.exists():
        if suspicion.get("certain"):
            found = str(suspicion.get("found"))
        else:
            log.warning("%s: %s; a close look finds nothing wrong, going on", beside.path, suspicion.get("found"))
    if found is None:
        return None
    case = {"found": found, "found_at": now.isoformat(), "aside": _free_name(beside, now)}
    _write(beside.file("setting-aside"), case)
    return case


def _case_under_way(beside: Beside) -> dict[str, str] | None:
    return _read(beside.file("setting-aside"))


def _free_name(beside: Beside, now: datetime) -> str:
    name = f"{beside.path.name}.damaged-{now:%Y%m%dT%H%M%SZ}"
    taken = {file.name for file in beside.path.parent.glob(f"{name}*")}
    return next(n for n in (name, *(f"{name}-{i}" for i in range(2, 10_000))) if n not in taken)


def _set_aside(beside: Beside, name: str) -> None:
    if beside.path.with_name(name).exists():
        return  # done before a death; what stands there now is the new one
    for tail in TAILS:
        file = beside.path.with_name(beside.path.name + tail)
        if file.exists():
            file.rename(beside.path.with_name(name + tail))
    _sync(beside.path.parent)
    sets = sorted(f for f in beside.path.parent.glob(f"{beside.path.name}.damaged-*") if not f.name.endswith(TAILS[:2]))
    for old in sets[:-KEPT]:
        for tail in TAILS:
            old.with_name(old.name + tail).unlink(missing_ok=True)


def _rebuild(beside: Beside, schema: Schema, case: Mapping[str, str], salvage: Salvage | None) -> Ledger:
    """Make the new ledger: what is salvaged and the report commit together."""
    ledger = Ledger(beside.path, schema)
    with ledger.transaction() as db:
        if db.execute("SELECT 1 FROM life WHERE name = 'rebuilt' AND value = ?", (case["aside"],)).fetchone() is None:
            report = {**case, **_salvaged(beside.path.with_name(case["aside"]), ledger, salvage)}
            keep_value(db, "rebuilt", case["aside"])
            keep_value(db, REPORT, json.dumps(report))
    beside.file("setting-aside").unlink(missing_ok=True)
    log.error("the ledger was damaged (%s); set aside as %s, a new one is begun", case["found"], case["aside"])
    return ledger


def _salvaged(aside: Path, ledger: Ledger, salvage: Salvage | None) -> dict[str, Any]:
    db = open_aside(aside)
    if db is None:
        db = sqlite3.connect(":memory:")
    with closing(db):
        return {"waiting": waiting(db), **(salvage(db, ledger) if salvage else {})}


def _read(file: Path) -> dict[str, Any] | None:
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        text = ""
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if file.name.endswith("setting-aside") and not (isinstance(found, dict) and "aside" in found):
        return None  # torn while written: the ledger is still in its place, and is looked at again
    return found if isinstance(found, dict) else {}


def _write(file: Path, content: Mapping[str, Any]) -> None:
    torn = file.with_name(file.name + ".new")
    with torn.open("w", encoding="utf-8") as out:
        json.dump(content, out)
        out.flush()
        os.fsync(out.fileno())
    torn.replace(file)
    _sync(file.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
