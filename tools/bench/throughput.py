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
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median, quantiles

from shared.messages import Counter, Frame
from tools.bench.live import RATE, START, Live

EDGE_FRAMES = 20
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


def throughput(
    kind: str, frames: int, folder: Path, suite: type[Live] = Live
) -> tuple[float, dict[str, float], dict[str, float]]:
    """Return frames per second, CPU µs a frame and memory in MB by process."""
    with suite(kind, ups_rows(frames), "max", folder, ("counter",)) as live:
        began, cpu = 0.0, dict[str, float]()
        for now, message in live.messages():
            if isinstance(message, Counter) and message.type == "AC_POWER_LOSS" and not began:
                began, cpu = now, _each(live, _cpu_s)
            if isinstance(message, Counter) and message.type == "AC_POWER_RESTORED":
                counted = frames - 2 * EDGE_FRAMES
                used = {name: (s - cpu[name]) / counted * 1e6 for name, s in _each(live, _cpu_s).items()}
                return counted / (now - began), used, _each(live, _memory_mb)
    raise AssertionError("unreachable: messages() yields or raises")


def latency(kind: str, seconds: float, folder: Path, suite: type[Live] = Live) -> Sequence[float]:
    """Return the latency of every frame in milliseconds, the first second left out."""
    frames = int(seconds * RATE)
    with suite(kind, room_rows(frames), "1", folder, ("raw", "counter")) as live:
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
