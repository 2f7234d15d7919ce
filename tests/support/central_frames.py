"""A site that only reads, and what its own event_processor makes of its frames: to hold the centre against."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from fleet.core.central import CentralRules, CentralSite, KeptDevice, of_site, ready
from services.event_processor.core.device.memory import Memory
from services.event_processor.core.pipeline.plan import PipelinePlan
from services.event_processor.service import EventProcessor
from services.event_processor.settings.pipeline import load_plan
from services.sensor_reader.adapters.simulated.scenarios import SCENARIOS
from services.sensor_reader.adapters.sources.simulation import Simulation
from services.sensor_reader.core.sources.feed import SourcePosition
from services.sensor_reader.settings import load as load_reader
from shared.delivery.handler import InMemoryPublisher
from shared.jumps import CLOCK_STEP
from shared.ledger import Ledger
from shared.messages import DeviceState, Event, Frame
from shared.site_records import RawRecord, raw_record

SITE = "cabin-3"
START = datetime(2026, 11, 1, 12, tzinfo=UTC)
LATER = START + timedelta(days=1)
FILES = {
    "suite": "defaults: shipped\n",
    "event_processor": (
        "rules:\n  absences:\n"
        "    pump_silent: {devices: [pump, barn], after_s: 40, event: COMM_LOST, cleared: COMM_RESTORED}\n"
    ),
    "pipeline": "filters:\n  never: [sensor.pressure]\n  rate_limits: [{types: 'sensor/+', per_minute: 6, burst: 3}]\n",
}


def write_site(folder: Path) -> Path:
    """Write the configuration of a site with an absence, a type that is barred, and a rate limit."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in FILES.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def plan_of(folder: Path) -> PipelinePlan:
    """Return what event_processor of the site would read there."""
    return load_plan(folder, {}, SITE)


def rules_of(folder: Path, **more: Any) -> CentralRules:
    """Return how the centre processes frames by that folder."""
    plan = ready(load_plan(folder, {}))
    return CentralRules(lambda site: of_site(plan, site), **more)


def scene(folder: Path, scenario: str = "outage") -> list[Frame]:
    """Return a site's frames in their places.

    Two batteries, a pump that falls silent, a room sensor, two readers of one name, a clock that jumps.
    """
    played = _played(folder, scenario)
    last = played[-1].time + timedelta(seconds=1)
    found = [*_merged(played), *_jump(last), *_merged(_moved(played, last + timedelta(seconds=3700)))]
    counters = {"sensor_reader": 0, "sensor_reader-attic": 0}
    placed = []
    for frame in found:
        counters[frame.producer] += 1
        placed.append(frame.model_copy(update={"epoch": "e1", "seq": counters[frame.producer]}))
    return placed


def _played(folder: Path, scenario: str) -> list[Frame]:
    script = SCENARIOS[scenario]
    devices = script.devices or load_reader(folder, {"UPSKEEP_SOURCE": "sim:any"}).simulated(script.step_s)
    items = Simulation(script, devices).items(SourcePosition(0, START))
    return [each.content for each in items if isinstance(each.content, Frame)]


def _merged(frames: Sequence[Frame]) -> Iterator[Frame]:
    for at, frame in enumerate(frames):
        yield frame.model_copy(update={"producer": "sensor_reader"})
        attic = {"device": "attic", "producer": "sensor_reader-attic"}
        yield frame.model_copy(update={**attic, "time": frame.time + timedelta(milliseconds=5)})
        if at % 7 == 0:
            yield frame.model_copy(update={"producer": "sensor_reader-attic"})  # its name is the other reader's
        if at % 5 == 0:
            room = {"device": "room", "values": {"air_temperature": 20.0 + at % 11, "relative_humidity": 40.0}}
            yield frame.model_copy(update={**room, "errors": (), "producer": "sensor_reader"})
        if at < len(frames) // 2 and at % 3 == 0:
            pump = {"device": "pump", "values": {"cpu_temperature": 50.0 + at % 40}, "errors": ()}
            yield frame.model_copy(update={**pump, "producer": "sensor_reader"})


def _jump(time: datetime) -> Iterator[Frame]:
    values = {CLOCK_STEP: 3600.0}
    at = time + timedelta(hours=1)
    yield Frame(time=at, device="system", values=values, producer="sensor_reader", simulated=True)


def _moved(frames: Sequence[Frame], to: datetime) -> list[Frame]:
    by = to - frames[0].time
    return [frame.model_copy(update={"time": frame.time + by}) for frame in frames]


def central(
    rules: CentralRules, frames: Iterable[Frame], seed: int
) -> tuple[list[Event], dict[str, DeviceState], list[str]]:
    """Return the events, last states and refusals; of each batch only what is kept is left, as JSON."""
    dice, todo = random.Random(seed), [*frames]  # noqa: S311 - repeatable
    kept: dict[str, KeptDevice] = {}
    plan = rules.plan_of(SITE)
    events: list[Event] = []
    states: dict[str, DeviceState] = {}
    refused: list[str] = []
    while todo:
        site = CentralSite(plan, rules, kept, len(kept), LATER)
        size = dice.randrange(1, 60)
        for frame in todo[:size]:
            made = site.apply(frame)
            if isinstance(made, str):
                refused.append(made)
            else:
                events += made
        todo = todo[size:]
        states |= {state.device: state for state in site.states()}
        for name, device in site.kept():
            memory = Memory.from_json(device.memory.to_json())
            kept[name] = replace(device, memory=memory)
    return events, states, refused


OF_THE_SUITE = ("system.device.clash", "system.limit.reached")  # what a suite says of itself


def local(plan: PipelinePlan, frames: Iterable[Frame], batch: int = 20) -> tuple[list[Event], dict[str, DeviceState]]:
    """Return the events and the last states that the site's own event_processor makes."""
    heard = InMemoryPublisher()
    with closing(Ledger(":memory:")) as ledger:
        processor = EventProcessor(plan.compiled, ledger, heard, lambda: START, plan)
        todo = list(frames)
        for at in range(0, len(todo), batch):
            with ledger.transaction():
                for frame in todo[at : at + batch]:
                    processor.apply(frame)
                processor.flush()
    events = [each for each in heard.emitted if isinstance(each, Event) and each.type not in OF_THE_SUITE]
    states = {each.device: each for each in heard.retained.values() if isinstance(each, DeviceState)}
    return events, states


def said(events: Iterable[Event]) -> list[tuple[Any, ...]]:
    """Return what the fleet keeps of events."""
    return [(e.id, e.type, e.time, e.site, e.category, e.severity, e.device, e.zone, e.data) for e in events]


def records(frames: Iterable[Frame], site: str = SITE) -> list[RawRecord]:
    """Return the frames as the uplink sends them."""
    return [raw_record(site, frame) for frame in frames]
