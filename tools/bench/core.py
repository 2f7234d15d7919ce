"""``python -m tools.bench --core``: the processor's core in this process, without broker or clock.

Three kinds of frames, each through the shipped rules: a UPS of five channels with the mains there, the same with its
battery at work, and a room of three sensors, of which every frame makes four events. Each in three ways, taken in turn
so that what else the machine does falls on all alike: the rules alone, the pipeline behind them, and the whole stage
with a ledger in memory. Figures are medians of the rounds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from services.event_processor.app import stamped
from services.event_processor.core.device.memory import NOTHING
from services.event_processor.core.pipeline.event_context import EventContext, Pipeline
from services.event_processor.core.pipeline.plan import PipelinePlan
from services.event_processor.core.pipeline.stages import run
from services.event_processor.core.process import process_frame
from services.event_processor.service import EventProcessor
from services.event_processor.settings.pipeline import load_plan
from shared.delivery.handler import InMemoryPublisher
from shared.ledger import Ledger
from shared.messages import Frame, Scalar

START = datetime(2026, 1, 1, tzinfo=UTC)
ROUNDS = 7
BATCH = 500


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


WAYS = ("rules", "with pipeline", "whole stage")


@dataclass(frozen=True, slots=True)
class Speeds:
    """Frames a second of one core, a figure a way, and the time a frame took as a multiple of the first way's."""

    scene: str
    per_s: tuple[float, ...]
    ratios: tuple[float, ...]


def core_speeds(folder: Path, environ: Mapping[str, str], frames: int) -> Iterator[Speeds]:
    """Yield each scene's speeds; the frames are made beforehand."""
    live = stamped(load_plan(folder, environ))
    for name, values in SCENES.items():
        made = [
            Frame(time=START + timedelta(seconds=index), device="bench", values=values(index))
            for index in range(frames)
        ]
        rounds = [[_seconds(way, live, made) for way in (_rules, _pipeline, _handler)] for _ in range(ROUNDS)]
        yield Speeds(
            name,
            tuple(frames / median(times) for times in zip(*rounds, strict=True)),
            tuple(median(times) for times in zip(*([each / row[0] for each in row] for row in rounds), strict=True)),
        )


def _seconds(
    way: Callable[[PipelinePlan, Sequence[Frame]], None], plan: PipelinePlan, frames: Sequence[Frame]
) -> float:
    began = time.process_time()
    way(plan, frames)
    return time.process_time() - began


def _rules(plan: PipelinePlan, frames: Sequence[Frame]) -> None:
    memory = NOTHING
    for frame in frames:
        memory = process_frame(plan.compiled, memory, frame).memory


def _pipeline(plan: PipelinePlan, frames: Sequence[Frame]) -> None:
    memory, pipeline = NOTHING, Pipeline(plan)
    for frame in frames:
        outcome = process_frame(plan.compiled, memory, frame)
        memory = outcome.memory
        for event in outcome.events:
            run(pipeline, EventContext(event, own=True))


def _handler(plan: PipelinePlan, frames: Sequence[Frame]) -> None:
    with closing(Ledger(":memory:")) as ledger:
        outlet = InMemoryPublisher()
        handler = EventProcessor(plan.compiled, ledger, outlet, lambda: START, plan, time.perf_counter)
        for begin in range(0, len(frames), BATCH):
            with ledger.transaction():
                for frame in frames[begin : begin + BATCH]:
                    handler.apply(frame)
                handler.flush()
            outlet.drain()
