"""A simulated run as one HTML page: figures, and charts as inline SVG; no script, no address."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html import escape

from upskeep.simulation.figures import Figures
from upskeep.simulation.trace import Sample

WIDTH, HEIGHT, LANE = 960.0, 150.0, 16.0
STYLE = """
:root { --page: #f6f7f9; --card: #fff; --ink: #1c2430; --soft: #5b6675; --line: #dfe3e8; --accent: #2f6fab;
  --band: #2e855522; --night: #8892a022; --run: #d99a1c }
@media (prefers-color-scheme: dark) { :root { --page: #12161c; --card: #1a2029; --ink: #e7ebf0; --soft: #9aa6b5;
  --line: #2c3541; --accent: #6aaae4; --band: #58b58333; --night: #0006; --run: #e6b04a } }
* { box-sizing: border-box }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, sans-serif }
main { max-width: 1040px; margin: 0 auto; padding: 28px 20px 40px }
h1 { font-size: 24px; margin: 0 } h2 { font-size: 15px; margin: 0 0 6px } p { margin: 0; color: var(--soft) }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 16px 18px;
  margin-top: 16px }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 14px }
.tiles b { display: block; font-size: 27px; font-variant-numeric: tabular-nums }
svg { display: block; width: 100%; height: auto }
.grid { stroke: var(--line) } .tick { fill: var(--soft); font-size: 11px } .band { fill: var(--band) }
.night { fill: var(--night) } .line { fill: none; stroke: var(--accent); stroke-width: 1.2 }
.aim { fill: none; stroke: var(--soft); stroke-dasharray: 4 3 } .run { fill: var(--run) }
table { border-collapse: collapse; width: 100%; font-size: 14px; font-variant-numeric: tabular-nums }
th, td { text-align: right; padding: 5px 0 5px 14px; border-bottom: 1px solid var(--line) }
th:first-child, td:first-child { text-align: left; padding-left: 0 } th { color: var(--soft); font-weight: 600 }
"""


def page(title: str, found: Figures, samples: list[Sample], band_kpa: float) -> str:
    """Return the page."""
    tiles = (
        ("In band", f"{found.in_band_pct:.1f} %", f"of {found.hours:.0f} h, ±{band_kpa:g} kPa"),
        ("Beyond the rails", f"{found.beyond_rails_pct:.1f} %", f"{found.worst_error_kpa:.2f} kPa off at worst"),
        ("Switches", f"{found.busiest:.1f} / h", "of the device that switches most"),
        ("Energy", f"{sum(found.energy_kwh.values()):.1f} kWh", "all devices, the light included"),
    )
    shown = "".join(f"<section><p>{name}</p><b>{value}</b><p>{note}</p></section>" for name, value, note in tiles)
    charts = (
        ("VPD, kPa", lambda each: each.vpd, lambda each: each.target),
        ("Temperature, °C", lambda each: each.celsius, None),
        ("Relative humidity, %", lambda each: each.percent, None),
    )
    drawn = "".join(
        f"<section><h2>{name}</h2>{_curve(name, samples, of, aim, band_kpa)}</section>" for name, of, aim in charts
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f'<meta name="color-scheme" content="light dark"><title>{escape(title)}</title><style>{STYLE}</style></head>'
        f"<body><main><h1>{escape(title)}</h1><p>Simulated: right to a fifth or so, and good for comparing.</p>"
        f'<div class="tiles">{shown}</div>{drawn}<section><h2>Devices</h2>{_lanes(samples)}{_table(found)}</section>'
        "</main></body></html>\n"
    )


def picture(samples: list[Sample], band_kpa: float) -> str:
    """Return the VPD and the devices as one SVG file that needs no page around it; for light backgrounds."""
    lanes = LANE * len(samples[0].ran) + 20
    vpd = _curve("VPD, kPa", samples, lambda each: each.vpd, lambda each: each.target, band_kpa)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1016 {HEIGHT + lanes + 48:g}" width="1016"'
        ' font-family="system-ui, sans-serif"><style>'
        ".grid { stroke: #dfe3e8 } .tick { fill: #5b6675; font-size: 11px } .band { fill: #2e8555; fill-opacity: .13 }"
        " .night { fill: #8892a0; fill-opacity: .13 } .line { fill: none; stroke: #2f6fab; stroke-width: 1.2 }"
        " .aim { fill: none; stroke: #5b6675; stroke-dasharray: 4 3 } .run { fill: #d99a1c }</style>"
        '<rect width="1016" height="100%" fill="#fff"/>'
        f'<svg width="1016" height="{HEIGHT + 28:g}">{vpd}</svg>'
        f'<svg y="{HEIGHT + 36:g}" width="1016" height="{lanes + 8:g}">{_lanes(samples)}</svg></svg>\n'
    )


def _curve(
    name: str,
    samples: list[Sample],
    of: Callable[[Sample], float],
    aim: Callable[[Sample], float | None] | None,
    band_kpa: float,
) -> str:
    values = [of(each) for each in samples]
    targets = [found for each in samples if aim and (found := aim(each)) is not None]
    reach = 2 * band_kpa if targets else 0.0
    low = min(values + [found - reach for found in targets])
    high = max(values + [found + reach for found in targets])
    spread = (high - low) or 1.0

    def y(value: float) -> float:
        return HEIGHT * (high - value) / spread

    x = _places(samples)
    parts = [*_nights(samples, x, HEIGHT), *_scale(low, high, y), *_hours(samples, x, HEIGHT)]
    if targets and aim:
        aims = [(at, found) for each, at in zip(samples, x, strict=True) if (found := aim(each)) is not None]
        band = [(at, y(found + band_kpa)) for at, found in aims] + [
            (at, y(found - band_kpa)) for at, found in aims[::-1]
        ]
        parts += [f'<polygon class="band" points="{_points(band)}"/>']
        parts += [f'<polyline class="aim" points="{_points([(at, y(found)) for at, found in aims])}"/>']
    line = _points([(at, y(value)) for at, value in zip(x, values, strict=True)])
    parts += [f'<polyline class="line" points="{line}"/>']
    return _svg(name, HEIGHT + 20, "".join(parts))


def _lanes(samples: list[Sample]) -> str:
    x, names = _places(samples), list(samples[0].ran) if samples else []
    parts = [*_hours(samples, x, LANE * len(names))]
    for number, name in enumerate(names):
        top = LANE * number
        step = WIDTH / max(len(samples), 1)
        parts += [f'<text class="tick" x="-6" y="{top + 12:g}" text-anchor="end">{escape(name[:8])}</text>']
        parts += [
            f'<rect class="run" x="{at:.1f}" y="{top + (LANE - 3) * (1 - each.ran[name]) + 2:.1f}" '
            f'width="{step + 0.1:.2f}" height="{(LANE - 3) * each.ran[name]:.1f}"/>'
            for each, at in zip(samples, x, strict=True)
            if each.ran[name] > 0.005
        ]
    return _svg("how far each device ran", LANE * len(names) + 20, "".join(parts))


def _table(found: Figures) -> str:
    rows = "".join(
        f"<tr><td>{escape(name)}</td><td>{found.switches_per_hour.get(name, 0):.1f}</td><td>{share:.1f} %</td>"
        f"<td>{found.energy_kwh[name]:.2f} kWh</td></tr>"
        for name, share in found.on_pct.items()
    )
    return f"<table><tr><th>device</th><th>switches / h</th><th>on</th><th>energy</th></tr>{rows}</table>"


def _svg(name: str, height: float, inside: str) -> str:
    return f'<svg viewBox="-52 -8 {WIDTH + 56:g} {height + 8:g}" role="img" aria-label="{escape(name)}">{inside}</svg>'


def _places(samples: list[Sample]) -> list[float]:
    if not samples:
        return []
    first, length = samples[0].at_s, (samples[-1].at_s - samples[0].at_s) or 1.0
    return [WIDTH * (each.at_s - first) / length for each in samples]


def _points(places: list[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)


def _nights(samples: list[Sample], x: list[float], height: float) -> Iterator[str]:
    began: float | None = None
    for each, at in zip(samples, x, strict=True):
        if not each.lit and began is None:
            began = at
        if (each.lit or each is samples[-1]) and began is not None:
            yield f'<rect class="night" x="{began:.1f}" y="0" width="{at - began:.1f}" height="{height:g}"/>'
            began = None


def _scale(low: float, high: float, y: Callable[[float], float]) -> Iterator[str]:
    for part in range(5):
        value = low + (high - low) * part / 4
        digits = 2 if high - low < 5 else 0
        yield f'<line class="grid" x1="0" x2="{WIDTH:g}" y1="{y(value):.1f}" y2="{y(value):.1f}"/>'
        yield f'<text class="tick" x="-6" y="{y(value) + 4:.1f}" text-anchor="end">{value:.{digits}f}</text>'


def _hours(samples: list[Sample], x: list[float], height: float) -> Iterator[str]:
    every_h = 3 if samples and samples[-1].at_s - samples[0].at_s < 100_000 else 24
    last = None
    for each, at in zip(samples, x, strict=True):
        mark = int(each.at_s // 3600 // every_h)
        if mark != last and last is not None:
            hours = mark * every_h
            label = f"{hours % 24:02d}:00" if every_h < 24 else f"day {hours // 24}"
            yield f'<text class="tick" x="{at:.1f}" y="{height + 14:g}" text-anchor="middle">{label}</text>'
        last = mark
