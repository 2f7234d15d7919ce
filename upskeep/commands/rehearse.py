"""Without a broker: ``backtest`` plays recordings through the same code, ``check`` reads the configuration."""

from __future__ import annotations

import os
from pathlib import Path

import click

from upskeep.commands.options import CONFIG, checked, complaints


@click.command()
@CONFIG
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="Write the events there, a JSON object a line."
)
@click.option(
    "--alerts",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write every change of every alert there, likewise.",
)
def backtest(config: Path, files: tuple[Path, ...], out: Path | None, alerts: Path | None) -> None:
    """Run recordings through the same code, without broker or clock, and print what comes of them."""
    from upskeep.backtest import backtest as run_backtest

    with complaints():
        click.echo(run_backtest(files, config, os.environ, out, alerts).as_json())


@click.command()
@CONFIG
def check(config: Path) -> None:
    """Check the configuration and say everything that is wrong with it."""
    from upskeep.check import doubts

    with complaints():
        checked(config)
        for doubt in doubts(config, os.environ):
            click.echo(f"doubtful: {doubt}", err=True)
    click.echo(f"the configuration in {config} is good")
