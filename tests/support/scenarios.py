"""Frames by the second, the shipped program, and what comes of them."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from services.event_processor.core.device.memory import NOTHING, Memory
from services.event_processor.core.process import process_frame
from services.event_processor.core.rules.compiled import CompiledRules
from services.event_processor.settings import load
from shared.messages import DeviceState, Event, Frame, Quality, ReadError

CONFIG = Path(__file__).resolve().parents[2] / "config"
SHIPPED = load(CONFIG, {})
START = datetime(2026, 1, 31, 12, tzinfo=UTC)
NACK = ReadError(code="nack", chip="max17048@0x36")


def configured(**environ: str) -> CompiledRules:
    """Return the shipped program with some keys of event_processor.yaml overridden."""
    return load(CONFIG, {f"UPSKEEP_EVENT_PROCESSOR__{key}": value for key, value in environ.items()})


def at(second: float) -> datetime:
    """Return the scene's start plus so many seconds."""
    return START + timedelta(seconds=second)


def frame(second: float, device: str = "ups", quality: Quality = Quality.GOOD, **values: float | str) -> Frame:
    """Return a frame of the scene's second."""
    return Frame(time=at(second), device=device, values=values, quality=quality)


def series(channel: str, *spells: tuple[float, float | str], step_s: float = 1, **also: float | str) -> list[Frame]:
    """Return frames from second 0 on: each (duration in s, value) holds the channel for that long."""
    found: list[Frame] = []
    for duration_s, value in spells:
        for _ in range(round(duration_s / step_s)):
            found.append(frame(len(found) * step_s, **{channel: value, **also}))  # type: ignore[arg-type]  # a device, too
    return found


def run(
    frames: Iterable[Frame], compiled: CompiledRules = SHIPPED, memory: Memory = NOTHING
) -> tuple[list[Event], DeviceState | None]:
    """Return all events of the frames, in order, and the last state."""
    events: list[Event] = []
    outcome = None
    for item in frames:
        outcome = process_frame(compiled, memory, item)
        memory = outcome.memory
        events += outcome.events
    return events, outcome.state if outcome else None


def told(frames: Iterable[Frame], compiled: CompiledRules = SHIPPED) -> list[tuple[str, float]]:
    """Return (type, second) of all events of the frames."""
    return [(event.type, (event.time - START).total_seconds()) for event in run(frames, compiled)[0]]


def recorded(path: Path, device: str) -> Iterator[Frame]:
    """Yield the frames of a CSV recording."""
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            time = datetime.fromisoformat(row.pop("time"))
            yield Frame(time=time, device=device, values={name: float(value) for name, value in row.items()})
