"""``upskeep scan``: who is on the I2C buses."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from upskeep.commands.options import CONFIG, JSON, complaints


@click.command()
@CONFIG
@click.option("--bus", "numbers", type=click.IntRange(min=0), multiple=True, help="N of /dev/i2c-N.  [default: all]")
@JSON
def scan(config: Path, numbers: tuple[int, ...], as_json: bool) -> None:
    """Look for chips on the I2C buses, without writing to any, and print the lines for sensor_reader.yaml.

    Stop sensor_reader first: a bus has one reader.
    """
    from services.sensor_reader.settings import load
    from upskeep import scan as scanning
    from upskeep.text.message_text import console

    with complaints(scanning.ScanError):
        boards = load(config, os.environ).boards
        found = {number: scanning.scan_bus(number) for number in numbers or scanning.buses()}
    if as_json:
        click.echo(json.dumps(scanning.as_data(found), indent=2))
        return
    if not any(found.values()):
        click.echo(f"nobody answers on bus {', '.join(map(str, found))}: check the wiring and the board's power")
        return
    console().print(scanning.table(found))
    for number, answers in found.items():
        if lines := scanning.advice(number, answers, boards):
            click.echo(f"\nfor config/sensor_reader.yaml:\n\n{lines}")
