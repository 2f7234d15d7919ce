"""The commands of ``upskeep fleet`` by their names."""

from __future__ import annotations

import click

from fleet.commands.questions import alerts, counters, events, report, sites, status
from fleet.commands.simulate import simulate
from fleet.commands.worker import healthy, migrate, worker

ALL = (status, sites, counters, events, alerts, report, worker, migrate, healthy, simulate)
COMMANDS: dict[str, click.Command] = {each.name or "": each for each in ALL}
