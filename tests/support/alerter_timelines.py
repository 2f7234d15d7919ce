"""Timelines of alerts: of a backtest in batches of any size, and of what a live alerter has left in its ledger."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from services.sensor_reader.adapters.simulated.scenarios import SCENARIOS
from services.sensor_reader.adapters.sources.simulation import Simulation
from services.sensor_reader.core.sources.feed import SourcePosition
from services.sensor_reader.settings import load
from shared.messages import Frame
from upskeep.playback.backtest import Bench, batches, context_of

CONFIG = Path(__file__).parents[2] / "config"
START = datetime(2026, 1, 1, 12, tzinfo=UTC)
FIELDS = ("rule", "key", "state", "time", "value", "threshold", "severity", "reason")
Timeline = list[dict[str, Any]]


def scenario_frames(name: str) -> list[Frame]:
    """Return the frames of one cycle of a simulated scenario, from START on."""
    script = SCENARIOS[name]
    devices = script.devices or load(CONFIG, {}).simulated(script.step_s, script.board)
    items = Simulation(script, devices, 1).items(SourcePosition(0, START))
    return [item.content for item in items if isinstance(item.content, Frame)]


def write_recording(name: str, path: Path) -> Path:
    """Write a scenario as a recording, and return its path."""
    lines = (frame.model_dump_json(exclude_defaults=True) + "\n" for frame in scenario_frames(name))
    path.write_text("".join(lines), encoding="utf-8")
    return path


def backtest_timeline(file: Path, environ: Mapping[str, str], batch: int = 500) -> Timeline:
    """Return every change of every alert, with ``batch`` frames at a time."""
    with ExitStack() as stack:
        bench = Bench(context_of(CONFIG, environ), None, stack)
        for frames in batches([file]):
            for begin in range(0, len(frames), batch):
                bench.process(frames[begin : begin + batch])
        bench.end()
        return [{name: row[name] for name in FIELDS} for row in bench.alerter.timeline()]


def live_timeline(data: Path) -> Timeline:
    """Return every change of every alert from the ledger of a live alerter."""
    with closing(sqlite3.connect(data / "alerter" / "ledger.sqlite")) as db:
        rows = db.execute("SELECT alert FROM transition ORDER BY time_us, rule, key, seq")
        return [{name: json.loads(text)[name] for name in FIELDS} for (text,) in rows]


def table(timelines: Sequence[tuple[str, Timeline, datetime]]) -> str:
    """Return the timelines as one table in Markdown; times are since the first frame."""
    lines = ["| played | after | alert | state | value | why |", "|---|---|---|---|---|---|"]
    for name, rows, start in timelines:
        for row in rows:
            after_s = (datetime.fromisoformat(row["time"]) - start).total_seconds()
            alert = f"`{row['rule']}/{row['key']}`"
            why = row["reason"].replace("_", " ")
            lines.append(f"| {name} | {_clock(after_s)} | {alert} | {row['state']} | {row['value']:.4g} | {why} |")
        if not rows:
            lines.append(f"| {name} | | none | | | |")
    return "\n".join(lines) + "\n"


def _clock(seconds: float) -> str:
    minutes, left = divmod(seconds, 60)
    return f"{int(minutes // 60)}:{int(minutes % 60):02}:{left:04.1f}"
