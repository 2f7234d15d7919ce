"""``make bench``: see ``--help``."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import click

from tools.bench import alerts as alerts_bench
from tools.bench import calm as calm_bench
from tools.bench import chips as chips_bench
from tools.bench import fleet as fleet_bench
from tools.bench import forecast as forecast_bench
from tools.bench import gateway as gateway_bench
from tools.bench import history as history_bench
from tools.bench import kept, machine, whole
from tools.bench import node_red as node_red_bench
from tools.bench.core import WAYS, core_speeds


@click.command()
@click.option("--check", "way", flag_value="check", help="Fail where a frame costs a fifth more than is kept.")
@click.option("--keep", "way", flag_value="keep", help="Keep what a frame costs now, for --check.")
@click.option("--calm", "way", flag_value="calm", help="A calm minute alone, by process.")
@click.option("--gateway", "way", flag_value="gateway", help="The gateway: first byte and paint, idling, 50 consoles.")
@click.option("--alerts", "way", flag_value="alerts", help="From a frame to the notification that it leads to.")
@click.option("--core", "way", flag_value="core", help="The processor's core alone, in this process.")
@click.option("--forecast", "way", flag_value="forecast", help="How right charge, runtime and life of batteries are.")
@click.option(
    "--fleet", "way", flag_value="fleet", help="The fleet's workers at log and database of config/fleet.yaml."
)
@click.option(
    "--node-red", "way", flag_value="node-red", help="The same burst of frames through Node-RED and through the suite."
)
@click.option(
    "--part", "parts", multiple=True, type=click.Choice(list(whole.MEASUREMENTS)), help="Of the whole table this alone."
)
@click.option("--history", type=click.IntRange(min=1), help="A year of N events in the counter store.")
@click.option("--chips", type=click.IntRange(min=1), help="Reading N chips once a second, in this process.")
@click.option("--frames", default=30_000, show_default=True, help="Frames of --core.")
@click.option("--seconds", default=15.0, show_default=True, help="Length of --calm, --gateway, --alerts and --chips.")
@click.option("--broker", "kinds", multiple=True, help="embedded or mosquitto, for --alerts.")
def main(
    way: str | None,
    parts: tuple[str, ...],
    history: int | None,
    chips: int | None,
    frames: int,
    seconds: float,
    kinds: tuple[str, ...],
) -> None:
    """Measure the live suite on this machine: everything as one table, or one part of it."""
    if history is not None:
        with tempfile.TemporaryDirectory() as folder:
            history_bench.measure(history, Path(folder), click.echo)
    elif chips is not None:
        _chips(chips, seconds)
    else:
        ways: dict[str | None, Callable[[], None]] = {
            None: lambda: _whole(parts or tuple(whole.MEASUREMENTS)),
            "check": lambda: sys.exit(not kept.check(click.echo)),
            "keep": lambda: kept.keep(version("upskeep"), click.echo),
            "calm": lambda: _in_folder(calm_bench.measure, max(seconds, 60.0)),
            "gateway": lambda: _in_folder(gateway_bench.measure, max(seconds, 30.0)),
            "alerts": lambda: alerts_bench.measure(kinds or ("embedded",), seconds, click.echo),
            "core": lambda: _core(frames),
            "fleet": lambda: fleet_bench.measure(Path(os.environ.get("UPSKEEP_CONFIG", "config")), click.echo),
            "node-red": _node_red,
            "forecast": lambda: forecast_bench.measure(click.echo),
        }
        ways[way]()


def _whole(parts: tuple[str, ...]) -> None:
    for name, text in machine.describe():
        click.echo(f"{name}: {text}  ")
    click.echo()
    for line in whole.markdown(whole.measure(lambda text: click.echo(text, err=True), parts)):
        click.echo(line)


def _in_folder(measure: calm_bench.Measure, seconds: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        measure(seconds, Path(folder), click.echo)


def _node_red() -> None:
    with tempfile.TemporaryDirectory() as folder:
        node_red_bench.measure(Path(folder), click.echo)


def _core(frames: int) -> None:
    click.echo("frames/s on one core   " + "".join(f"{way:>22}" for way in WAYS))
    for scene in core_speeds(Path(os.environ.get("UPSKEEP_CONFIG", "config")), os.environ, frames):
        figures = zip(scene.per_s, scene.ratios, strict=True)
        click.echo(f"{scene.scene:<23}" + "".join(f"{speed:>15,.0f} ×{1 / ratio:.2f}" for speed, ratio in figures))


def _chips(chips: int, seconds: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        share = chips_bench.measure(chips, seconds, Path(folder))
    click.echo(
        f"{share.chips} chips once a second: {share.percent:.2f} % of one core over {share.seconds:.0f} s"
        f" ({share.frames} frames, {share.errors} with errors)"
    )


if __name__ == "__main__":
    main()
