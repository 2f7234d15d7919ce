"""``python -m upskeep.bench --core``: the processor's core alone, without ledger, broker or clock.

Three kinds of frames, each through the shipped rules: a UPS of five channels with the mains there, the same with its
battery at work, and a room of three sensors, of which every frame makes four events.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from services.event_processor.core.memory import NOTHING
from services.event_processor.core.process import process_frame
from services.event_processor.core.program import Program
from services.event_processor.settings import load
from shared.messages import Frame, Scalar

START = datetime(2026, 1, 1, tzinfo=UTC)
ROUNDS = 5


def _calm(index: int) -> dict[str, Scalar]:
    volts = 4.0 - index % 100 / 10_000
    return {
        "battery_voltage": volts,
        "battery_current": -0.05,
        "state_of_charge": 80.0,
        "charge_rate": 0.0,
        "ac_present": True,
    }


def _at_work(index: int) -> dict[str, Scalar]:
    volts, percent = 3.9 - index % 100 / 10_000, 80.0 - index % 1000 / 1000
    return {
        "battery_voltage": volts,
        "battery_current": -1.2,
        "state_of_charge": percent,
        "output_power": 5.0,
        "ac_present": False,
    }


def _room(index: int) -> dict[str, Scalar]:
    return {"air_temperature": 20 + index % 100 / 100, "relative_humidity": 50.0, "co2": 600 + index % 50}


SCENES = {"ups on mains": _calm, "ups on battery": _at_work, "room": _room}


def core_speeds(folder: Path, environ: Mapping[str, str], frames: int) -> Iterator[tuple[str, float]]:
    """Yield (scene, frames a second of one core), the best of five rounds; the frames are made beforehand."""
    program = load(folder, environ)
    for name, values in SCENES.items():
        made = [
            Frame(time=START + timedelta(seconds=index), device="bench", values=values(index))
            for index in range(frames)
        ]
        yield name, max(_round(program, made) for _ in range(ROUNDS))


def _round(program: Program, frames: Sequence[Frame]) -> float:
    memory = NOTHING
    began = time.process_time()
    for frame in frames:
        memory = process_frame(program, memory, frame).memory
    return len(frames) / (time.process_time() - began)
