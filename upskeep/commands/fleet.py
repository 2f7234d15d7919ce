"""The group ``fleet``: its commands are in the package ``fleet``, which stands above this one."""

from __future__ import annotations

from collections.abc import MutableMapping
from importlib import import_module
from typing import Any

import click

COMMANDS = "fleet.commands.group"  # looked for when one of them is called: nobody else needs what is in it


class Elsewhere(click.Group):
    """A group whose commands are imported when they are asked for."""

    @property
    def commands(self) -> MutableMapping[str, click.Command]:
        """The commands by their names."""
        found: dict[str, click.Command] = import_module(COMMANDS).COMMANDS
        return found

    @commands.setter
    def commands(self, _: Any) -> None:
        """Click sets them at its start; they are where they are."""


@click.group(cls=Elsewhere)
def fleet() -> None:
    """Count the events of many sites in one place, and answer questions about them."""
