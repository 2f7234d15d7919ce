"""The live suite at its limit: frames per second, latency, memory, and where the time goes.

Throughput: a recording is played as fast as the pipeline takes it; the clock runs from the counting of an event at its
start to the counting of one at its end. Latency: frames at a fixed rate, each of which makes an event; a frame's
latency is from its release (scheduled time; the earliest frame sets the zero) until a counter that includes its event
arrives here. The suite is the one ``upskeep run`` starts, but each service imports for itself.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from shared.messages import Counter, Frame
from tools.bench.live import RATE, START, Live
from tools.bench.loads import EDGE_S, full_room_rows, room_rows, ups_rows

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Throughput:
    """Frames a second, and by process microseconds of processor time a frame and memory in MB."""

    frames_per_s: float
    cpu_us: dict[str, float]
    memory_mb: dict[str, float]


@dataclass(frozen=True, slots=True)
class _Load:
    """A recording, the counters that mark where its measured part begins and ends, and how many frames that has."""

    rows: Iterator[str]
    begins: tuple[str, int]
    ends: tuple[str, int]
    measured: int


def ups_load(frames: int, devices: int = 1) -> _Load:
    """Return frames of UPSes: all but both edges are measured."""
    measured = frames - 2 * EDGE_S * devices
    return _Load(ups_rows(frames, devices), ("AC_POWER_LOSS", 1), ("AC_POWER_RESTORED", 1), measured)


def full_room_load(frames: int) -> _Load:
    """Return frames of a room, of four events each: all but the first hundred are measured."""
    return _Load(full_room_rows(frames), ("sensor.co2", 100), ("sensor.co2", frames), frames - 100)


def throughput(kind: str, load: _Load, folder: Path, suite: type[Live] = Live) -> Throughput:
    """Return what the suite makes of a load over a broker of this kind."""
    with suite(kind, load.rows, "max", folder, ("counter",)) as live:
        began, cpu, offset = 0.0, dict[str, float](), 0
        for now, message in live.messages():
            if not isinstance(message, Counter):
                continue
            if not began and _reached(message, load.begins):
                began, cpu, offset = now, _each(live, cpu_s), message.total - load.begins[1]
            if _reached(message, load.ends):
                counted = load.measured - offset
                used = {name: (s - cpu[name]) / counted * 1e6 for name, s in _each(live, cpu_s).items()}
                return Throughput(counted / (now - began), used, _each(live, _memory_mb))
    raise AssertionError("unreachable: messages() yields or raises")


def latency(kind: str, seconds: float, folder: Path, suite: type[Live] = Live, rate: int = RATE) -> Sequence[float]:
    """Return the latency of every frame in milliseconds, the first second left out."""
    frames = int(seconds * rate)
    with suite(kind, room_rows(frames, rate), "1", folder, ("raw", "counter")) as live:
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
        return [(counted[seq] - zero - released[seq]) * 1000 for seq in sorted(released) if seq > rate]


def _reached(counter: Counter, mark: tuple[str, int]) -> bool:
    return counter.type == mark[0] and counter.total >= mark[1]


def _each(live: Live, figure: Callable[[int], float]) -> dict[str, float]:
    return {name: figure(pid) for name, pid in live.processes().items()}


def cpu_s(pid: int) -> float:
    """Return the processor time a process has used, s."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _memory_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024
