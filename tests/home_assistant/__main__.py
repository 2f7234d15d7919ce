"""``make home-assistant``: walk through a real Home Assistant with the suite, and print what was seen."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import click

from tests.home_assistant.journey import walk
from tests.home_assistant.scene import scene

VENV = Path(".venv/home-assistant")


@click.command()
@click.option("--venv", type=click.Path(path_type=Path), default=VENV, show_default=True, help="Where it is installed.")
@click.option("--picture", type=click.Path(path_type=Path), help="Take a picture of the UPS's page into this file.")
def main(venv: Path, picture: Path | None) -> None:
    """Exit with 1 where a stop fails, or where Home Assistant's log complains."""
    with tempfile.TemporaryDirectory() as folder, scene((venv / "bin" / "python").absolute(), Path(folder)) as house:
        try:
            for line in walk(house, picture):
                click.echo(line)
        finally:
            complaints = house.home.complaints()
            for each in complaints:
                click.echo(f"its log says: {each}")
    if complaints:
        sys.exit(1)
    click.echo("its log has no warning and no error")


if __name__ == "__main__":
    main()
