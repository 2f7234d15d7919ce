"""``make climate``: simulate every room and write the figures into docs/climate.md."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from shared.climate.room_presets import PRESETS
from shared.climate.room_weather import DAY_S
from tools.climate import digest, frontier, simple_laws, tables
from tools.climate.scenarios import (
    DAYS,
    FEW_DAYS,
    OUT_OF_REACH,
    REACHES,
    REASONS,
    SEEDS,
    SHORT_DAYS,
    SHORT_ROOMS,
    Case,
    simulate,
)
from upskeep.simulation import page
from upskeep.simulation.figures import Figures
from upskeep.simulation.loop import Setup, run
from upskeep.simulation.trace import Trace

ROOT = Path(__file__).parents[2]
PAGE, PICTURE = ROOT / "docs" / "climate.md", ROOT / "docs" / "img" / "climate-frontier.svg"
DAY = ROOT / "docs" / "img" / "climate-day.svg"
ELSEWHERE = (("published: 20 lines of look-ahead", 6.2, 97.0), ("published, tighter", 6.8, 99.4))


def main() -> None:
    """Write the page; ``--short`` only what a test works out anew."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="only the figures of one day")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    options = parser.parse_args()
    code = digest.of_page()  # of what is simulated now, whatever is edited meanwhile
    with ProcessPoolExecutor(options.jobs) as pool:
        _write("short", tables.short_table(short(pool)))
        DAY.write_text(day(), encoding="utf-8")
        if options.short:
            return
        _write(
            "nominal",
            tables.nominal_table(_cases(pool, [Case(one, REASONS.get(one.name, "")) for one in PRESETS.values()])),
        )
        _write("out of reach", tables.nominal_table(_cases(pool, OUT_OF_REACH, FEW_DAYS)))
        _frontier(pool)
        _write("code", tables.code_mark(code))


def day() -> str:
    """Return the picture of a day in the tent, from six in the morning of the second day."""
    tent = PRESETS["tent"]
    trace = Trace(2 * DAY_S)
    for _ in trace.passing(run(Setup(tent.zone, tent.model, tent.weather), 1.75 * DAY_S)):
        pass
    return page.picture([each for each in trace.samples if each.at_s > 0.75 * DAY_S], tent.zone.band_kpa)


def short(pool: ProcessPoolExecutor) -> list[tuple[str, Figures]]:
    """Return one day of some rooms."""
    jobs = [(name, pool.submit(simulate, PRESETS[name], SHORT_DAYS, 1)) for name in SHORT_ROOMS]
    return [(name, job.result()) for name, job in jobs]


def _cases(pool: ProcessPoolExecutor, cases: Sequence[Case], days: float = DAYS) -> list[tuple[Case, list[Figures]]]:
    jobs = [(case, [pool.submit(simulate, case.preset, days, seed) for seed in SEEDS]) for case in cases]
    found = []
    for case, runs in jobs:
        found.append((case, [run.result() for run in runs]))
        print(tables.nominal_table(found[-1:])[-1], flush=True)
    return found


def _frontier(pool: ProcessPoolExecutor) -> None:
    tent = PRESETS["tent"]
    runs = [(reach, pool.submit(simulate, tent, FEW_DAYS, 1, reach)) for reach in REACHES]
    laws = [(name, pool.submit(simple_laws.run, law, tent, FEW_DAYS, 1)) for name, law in simple_laws.LAWS.items()]
    curve = [(reach, run.result()) for reach, run in runs]
    simple = [(name, run.result()) for name, run in laws]
    _write("frontier", tables.frontier_table(curve, simple))
    points = [(found.busiest, found.in_band_pct) for _, found in curve]
    others = [(name, found.switches_per_hour, found.in_band_pct) for name, found in simple]
    PICTURE.write_text(frontier.svg(points, [*others, *ELSEWHERE]), encoding="utf-8")


def _write(name: str, lines: list[str]) -> None:
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(tables.replaced(text, name, lines), encoding="utf-8")


if __name__ == "__main__":
    main()
