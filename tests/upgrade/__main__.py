"""``make upgrade``: the last release's wheel runs, this checkout's takes its place, then the way back is tried."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import click

from shared.ledger import Ledger
from shared.ledger.migrations import Version, write_version
from tests.crash.verdict import oracle
from tests.support.live_suite import CONFIG, SERVICES, data_folder
from tests.upgrade import versions
from tests.upgrade.journey import Journey, outages_in, travel
from tests.upgrade.versions import ROOT, Program

SENTENCE = "wrote this ledger (tables "
REFUSED = (74, 78)  # what a service ended with in 0.1.0, and since
REFUSES_WITHIN_S = 120.0


@click.command()
@click.option(
    "--from", "ref", default=versions.before, help="Commit or tag of the version before.  [default: the last release]"
)
@click.option("--frames", default=6000, show_default=True, help="Length of the recording that is played meanwhile.")
def main(ref: str, frames: int) -> None:
    """Upgrade a live suite in place, from wheel to wheel, then go back; fail unless every count is right."""
    if not ref:
        raise click.ClickException("the history here has no release: say --from COMMIT")
    began = time.monotonic()

    def say(text: str) -> None:
        click.echo(f"{time.monotonic() - began:4.0f} s  {text}")

    with tempfile.TemporaryDirectory(prefix="upskeep-upgrade-") as name:
        folder = Path(name)
        place = folder / "environment"
        old_wheel = versions.wheel_of(versions.unpacked(ref, folder / "code"), folder / "old")
        new_wheel = versions.wheel_of(ROOT, folder / "new")
        old = versions.installed(place, old_wheel)
        say(f"the version before is {ref}: {old_wheel.name}, installed")
        found = travel(folder, old, lambda: versions.installed(place, new_wheel), frames)
        report(found, say)
        troubles = [*found.differences, *wrong_outages(found, folder)]
        troubles += way_back(found, data_folder(folder), lambda: versions.installed(place, old_wheel), say)
    for trouble in troubles[:20]:
        say(trouble)
    if troubles:
        sys.exit(1)
    say("passed")


def report(found: Journey, say: Callable[[str], None]) -> None:
    """Print what was counted."""
    tables = ", ".join(f"{name} {old} → {new}" for name, (old, new) in found.tables.items())
    say(f"tables: {tables}")
    say(f"away for {found.away_s:.1f} s, until an offer is counted again; {found.offered_away} were made meanwhile")
    say(
        f"frames={found.frames} offered={found.offered} events={found.events}, {found.events_before} of them before; "
        f"differences={len(found.differences)}"
    )


def wrong_outages(found: Journey, folder: Path) -> list[str]:
    """Return what differs from a backtest of the recording, of the outages: no version sees those otherwise."""
    oracle(folder / "load.csv", CONFIG, out := folder / "expected.jsonl")
    expected = outages_in(out)
    return [] if expected == found.outages else [f"outages: expected {len(expected)}, got {len(found.outages)}"]


def way_back(found: Journey, data: Path, switch: Callable[[], Program], say: Callable[[str], None]) -> list[str]:
    """Install the version before again: it must refuse what it does not know, in words, and change nothing."""
    old = switch()
    led = [name for name, (before, after) in found.tables.items() if str(before) != str(after)]
    troubles = [trouble for name in led if (trouble := not_refused(old, name, data))]
    say(f"back to the version before: {', '.join(led)} refused" if led else "the version before knows all tables")
    for name in SERVICES:
        path = data / name / "ledger.sqlite"
        with closing(Ledger(path)) as ledger, ledger.transaction() as db:
            write_version(db, Version(99, 99, "9.9.9"))
        troubles += [trouble] if (trouble := not_refused(old, name, data)) else []
    say("tables of a version to come: refused by the version before")
    return troubles


def not_refused(program: Program, name: str, data: Path) -> str:
    """Return what is wrong with how a service refuses its ledger; empty where nothing is."""
    path = data / name / "ledger.sqlite"
    before = path.read_bytes()
    environ = {key: value for key, value in os.environ.items() if not key.startswith(("UPSKEEP_", "PYTHON"))}
    environ |= {
        "UPSKEEP_SUITE__DATA": json.dumps(str(data)),
        "UPSKEEP_CONFIG": str(data.parent / "config"),
        **program.environ,
    }
    command = [*map(str, program.service(name))]
    done = subprocess.run(
        command, env=environ, capture_output=True, text=True, timeout=REFUSES_WITHIN_S, check=False, cwd=data
    )
    if done.returncode not in REFUSED or SENTENCE not in done.stderr or path.read_bytes() != before:
        return f"{name} does not refuse its ledger: exit code {done.returncode}: {done.stderr[-400:]}"
    return ""


if __name__ == "__main__":
    main()
