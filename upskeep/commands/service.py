"""``upskeep service``: one service as a process of its own, as on a host of which it is the only one."""

from __future__ import annotations

import os

import click

from shared.services import SERVICES


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("name", type=click.Choice([row.name for row in SERVICES]))
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def service(name: str, options: tuple[str, ...]) -> None:
    """Run one service in place of this command; OPTIONS are its own: --config, --check, --healthy."""
    from upskeep.runner.service_process import service_command

    command = [*service_command(name), *options]
    os.execv(command[0], command)  # noqa: S606 - our own command
