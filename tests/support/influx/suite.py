"""The suite, without a broker, filling a real InfluxDB: scenarios, a room's air and faults, all the way to points."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from services.counter_store.adapters.influx.point_stores import open_point_store
from services.counter_store.adapters.influx.setup import prepare
from services.counter_store.adapters.influx.shipper import Shipper
from services.counter_store.adapters.tables.point_queue import PointQueue
from services.counter_store.core.influx.retained_points import health_to_line
from services.counter_store.service import LEDGER_SCHEMA
from services.counter_store.settings import CounterStoreSettings, InfluxSettings
from services.sensor_reader.adapters.simulated.scenarios import SCENARIOS
from services.sensor_reader.adapters.simulated.script import Scenario
from services.sensor_reader.adapters.sources.simulation import Simulation
from services.sensor_reader.core.sources.feed import SourcePosition
from services.sensor_reader.settings import Configuration, load
from shared.clock import SYSTEM_CLOCK
from shared.context import Context
from shared.ledger import Ledger
from shared.messages import Frame
from shared.suite import SuiteSettings
from upskeep.playback.backtest import BATCH, Bench

ROOT = Path(__file__).parents[3]
START = datetime(2026, 1, 1, tzinfo=UTC)
PLAYED = ("full_cycle", "outage", "i2c_faults", "overheat")


def simulated(scenario: Scenario, start: datetime, board: str = "geekworm_x1201") -> Iterator[Frame]:
    """One scenario, as a board sees it."""
    shipped = load(ROOT / "config", {})
    chosen = shipped.reader.simulation.model_copy(update={"board": board})
    reader = shipped.reader.model_copy(update={"simulation": chosen})
    devices = scenario.devices or Configuration(reader, shipped.boards).simulated(scenario.step_s)
    for item in Simulation(scenario, devices, 1).items(SourcePosition(0, start)):
        if isinstance(item.content, Frame):
            yield item.content


def scenarios() -> Iterator[Frame]:
    """The scenarios one after the other; beside the first a second UPS, whose board measures the current."""
    start = START
    for scenario in (SCENARIOS[name] for name in PLAYED):
        yield from simulated(scenario, start)
        start += timedelta(seconds=scenario.lasts_s)
    for frame in simulated(SCENARIOS["full_cycle"], START, "waveshare_ups_hat_b"):
        if frame.device == "ups":
            yield frame.model_copy(update={"device": "hat"})


def room(hours: float = 8) -> Iterator[Frame]:
    """A room that warms up, dries and fills with carbon dioxide, a frame a minute."""
    for minute in range(round(hours * 60)):
        wave = math.sin(minute / 60)
        yield Frame(
            time=START + timedelta(minutes=minute),
            device="room",
            zone="office",
            values={
                "air_temperature": round(24 + 14 * wave, 2),
                "relative_humidity": round(50 - 30 * wave, 2),
                "vapour_pressure_deficit": round(1.3 + 1.2 * wave, 3),
                "co2": round(1100 + 900 * wave),
                "illuminance": round(400 + 400 * wave, 1),
                "soil_moisture": round(40 - 10 * wave, 1),
            },
        )


@cache
def frames() -> list[Frame]:
    """Everything, in the order of time, with the envelope that a reader gives; one list for all."""
    ordered = sorted([*scenarios(), *room()], key=lambda frame: frame.time)
    return [
        frame.model_copy(update={"producer": "sensor_reader", "epoch": "e1", "seq": seq})
        for seq, frame in enumerate(ordered, start=1)
    ]


def fill(influx: InfluxSettings, ledger: Path, played: list[Frame]) -> str:
    """Run the suite over frames and ship every point; returns what ``backtest`` prints."""
    outcome = count(influx, ledger, played)
    ship(influx, ledger)
    return outcome


def count(influx: InfluxSettings, ledger: Path, played: list[Frame]) -> str:
    """Run the suite over frames, with every point left in the ledger; returns what ``backtest`` prints."""
    suite = SuiteSettings()
    with ExitStack() as stack:
        context = Context(ROOT / "config", {}, suite, SYSTEM_CLOCK)
        bench = Bench(context, None, stack, CounterStoreSettings(influx=influx), ledger)
        for first in range(0, len(played), BATCH):
            bench.process(played[first : first + BATCH])
        outcome = bench.end().as_json()
        with bench.ledgers[1].transaction():  # the score is not calculated by the store yet; this is its point
            line = health_to_line("home", 87.5, "B", played[-1].time)
            PointQueue(bench.ledgers[1]).add([str(line)], influx.max_pending_points)
        return outcome


def ship(influx: InfluxSettings, ledger: Path) -> None:
    """Bring everything that waits to InfluxDB."""
    assert prepare(influx)
    with closing(Ledger(ledger, LEDGER_SCHEMA)) as opened, closing(open_point_store(influx)) as points:
        queue = PointQueue(opened)
        shipper = Shipper(ledger, points, influx, clock=SYSTEM_CLOCK.wall)
        while queue.pending():
            shipper.ship(queue)
            assert ("", 0) == (shipper.state.last_error, shipper.state.refused)
