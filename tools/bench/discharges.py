"""Discharges whose end is known, played through the forecast: NASA's cell, the HAT's recording, and simulated cells.

Errors of a runtime are shares of the whole discharge, asked at a quarter, half and three quarters of it.
"""

from __future__ import annotations

import csv
import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from services.event_processor.core.forecast.charge import LONGEST_GAP_S, BatteryModel, BatteryReading, Charge, follow
from services.event_processor.core.forecast.curves import CURVES, voltage
from services.event_processor.core.forecast.runtime import left

ASKED = (0.25, 0.5, 0.75)
ON_LOAD_A = 0.5
POWER_W = 7.0  # of the cell under test where its current is left out
LOADS: dict[str, Callable[[float], float]] = {  # share of the mean load, by seconds
    "steady": lambda _: 1.0,
    "steps": lambda t: 0.6 if (t // 600) % 2 else 1.4,
    "sawtooth": lambda t: 0.5 + (t % 900) / 900,
    "a Pi that boots": lambda t: 1.8 if t % 3600 < 90 else 0.95 + 0.1 * math.sin(t / 37),
}


@dataclass(frozen=True)
class Played:
    """One discharge: error of the charge (root of the mean square), and of the runtime at ``ASKED``.

    ``inside``: whether the interval held the truth; ``whole_ah``: the capacity that it showed.
    """

    charge_error: float
    runtime_errors: tuple[float, ...]
    inside: tuple[bool, ...]
    whole_ah: float | None


@dataclass(frozen=True)
class DischargeRow:
    """One row of a recording: seconds, and its channels."""

    at_s: float
    volts: float
    amps: float | None = None
    watts: float | None = None
    percent: float | None = None


def read_rows(path: Path) -> list[DischargeRow]:
    """Return a recording's rows."""

    def number(row: dict[str, str], name: str) -> float | None:
        return float(row[name]) if row.get(name) else None

    with path.open(encoding="utf-8") as file:
        return [
            DischargeRow(
                datetime.fromisoformat(row["time"]).timestamp(),
                float(row["battery_voltage"]),
                number(row, "battery_current"),
                number(row, "output_power"),
                number(row, "state_of_charge"),
            )
            for row in csv.DictReader(file)
        ]


def discharges(rows: Sequence[DischargeRow]) -> Iterator[list[DischargeRow]]:
    """Yield the rows between two silences."""
    part: list[DischargeRow] = []
    for row in rows:
        if part and row.at_s - part[-1].at_s > LONGEST_GAP_S:
            yield part
            part = []
        part.append(row)
    yield part


def play_cell(rows: Sequence[DischargeRow], capacities: Sequence[float], *, with_current: bool) -> list[Played]:
    """Play a cell's discharges in order; without its current it shows a constant power instead."""
    battery, track, before = BatteryModel(CURVES["li_ion"], 1, 2.0), None, None
    played = []
    for part, capacity in zip(discharges(rows), capacities, strict=True):
        loaded = [row.at_s for row in part if (row.amps or 0) < -ON_LOAD_A]
        begin, end = loaded[0], loaded[-1]
        asked, squares, errors, inside, drawn = list(ASKED), [], [], [], 0.0
        for row in part:
            amps = row.amps or 0.0
            discharging = amps < -ON_LOAD_A
            elapsed_s = 0.0 if before is None else row.at_s - before.at_s
            if before is not None and elapsed_s <= LONGEST_GAP_S:
                drawn -= (amps + (before.amps or 0.0)) / 2 * elapsed_s / 3600
            watts = POWER_W if discharging else 0.0
            reading = BatteryReading(
                elapsed_s, row.volts, amps if with_current else None, None if with_current else watts
            )
            track, before = follow(battery, track, reading), row
            if not begin <= row.at_s <= end:
                continue
            squares.append((track.now.belief.charge - (1 - drawn / capacity)) ** 2)
            if asked and row.at_s - begin >= asked[0] * (end - begin):
                asked.pop(0)
                error, held = judge(battery, track.now, end - row.at_s, by_power=not with_current)
                errors.append(error / (end - begin))
                inside.append(held)
        root = (sum(squares) / len(squares)) ** 0.5
        played.append(Played(root, tuple(errors), tuple(inside), track.charge.whole if track else None))
    return played


def play_to_the_last_reading(rows: Sequence[DischargeRow]) -> list[float]:
    """Return the errors of the time to the last reading at ``ASKED``, each as a share of that time."""
    battery, track, before = BatteryModel(CURVES["li_ion"]), None, None
    begin, end = rows[0].at_s, rows[-1].at_s
    asked, errors = list(ASKED), []
    for row in rows:
        elapsed_s = 0.0 if before is None else row.at_s - before
        track = follow(battery, track, BatteryReading(elapsed_s, row.volts, row.amps, row.watts, row.percent, True))
        before = row.at_s
        if asked and row.at_s - begin >= asked[0] * (end - begin):
            asked.pop(0)
            error, _ = judge(battery, track.now, end - row.at_s, by_power=True)
            errors.append(error / (end - row.at_s))
    return errors


def judge(battery: BatteryModel, charge: Charge, truth_s: float, *, by_power: bool) -> tuple[float, bool]:
    """Return the error of the runtime, s, and whether its interval holds the truth."""
    runtime = left(battery, charge, by_power=by_power)
    if runtime is None:
        raise AssertionError("no runtime in the middle of a discharge")
    return runtime.middle - truth_s, runtime.low <= truth_s <= runtime.high


def simulate(
    chemistry: str, seed: int, load: str, *, by_power: bool, cycles: int = 4, step_s: float = 20.0
) -> list[Played]:
    """Discharge a cell of a random capacity, resistance and curve a few times, from full until its board gives up.

    Every fourth one is cold: it holds 15 % less, at twice the resistance.
    """
    rng, curve, nameplate = random.Random(seed), CURVES[chemistry], 5.0  # noqa: S311 - a cell, not a secret
    cold = seed % 4 == 3
    capacity = nameplate * rng.uniform(0.8, 1.02) * (0.85 if cold else 1.0)
    shift = rng.gauss(0, curve.spread_v * 0.7)
    resistance = rng.uniform(0.01, 0.04) * (2 if cold else 1)
    slow, lag_s = resistance * rng.uniform(0.5, 1.0), rng.uniform(60, 300)
    mean_a = nameplate * rng.uniform(0.25, 0.7)
    battery, track, played = BatteryModel(curve, 1, nameplate), None, []
    for cycle in range(cycles):
        held, lagging, at_s, path = 1.0, 0.0, 0.0, []
        while True:
            amps = 0.0 if at_s < 60 else mean_a * LOADS[load](at_s)
            held -= amps * step_s / 3600 / capacity / (1 - 0.004 * cycle)
            lagging += (amps * slow - lagging) * step_s / (lag_s + step_s)
            volts = voltage(curve, held) + shift * (1 - held / 2) - amps * resistance - lagging + rng.gauss(0, 0.003)
            if volts < curve.empty_v * 0.98 and at_s > 120:
                break
            path.append((at_s, volts, amps, held))
            at_s += step_s
        end, left_over = path[-1][0], path[-1][3]
        asked, squares, errors, inside = list(ASKED), [], [], []
        for at_s, volts, amps, held in path:
            elapsed_s = step_s if at_s else 4 * 3600.0
            shown = BatteryReading(elapsed_s, volts, None if by_power else -amps, amps * volts if by_power else None)
            track = follow(battery, track, shown)
            squares.append((track.now.belief.charge - (held - left_over) / (1 - left_over)) ** 2)
            if asked and at_s >= asked[0] * end:
                asked.pop(0)
                error, holds = judge(battery, track.now, end - at_s, by_power=by_power)
                errors.append(error / end)
                inside.append(holds)
        for _ in range(3):
            idle = BatteryReading(step_s, volts + 0.1, None if by_power else 0.0, 0.0 if by_power else None)
            track = follow(battery, track, idle)
        root = (sum(squares) / len(squares)) ** 0.5
        played.append(Played(root, tuple(errors), tuple(inside), track.charge.whole if track else None))
    return played
