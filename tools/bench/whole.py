"""``make bench``: what the pipeline costs and how fast it is, as one table.

Each measurement is a row of ``MEASUREMENTS``: what it is called, and a function that returns rows of figures. They run
one after another, for each is of the whole machine.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

from tools.bench.calm import calm, takes_s
from tools.bench.throughput import Throughput, full_room_load, latency, throughput, ups_load
from tools.bench.upsd import ON_BATTERY, ON_MAINS

CALM_S = 180.0
EVENTFUL_S = 120.0
OUTAGE_EVERY_S = 20
FRAMES = {1: 40_000, 10: 40_000, 100: 40_000, 1000: 60_000}
ROOM_FRAMES = 6_000
LATENCIES = {100: 15.0, 1000: 8.0}


@dataclass(frozen=True, slots=True)
class Figure:
    """One row: ``wanted`` is the aim in words, empty where there is none."""

    name: str
    value: str
    wanted: str = ""


def calm_day(folder: Path) -> Iterator[Figure]:
    """Yield what a suite costs that reads one UPS a second while nothing happens."""
    found = calm(CALM_S, folder)
    total = found.total
    yield Figure("written in a calm day", f"{total.written_mb_a_day:,.0f} MB", "100 MB")
    for row in found.rows:
        yield Figure(
            f"… by {row.name}", f"{row.written_mb_a_day:,.0f} MB, {row.cpu_percent:.2f} %, {row.pss_mb:.0f} MB PSS"
        )
    yield Figure("processor, calm", f"{total.cpu_percent:.2f} % of a core", "1 %")
    yield Figure("wake-ups, calm", f"{total.wakeups_a_second:.0f} a second", "20")
    yield Figure("memory (PSS)", f"{total.pss_mb:.0f} MB", "110 MB")
    yield Figure("start to the first event", f"{found.first_s:.1f} s", "1.5 s")


def ten_devices(folder: Path) -> Iterator[Figure]:
    """Yield what ten UPSes cost."""
    total = calm(CALM_S / 3, folder, devices=10).total
    yield Figure("processor, ten UPSes once a second", f"{total.cpu_percent:.2f} % of a core", "2 %")
    yield Figure("written in a calm day, ten UPSes", f"{total.written_mb_a_day:,.0f} MB")


def eventful(folder: Path) -> Iterator[Figure]:
    """Yield what an event costs the disk: mains that goes and comes, at one UPS."""
    began = time.monotonic()

    def variables() -> Mapping[str, str]:
        return ON_BATTERY if int((time.monotonic() - began) / OUTAGE_EVERY_S) % 2 else ON_MAINS

    found = calm(EVENTFUL_S, folder, variables=variables)
    written_kb = found.total.written_mb_a_day / 86_400 * EVENTFUL_S * 1000
    yield Figure(
        "written for each event", f"{written_kb / max(found.events, 1):.0f} kB ({found.events} events)", "40 kB"
    )


def speed(devices: int) -> Callable[[Path], Iterator[Figure]]:
    """Return the measurement of frames of so many UPSes."""

    def measured(folder: Path) -> Iterator[Figure]:
        found = throughput("mosquitto", ups_load(FRAMES[devices], devices), folder)
        wanted = ("10,000", "") if devices == max(FRAMES) else ("20,000", "50 µs") if devices <= 10 else ("", "")
        yield from _speed(f"frames of {devices} UPS{'es' * (devices > 1)}", found, *wanted)

    return measured


def room_speed(folder: Path) -> Iterator[Figure]:
    """Yield how fast frames of a room go, of four events each."""
    yield from _speed("frames of a room", throughput("mosquitto", full_room_load(ROOM_FRAMES), folder), "3,000", "")


def _speed(name: str, found: Throughput, speed_wanted: str, cpu_wanted: str) -> Iterator[Figure]:
    yield Figure(f"{name}, a second", f"{found.frames_per_s:,.0f}", speed_wanted)
    by_process = ", ".join(f"{process} {used:.0f}" for process, used in found.cpu_us.items())
    yield Figure(f"{name}, processor time of each", f"{sum(found.cpu_us.values()):.0f} µs ({by_process})", cpu_wanted)


def delay(rate: int) -> Callable[[Path], Iterator[Figure]]:
    """Return the measurement of the time from a frame to its counted event."""

    def measured(folder: Path) -> Iterator[Figure]:
        times = latency("mosquitto", LATENCIES[rate], folder, rate=rate)
        wanted = {100: "p99 10 ms", 1000: "p99 20 ms"}[rate]
        figure = f"p50 {median(times):.1f} ms, p99 {quantiles(times, n=100)[98]:.1f} ms"
        yield Figure(f"frame to counted event at {rate} a second", figure, wanted)

    return measured


def commands(_: Path) -> Iterator[Figure]:
    """Yield how long the commands of every day take that need no suite."""
    yield Figure("upskeep check", f"{takes_s('check'):.2f} s", "0.4 s")


MEASUREMENTS: dict[str, Callable[[Path], Iterator[Figure]]] = {
    "a calm day": calm_day,
    "ten UPSes": ten_devices,
    "events": eventful,
    **{f"frames of {devices} UPSes": speed(devices) for devices in FRAMES},
    "frames of a room": room_speed,
    **{f"latency at {rate} a second": delay(rate) for rate in LATENCIES},
    "commands": commands,
}


def measure(progress: Callable[[str], None], parts: Collection[str] = MEASUREMENTS) -> Iterator[Figure]:
    """Yield every figure of these parts as it is measured; ``progress`` is called with the next part."""
    wanted = {name: measured for name, measured in MEASUREMENTS.items() if name in parts}
    for at, (name, measured) in enumerate(wanted.items(), 1):
        progress(f"{at}/{len(wanted)} {name}")
        with tempfile.TemporaryDirectory() as folder:
            yield from measured(Path(folder))


def markdown(rows: Iterator[Figure]) -> Iterator[str]:
    """Yield the lines of a table."""
    yield "| | found | wanted |"
    yield "|---|---|---|"
    for row in rows:
        yield f"| {row.name} | {row.value} | {row.wanted} |"
