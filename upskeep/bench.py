"""``make bench``: the whole live suite measured — frames per second, latency, memory, and where the time goes.

Throughput: a recording of five-channel UPS frames is played as fast as the pipeline takes it; the clock runs
from the counting of an event at its start to the counting of one at its end. Latency: 100 frames a second,
each of which makes an event; a frame's latency is from its release (scheduled time; the earliest frame sets
the zero) until a counter that includes its event arrives here. The suite is the one ``upskeep run`` starts.
``--core`` measures the processor alone (its rules, its pipeline, its stage), ``--alerts`` the way of a frame to a
notification, ``--chips`` the reading of simulated chips.
"""

from __future__ import annotations

import os
import socket
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles
from typing import Self

import click

from shared.messages import Counter, Frame, Message, Status
from shared.mqtt import Arrived, MqttClient
from shared.notices import Notice
from shared.settings import read_settings
from shared.suite import SuiteSettings
from upskeep import bench_chips, bench_history, broker
from upskeep.bench_core import WAYS, core_speeds
from upskeep.run import LocalBroker
from upskeep.suite import Suite
from upskeep.watch import viewer

START = datetime(2026, 1, 1, tzinfo=UTC)
TIMEOUT_S = 300.0
RATE = 100
EDGE_FRAMES = 20
MODELS: dict[str, type[Message]] = {"raw": Frame, "counter": Counter, "notice": Notice, "status": Status}
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Measured:
    """One broker's figures. CPU in microseconds a frame, memory in MB, by process."""

    broker: str
    frames_per_s: float
    latency_p50_ms: float
    latency_p99_ms: float
    cpu_us: dict[str, float]
    memory_mb: dict[str, float]


def ups_rows(frames: int) -> Iterator[str]:
    """Yield a recording with an outage confirmed near its start and one ended near its end, all else calm."""
    yield "time,battery_voltage,battery_current,state_of_charge,output_power,ac_present"
    for index in range(frames):
        at = (START + timedelta(seconds=index)).isoformat()
        mains = "true" if index < EDGE_FRAMES or index >= frames - EDGE_FRAMES else "false"
        volts, percent, watts = 4 + index % 50 / 1000, 80 + index % 10 / 10, 5 + index % 20 / 10
        yield f"{at},{volts:.3f},0.0{index % 5},{percent:.1f},{watts:.2f},{mains}"


def room_rows(frames: int) -> Iterator[str]:
    """Yield a recording at ``RATE`` frames a second with one reading, so one event, a frame."""
    yield "time,air_temperature"
    for index in range(frames):
        yield f"{(START + timedelta(seconds=index / RATE)).isoformat()},{20 + index % 100 / 100:.2f}"


class Live:
    """The suite over a recording, and a door that looks on."""

    def __init__(self, kind: str, rows: Iterator[str], speed: str, folder: Path, kinds: tuple[str, ...]) -> None:
        config = self.config(folder)
        recording = folder / "bench.csv"
        recording.write_text("\n".join(rows) + "\n", encoding="utf-8")
        port = _free_port()
        self.broker = LocalBroker(kind, port, folder / "broker", lambda _: None)
        environ = {
            "UPSKEEP_CONFIG": str(config),
            "UPSKEEP_SUITE__BROKER__URL": self.broker.url,
            "UPSKEEP_SUITE__DATA": str(folder),
            "UPSKEEP_SOURCE": f"recording:{recording}",
            "UPSKEEP_SPEED": speed,
        }
        suite = read_settings(config, "suite", SuiteSettings, {"UPSKEEP_SUITE__BROKER__URL": self.broker.url})
        self.topics = suite.topics
        self.client: MqttClient = viewer(suite.broker, suite.topics, "upskeep-bench", kinds)
        self.suite = Suite(environ, folder / "log", lambda _: None)

    def config(self, folder: Path) -> Path:  # noqa: ARG002 - who measures something else makes one there
        """Return the configuration to run with."""
        return Path(os.environ.get("UPSKEEP_CONFIG", "config"))

    def __enter__(self) -> Self:
        self.client.open()
        while not self.client.connected:
            self.client.poll(10, 0.1)
        self.suite.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.suite.stop()
        self.client.close()
        self.broker.stop()

    def messages(self) -> Iterator[tuple[float, Message]]:
        """Yield (monotonic seconds, message) as they arrive; raises TimeoutError."""
        deadline = time.monotonic() + TIMEOUT_S
        while time.monotonic() < deadline:
            for arrival in self.client.poll(1000, 0.1):
                if isinstance(arrival, Arrived):
                    now = time.monotonic()
                    self.client.ack(arrival.receipt)
                    kind, _ = self.topics.parse(arrival.topic)
                    yield now, MODELS[kind].model_validate_json(arrival.payload)
            self.suite.watch()
        raise TimeoutError(f"the suite did not finish in {TIMEOUT_S:g} s")

    def processes(self) -> dict[str, int]:
        """Return the processes by name, the broker's among them."""
        found = {name: child.process.pid for name, child in self.suite.children.items() if child.process}
        if self.broker.child is not None:
            found["broker"] = self.broker.child.pid
        return found


def throughput(kind: str, frames: int, folder: Path) -> tuple[float, dict[str, float], dict[str, float]]:
    """Return frames per second, CPU µs a frame and memory in MB by process."""
    with Live(kind, ups_rows(frames), "max", folder, ("counter",)) as live:
        began, cpu = 0.0, dict[str, float]()
        for now, message in live.messages():
            if isinstance(message, Counter) and message.type == "AC_POWER_LOSS" and not began:
                began, cpu = now, _each(live, _cpu_s)
            if isinstance(message, Counter) and message.type == "AC_POWER_RESTORED":
                counted = frames - 2 * EDGE_FRAMES
                used = {name: (s - cpu[name]) / counted * 1e6 for name, s in _each(live, _cpu_s).items()}
                return counted / (now - began), used, _each(live, _memory_mb)
    raise AssertionError("unreachable: messages() yields or raises")


def latency(kind: str, seconds: float, folder: Path) -> Sequence[float]:
    """Return the latency of every frame in milliseconds, the first second left out."""
    frames = int(seconds * RATE)
    with Live(kind, room_rows(frames), "1", folder, ("raw", "counter")) as live:
        released: dict[int, float] = {}
        counted: dict[int, float] = {}
        zero = float("inf")
        for now, message in live.messages():
            if isinstance(message, Frame):
                offset = (message.time - START).total_seconds()
                released[message.seq] = offset
                zero = min(zero, now - offset)
            elif isinstance(message, Counter) and message.type == "sensor.temperature":
                for seq in range(len(counted) + 1, message.total + 1):
                    counted[seq] = now
                if message.total >= frames:
                    break
        return [(counted[seq] - zero - released[seq]) * 1000 for seq in sorted(released) if seq > RATE]


def measure(kind: str, frames: int, seconds: float) -> Measured:
    """Measure one broker."""
    with tempfile.TemporaryDirectory() as folder:
        speed, cpu, memory = throughput(kind, frames, Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        times = latency(kind, seconds, Path(folder))
    return Measured(kind, speed, median(times), quantiles(times, n=100)[98], cpu, memory)


def _each(live: Live, figure: Callable[[int], float]) -> dict[str, float]:
    return {name: figure(pid) for name, pid in live.processes().items()}


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _memory_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((broker.HOST, 0))
        return int(probe.getsockname()[1])


@click.command()
@click.option("--frames", default=30_000, show_default=True, help="Frames of the throughput run.")
@click.option("--seconds", default=15.0, show_default=True, help="Length of the latency run, and of --chips.")
@click.option("--broker", "kinds", multiple=True, help="embedded or mosquitto; both where both are there.")
@click.option("--core", is_flag=True, help="The processor's core alone, in this process.")
@click.option("--alerts", is_flag=True, help="From a frame to the notification that it leads to instead.")
@click.option("--history", type=click.IntRange(min=1), help="A year of N events in the counter store instead.")
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
) -> None:
    """Measure the live suite on this machine."""
    if chips is not None:
        with tempfile.TemporaryDirectory() as folder:
            share = bench_chips.measure(chips, seconds, Path(folder))
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
            bench_history.measure(history, Path(folder), click.echo)
        return
    if alerts:
        from upskeep import bench_alerts

        bench_alerts.measure(kinds or ("embedded",), seconds, click.echo)
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
