"""A simulated run as text: the three numbers together, each device, and a chart of the last day."""

from __future__ import annotations

from collections.abc import Iterable

from upskeep.simulation.figures import Figures
from upskeep.simulation.trace import Sample

WIDTH, HEIGHT = 96, 11
BARS = " ▁▂▃▄▅▆▇█"
DAY_S = 86_400.0


def lines(title: str, found: Figures, samples: list[Sample], band_kpa: float) -> list[str]:
    """Return the whole text."""
    return [title, "", *_figures(found), "", *_devices(found), "", *chart(samples, band_kpa)]


def _figures(found: Figures) -> list[str]:
    return [
        f"in band       {found.in_band_pct:.1f} % of {found.hours:.0f} h",
        f"beyond rails  {found.beyond_rails_pct:.1f} %",
        f"switches      {found.busiest:.1f} an hour, of the device that switches most",
        f"off target    {found.mean_error_kpa:+.3f} kPa on average, {found.worst_error_kpa:.2f} kPa at worst",
        f"air           {found.lowest_c:.1f} to {found.highest_c:.1f} °C, up to {found.highest_percent:.0f} %",
    ]


def _devices(found: Figures) -> Iterable[str]:
    yield f"{'device':<14}{'switches/h':>11}{'on':>9}{'energy':>12}"
    for name, share in found.on_pct.items():
        switches = found.switches_per_hour.get(name)
        switched = "by hours" if switches is None else f"{switches:.1f}"
        yield f"{name:<14}{switched:>11}{share:>7.1f} %{found.energy_kwh[name]:>8.2f} kWh"


def chart(samples: list[Sample], band_kpa: float) -> list[str]:
    """Return the last day: the VPD as points in its band, and a row for each device."""
    last = [each for each in samples if each.at_s > samples[-1].at_s - DAY_S] if samples else []
    if not last:
        return []
    columns = [last[column * len(last) // WIDTH] for column in range(min(WIDTH, len(last)))]
    middle = columns[-1].target or sum(each.vpd for each in columns) / len(columns)
    rows = [_row(columns, middle, band_kpa, row) for row in range(HEIGHT)]
    devices = [
        f"{name[:9]:>9} {''.join(BARS[round(each.ran[name] * 8)] for each in columns)}" for name in columns[0].ran
    ]
    return [f"{'kPa':>9} the last day; · is the band, ● the VPD", *rows, *devices]


def _row(columns: list[Sample], middle: float, band_kpa: float, row: int) -> str:
    """One height of the chart: its middle is the target, and 2.5 bands either way fit on it."""
    step = band_kpa / 2
    value = middle + (HEIGHT // 2 - row) * step
    signs = "".join(_sign(each, value, step, band_kpa) for each in columns)
    return f"{value:>9.2f} {signs.rstrip()}"


def _sign(each: Sample, value: float, step: float, band_kpa: float) -> str:
    if abs(each.vpd - value) <= step / 2:
        return "●"
    inside = each.target is not None and abs(value - each.target) <= band_kpa + step / 4
    return "·" if inside else " "
