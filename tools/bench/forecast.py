"""``python -m tools.bench --forecast``: how right charge and runtime are, beside two naive ways.

The naive ways are what boards' example code does. One takes the charge for a straight line over the cell's voltage, and
the runtime from how fast that fell within ten minutes; the other takes the gauge's percent (or, without a gauge, the
same line) and its mean slope since the discharge began.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import mean, median
from time import process_time

from rich.console import Console
from rich.table import Table

from services.event_processor.core.forecast.charge import BatteryModel, BatteryReading, Track, follow
from services.event_processor.core.forecast.curves import CURVES
from services.event_processor.core.forecast.life import CapacitySample, Life, add, by_cycles
from tools.bench.discharges import (
    ASKED,
    LOADS,
    ON_LOAD_A,
    DischargeRow,
    Played,
    discharges,
    play_cell,
    play_to_the_last_reading,
    read_rows,
    simulate,
)

RECORDINGS = Path(__file__).resolve().parents[3] / "shared" / "data"
EMPTY_V, FULL_V = 3.0, 4.2
WITHIN_S = 600.0
SEEDS = range(8)
END_OF_LIFE_AH, HALF_LIFE = 1.4, 84


def measure(say: Callable[[str], None]) -> None:
    """Print the tables; says so where the recordings are not beside the checkout."""
    console = Console(width=120)
    if RECORDINGS.exists():
        console.print(_recordings())
        say(_life())
    else:
        say(f"the recordings are not at ../shared/data: nothing real to forecast ({RECORDINGS.name})")
    console.print(_simulated())
    say(f"{_cost_us():.1f} µs of CPU a frame, median of 7 rounds of 20,000")


def _table(title: str) -> Table:
    table = Table(title=title, title_justify="left", box=None)
    table.add_column("")
    for name in ("charge, RMSE", *(f"runtime at {share:.0%}" for share in ASKED), "within the 90 % interval"):
        table.add_column(name, justify="right")
    return table


def _recordings() -> Table:
    with (RECORDINGS / "nasa_b0005_capacity.csv").open(encoding="utf-8") as file:
        capacities = [float(row["capacity_ah"]) for row in csv.DictReader(file)]
    rows = read_rows(RECORDINGS / "nasa_b0005_discharges.csv")
    table = _table("real batteries: median error of the runtime, as a share of the discharge (HAT: of the time left)")
    for name, with_current in (("NASA's cell", True), ("NASA's cell, no current", False)):
        played = play_cell(rows, capacities, with_current=with_current)
        _add(table, f"{name}, discharge 1", played[:1])
        _add(table, f"{name}, 3 to {len(played)}", played[2:])
    parts = [[row for row in part if (row.amps or 0) < -ON_LOAD_A] for part in discharges(rows)]
    for name, naive in NAIVE.items():
        _add_naive(table, f"NASA's cell, {name}", [naive(part) for part in parts])
    hat = read_rows(RECORDINGS / "ups_hat_discharge_2021.csv")
    table.add_row("UPS HAT of 2021", "", *(f"{abs(error):.1%}" for error in play_to_the_last_reading(hat)), "")
    for name, naive in NAIVE.items():
        _, errors = naive(hat)
        left = [error / (1 - share) for error, share in zip(errors, ASKED, strict=True)]
        table.add_row(f"UPS HAT of 2021, {name}", "", *(f"{error:.1%}" for error in left), "")
    return table


def _simulated() -> Table:
    table = _table(f"simulated cells, {len(SEEDS)} for each load, every fourth cold, four discharges each")
    for by_power in (False, True):
        for chemistry in CURVES:
            played = [
                one for load in LOADS for seed in SEEDS for one in simulate(chemistry, seed, load, by_power=by_power)
            ]
            _add(table, f"{chemistry}, by {'power' if by_power else 'current'}", played)
    return table


def _add(table: Table, name: str, played: Sequence[Played]) -> None:
    errors = (median(abs(one.runtime_errors[place]) for one in played) for place in range(len(ASKED)))
    inside = mean(held for one in played for held in one.inside)
    table.add_row(
        name, f"{median(one.charge_error for one in played):.1%}", *(f"{e:.1%}" for e in errors), f"{inside:.0%}"
    )


def _add_naive(table: Table, name: str, found: Sequence[tuple[float, list[float]]]) -> None:
    errors = (median(errors[place] for _, errors in found) for place in range(len(ASKED)))
    table.add_row(name, f"{median(charge for charge, _ in found):.1%}", *(f"{error:.1%}" for error in errors), "")


def _line(row: DischargeRow) -> float:
    return (row.volts - EMPTY_V) / (FULL_V - EMPTY_V)


def _percent(row: DischargeRow) -> float:
    return _line(row) if row.percent is None else row.percent / 100


def _naive(
    rows: Sequence[DischargeRow], held: Callable[[DischargeRow], float], within_s: float
) -> tuple[float, list[float]]:
    """Return the error of the charge and the absolute errors of the runtime, both by time: the load is steady."""
    begin, end = rows[0].at_s, rows[-1].at_s
    span, asked = end - begin, list(ASKED)
    squares, errors = [], []
    for place, row in enumerate(rows):
        squares.append((held(row) - (end - row.at_s) / span) ** 2)
        if asked and row.at_s - begin >= asked[0] * span:
            asked.pop(0)
            first = next(one for one in rows[: place + 1] if row.at_s - one.at_s <= within_s)
            rate = (held(first) - held(row)) / max(row.at_s - first.at_s, 1.0)
            left_s = held(row) / rate if rate > 0 else 10 * span
            errors.append(min(abs(left_s - (end - row.at_s)) / span, 10.0))
    return mean(squares) ** 0.5, errors


NAIVE: dict[str, Callable[[Sequence[DischargeRow]], tuple[float, list[float]]]] = {
    "straight line over voltage": lambda rows: _naive(rows, _line, WITHIN_S),
    "constant slope of the percentage": lambda rows: _naive(rows, _percent, float("inf")),
}


def _life() -> str:
    with (RECORDINGS / "nasa_b0005_capacity.csv").open(encoding="utf-8") as file:
        capacities = [float(row["capacity_ah"]) for row in csv.DictReader(file)]
    played = play_cell(read_rows(RECORDINGS / "nasa_b0005_discharges.csv"), capacities, with_current=True)
    life: Life = ()
    for number, one in enumerate(played[:HALF_LIFE], start=1):
        life = add(life, CapacitySample(number, one.whole_ah or 0.0))
    truth = next(number for number, capacity in enumerate(capacities, start=1) if capacity < END_OF_LIFE_AH)
    worst = max(abs((one.whole_ah or 0.0) / real - 1) for one, real in zip(played, capacities, strict=True))
    foreseen = by_cycles(life, END_OF_LIFE_AH)
    return (
        f"capacity of each discharge: within {worst:.2%} of the laboratory's; below {END_OF_LIFE_AH} Ah at discharge "
        f"{truth}, and at discharge {HALF_LIFE} that was foreseen for "
        + ("never" if foreseen is None else f"{foreseen.middle:.0f} ({foreseen.low:.0f} to {foreseen.high or 0:.0f})")
    )


def _cost_us() -> float:
    battery, rounds = BatteryModel(CURVES["li_ion"], 1, 5.0), []
    for _ in range(7):
        track: Track | None = None
        began = process_time()
        for place in range(20_000):
            track = follow(battery, track, BatteryReading(1.0, 3.9 - place * 2e-5, -1.2, None, None, True))
        rounds.append((process_time() - began) / 20_000 * 1e6)
    return median(rounds)
