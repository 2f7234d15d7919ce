"""The command line: every command by its name. What each does is in ``upskeep/commands``."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, MutableMapping
from importlib import import_module
from keyword import iskeyword
from typing import Any

import click

from shared import __version__
from shared.safe_text import safe_lines
from upskeep.exit_codes import MEANINGS, ExitCode

LONGEST = 200  # signs of a first sentence
# By what they are for: each command, and its module in ``upskeep.commands``.
COMMANDS: dict[str, dict[str, str]] = {
    "The suite": {
        "init": "init", "run": "run", "check": "offline", "doctor": "doctor", "backtest": "offline",
        "record": "record", "backup": "backup", "restore": "backup", "install": "install", "uninstall": "install",
        "status": "install", "service": "service",
    },
    "What happens": {"tail": "live", "counters": "live", "alerts": "live"},
    "What has happened": {
        "stats": "queries", "health": "queries", "history": "queries", "why": "why", "analyze": "queries",
        "report": "report",
    },
    "Alerts": {
        "ack": "alerts", "silence": "alerts", "silences": "alerts", "unsilence": "alerts", "reset-stop": "alerts",
        "alert-test": "alerts",
    },
    "History as files, and again": {"export": "transfer", "import": "transfer", "replay": "replay", "influx": "influx"},
    "Climate": {"climate": "climate", "actuators": "actuators", "try-actuator": "actuators"},
    "Devices and hosts": {
        "scan": "scan", "calibrate": "calibrate", "maintenance": "maintenance", "battery": "maintenance",
        "forget": "maintenance", "shutdown-plan": "shutdown", "emit": "offer", "completion": "completion",
    },
    "Many sites": {"fleet": "fleet"},
}  # fmt: skip


class Commands(MutableMapping[str, click.Command]):
    """Commands by name, each imported when it is asked for: most of a short command's time is imports."""

    def __init__(self, modules: Mapping[str, str]) -> None:
        self._modules = dict(modules)
        self._others: dict[str, click.Command] = {}

    def __getitem__(self, name: str) -> click.Command:
        """Return a command; raises KeyError where there is none."""
        if name in self._others:
            return self._others[name]
        attribute = name.replace("-", "_") + "_" * iskeyword(name)
        found: click.Command = getattr(import_module(f"upskeep.commands.{self._modules[name]}"), attribute)
        return found

    def __setitem__(self, name: str, command: click.Command) -> None:
        """Add one that is there already."""
        self._others[name] = command

    def __delitem__(self, name: str) -> None:
        """Forget one."""
        self._others.pop(name, None)
        self._modules.pop(name, None)

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names, and import nothing."""
        return iter({**self._modules, **self._others})

    def __len__(self) -> int:
        """Return how many there are."""
        return len({**self._modules, **self._others})


class Sections(click.Group):
    """Lists its commands by what they are for, each with its first sentence whole. Ctrl-C ends one with 130."""

    def invoke(self, ctx: click.Context) -> Any:
        """Call the command; click alone would make 1 of a Ctrl-C, and colour where ``NO_COLOR`` is set."""
        if os.environ.get("NO_COLOR"):
            ctx.color = False
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise click.exceptions.Exit(ExitCode.INTERRUPTED) from None
        except OSError as error:
            if error.filename is None:  # of the output: ``main`` says so
                raise
            click.echo(safe_lines(f"upskeep: {error.filename!s:.200}: {error.strerror or error}"), err=True)
            raise click.exceptions.Exit(1) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click calls it
        """Write the sections."""
        for title, members in COMMANDS.items():
            with formatter.section(title):
                each = ((name, self.commands[name].get_short_help_str(limit=LONGEST)) for name in members)
                formatter.write_dl(list(each))
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(int(code)), meaning.replace("`", "")) for code, meaning in MEANINGS.items()])


@click.group(
    cls=Sections,
    commands=Commands({name: module for members in COMMANDS.values() for name, module in members.items()}),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="upskeep")
def cli() -> None:
    """Watch UPS power and room climate, and count every event exactly once."""


def main() -> None:
    """Entry point of the installed command."""
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # it would look through all that is installed
    try:
        cli()
    except KeyboardInterrupt:
        sys.exit(ExitCode.INTERRUPTED)
    except OSError as error:
        sys.exit(f"upskeep: what is printed cannot be written: {error.strerror or error}")
