"""``upskeep completion``: the script that lets a shell complete commands and options."""

from __future__ import annotations

import os
from pathlib import Path

import click
from click.shell_completion import get_completion_class

SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_UPSKEEP_COMPLETE"  # click's, by the name of the program


def usual_shell() -> str | None:
    """Return the shell of the environment, None where it is none of ``SHELLS``."""
    name = Path(os.environ.get("SHELL", "")).name
    return name if name in SHELLS else None


@click.command()
@click.argument("shell", type=click.Choice(SHELLS), required=False, default=usual_shell)
def completion(shell: str | None) -> None:
    """Print the script that completes commands and options in bash, zsh or fish.

    In bash: eval "$(upskeep completion bash)". Put that line into ~/.bashrc to keep it.
    """
    if shell is None:
        raise click.UsageError(f"name a shell: {', '.join(SHELLS)}")
    root = click.get_current_context().find_root().command
    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"{shell} is not known to click")
    click.echo(kind(root, {}, "upskeep", VARIABLE).source())
