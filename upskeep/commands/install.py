"""``upskeep install``, ``uninstall`` and ``status``: the suite as a service of the machine, by systemd."""

from __future__ import annotations

import os
import pwd
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from shared.places import SYSTEM_CONFIG, SYSTEM_DATA
from shared.safe_text import safe_text
from upskeep.commands.options import complaints
from upskeep.exit_codes import ExitCode

if TYPE_CHECKING:
    from upskeep.service.steps import Step

DRY = click.option("--dry-run", is_flag=True, help="Print what would be done, and do nothing.")


@click.command()
@click.option("--host-agent", "agent", is_flag=True, help="Also start the agent that shuts this host down in time.")
@click.option("--backup/--no-backup", default=True, help="Make a backup every night.  [default: backup]")
@click.option("--start/--no-start", default=True, help="Start now, too, and not only at boot.  [default: start]")
@DRY
def install(*, agent: bool, backup: bool, start: bool, dry_run: bool) -> None:
    """Make the suite a service that starts at boot, with systemd. Needs root.

    Again after an upgrade, it writes the units anew and restarts the suite; counts and configuration stay.
    """
    from upskeep.service.steps import install as steps
    from upskeep.service.units import why_not

    programs = Path(sys.executable).absolute().parent  # of the environment; the command may be a link to it
    if (reason := why_not(programs)) and not dry_run:
        raise click.UsageError(reason)
    users = [each.pw_name for each in pwd.getpwall()]
    _do(steps(programs, agent=agent, backup=backup, start=start, users=users), dry_run=dry_run)
    if dry_run:
        return
    click.echo(f"installed: configuration in {SYSTEM_CONFIG}, data in {SYSTEM_DATA}")
    if not [*SYSTEM_CONFIG.glob("*.yaml")]:
        click.echo("next: `upskeep init` as root writes the configuration, then `systemctl restart upskeep`")
    click.echo("`upskeep status` shows how it is, `journalctl -fu upskeep` what happens")


@click.command()
@DRY
def uninstall(*, dry_run: bool) -> None:
    """Take the service away again. Configuration, counts and backups stay. Needs root."""
    from upskeep.service.steps import BACKUPS, USER
    from upskeep.service.steps import uninstall as steps

    _do(steps(), dry_run=dry_run)
    if not dry_run:
        click.echo(f"uninstalled; {SYSTEM_CONFIG}, {SYSTEM_DATA}, {BACKUPS} and the user {USER} stay")


@click.command()
def status() -> None:
    """Print how the installed service is; exit with 1 where it does not run."""
    from upskeep.service.state import states
    from upskeep.service.steps import is_systemds

    if not is_systemds():
        raise click.UsageError("systemd does not run this machine; `upskeep doctor` looks at any suite")
    found = states()
    for unit in found:
        click.echo(safe_text(str(unit)))
    sys.exit(ExitCode.DONE if all(unit.is_well for unit in found) else ExitCode.FAILED)


def _do(steps: Iterable[Step], *, dry_run: bool) -> None:
    from upskeep.service.steps import StepError, is_systemds

    if dry_run:
        for step in steps:
            click.echo(str(step))
        return
    if not is_systemds():
        raise click.UsageError("systemd does not run this machine; start `upskeep run` by what does (docs/boot.md)")
    if os.geteuid() != 0:
        raise click.UsageError("needs root: sudo upskeep …")
    with complaints(StepError):
        for step in steps:
            step.do()
