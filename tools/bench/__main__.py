"""``make bench``: see ``--help``."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import click

from tools.bench import alerts as alerts_bench
from tools.bench import calm as calm_bench
from tools.bench import chips as chips_bench
from tools.bench import fleet as fleet_bench
from tools.bench import forecast as forecast_bench
from tools.bench import gateway as gateway_bench
from tools.bench import history as history_bench
from tools.bench.core import WAYS, core_speeds
from tools.bench.live import RATE
from tools.bench.throughput import measure
from upskeep.runner import broker


@click.command()
@click.option("--frames", default=30_000, show_default=True, help="Frames of the throughput run.")
@click.option("--seconds", default=15.0, show_default=True, help="Length of the latency run, and of --chips.")
@click.option("--broker", "kinds", multiple=True, help="embedded or mosquitto; both where both are there.")
@click.option("--core", is_flag=True, help="The processor's core alone, in this process.")
@click.option("--alerts", is_flag=True, help="From a frame to the notification that it leads to instead.")
@click.option("--history", type=click.IntRange(min=1), help="A year of N events in the counter store instead.")
@click.option("--forecast", is_flag=True, help="How right charge, runtime and life of batteries are, in this process.")
@click.option("--calm", is_flag=True, help="What a calm minute costs: bytes written, wake-ups, memory, start.")
@click.option(
    "--gateway", is_flag=True, help="The gateway: first byte of each page, cost of idling and of 50 consoles."
)
@click.option("--fleet", is_flag=True, help="The fleet's workers at the log and database of config/fleet.yaml instead.")
@click.option("--chips", type=click.IntRange(min=1), help="Reading N chips once a second, in this process.")
def main(
    frames: int,
    seconds: float,
    kinds: tuple[str, ...],
    *,
    core: bool,
    alerts: bool,
    history: int | None,
    chips: int | None,
    forecast: bool,
    calm: bool,
    gateway: bool,
    fleet: bool,
) -> None:
    """Measure the live suite on this machine."""
    if fleet:
        fleet_bench.measure(Path(os.environ.get("UPSKEEP_CONFIG", "config")), click.echo)
        return
    if calm:
        with tempfile.TemporaryDirectory() as folder:
            calm_bench.measure(max(seconds, 60.0), Path(folder), click.echo)
        return
    if gateway:
        with tempfile.TemporaryDirectory() as folder:
            gateway_bench.measure(max(seconds, 30.0), Path(folder), click.echo)
        return
    if forecast:
        forecast_bench.measure(click.echo)
        return
    if chips is not None:
        with tempfile.TemporaryDirectory() as folder:
            share = chips_bench.measure(chips, seconds, Path(folder))
        click.echo(
            f"{share.chips} chips once a second: {share.percent:.2f} % of one core over {share.seconds:.0f} s"
            f" ({share.frames} frames, {share.errors} with errors)"
        )
        return
    if core:
        click.echo("frames/s on one core   " + "".join(f"{way:>22}" for way in WAYS))
        for scene in core_speeds(Path(os.environ.get("UPSKEEP_CONFIG", "config")), os.environ, frames):
            figures = zip(scene.per_s, scene.ratios, strict=True)
            click.echo(f"{scene.scene:<23}" + "".join(f"{speed:>15,.0f} ×{1 / ratio:.2f}" for speed, ratio in figures))
        return
    if history is not None:
        with tempfile.TemporaryDirectory() as folder:
            history_bench.measure(history, Path(folder), click.echo)
        return
    if alerts:
        alerts_bench.measure(kinds or ("embedded",), seconds, click.echo)
        return
    installed = ("embedded", "mosquitto") if broker.choose("auto") == "mosquitto" else ("embedded",)
    for kind in kinds or installed:
        found = measure(kind, frames, seconds)
        click.echo(
            f"{kind:<10} {found.frames_per_s:8.0f} frames/s   frame to counted event at {RATE}/s: "
            f"p50 {found.latency_p50_ms:.1f} ms, p99 {found.latency_p99_ms:.1f} ms"
        )
        for name, cpu in found.cpu_us.items():
            click.echo(f"  {name:<16} {cpu:6.0f} µs CPU a frame   {found.memory_mb[name]:5.1f} MB")


if __name__ == "__main__":
    main()
