"""The commands of ``upskeep fleet`` by their names."""

from __future__ import annotations

import click

from fleet.commands.worker import healthy, migrate, worker

COMMANDS: dict[str, click.Command] = {each.name or "": each for each in (worker, migrate, healthy)}
