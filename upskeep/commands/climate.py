"""``upskeep climate``: what a zone's settings would do to a room, and which room a recording shows.

These need no broker; ``climate_control.py`` has the commands of the group that do.
"""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click
from pydantic import ValidationError

from shared.config_files import files_of
from shared.settings import ConfigError, read_settings
from upskeep.commands import climate_control
from upskeep.commands.options import CONFIG, JSON, complaints, echo_json

if TYPE_CHECKING:
    from shared.climate.room_presets import Preset
    from shared.climate.zones import Plan, Zone

MOST_DAYS = 400


@click.group()
def climate() -> None:
    """Show and command the climate control of zones; simulate that of a room."""


for _command in climate_control.COMMANDS:
    climate.add_command(_command)


@climate.command()
@CONFIG
@click.option("--zone", "name", help="Zone of climate.yaml.  [default: the only one, else the room's own]")
@click.option("--room", default="tent", show_default=True, help="Room to simulate: a preset, or a JSON file of `fit`.")
@click.option("--days", default=1.0, show_default=True, type=click.FloatRange(0.1, MOST_DAYS), help="How long.")
@click.option("--seed", default=1, show_default=True, help="Weather and noise: the same number gives the same run.")
@click.option("--target", type=click.FloatRange(0.1, 3), help="VPD to aim at in kPa, in place of the zone's own.")
@click.option("--page", type=click.Path(path_type=Path, dir_okay=False), help="Write an HTML page with charts here.")
@click.option("--record", type=click.Path(path_type=Path, dir_okay=False), help="Write the run as a CSV for `fit`.")
@JSON
def simulate(
    config: Path,
    name: str | None,
    room: str,
    days: float,
    seed: int,
    target: float | None,
    page: Path | None,
    record: Path | None,
    *,
    as_json: bool,
) -> None:
    """Close the loop over a simulated room and print how well the settings do."""
    from upskeep.simulation import page as html
    from upskeep.simulation import recording, text
    from upskeep.simulation.figures import figures
    from upskeep.simulation.loop import Setup, run
    from upskeep.simulation.trace import Trace

    preset = _room(room)
    zone, plans = _zone(config, name, preset, target)
    setup = Setup(zone, preset.model, preset.weather, plans, seed=seed)
    trace = Trace(days * 86_400)
    ticks = trace.passing(run(setup, days * 86_400))
    found = figures(recording.write(record, ticks, zone) if record else ticks, zone)
    title = f"{name or preset.name}: {days:g} day{'' if days == 1 else 's'} in {preset.note}"
    if page:
        page.write_text(html.page(title, found, trace.samples, zone.band_kpa), encoding="utf-8")
    if as_json:
        echo_json({"room": preset.name, "days": days, "seed": seed} | asdict(found))
    else:
        click.echo("\n".join(text.lines(title, found, trace.samples, zone.band_kpa)))


@climate.command()
def rooms() -> None:
    """List the rooms that can be simulated."""
    from shared.climate.room_presets import PRESETS

    for preset in PRESETS.values():
        click.echo(f"{preset.name:<14}{preset.note}")


@climate.command()
@click.argument("recording", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--room", default="tent", show_default=True, help="Room to begin with: a preset, or a JSON file of `fit`."
)
@click.option("--volume", type=click.FloatRange(0.05, 100_000), help="Volume of the room in m³.")
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="Write the room here, for `simulate --room`."
)
@JSON
def fit(recording: Path, room: str, volume: float | None, out: Path | None, *, as_json: bool) -> None:
    """Fit the room model to RECORDING, a CSV, and print how well it foresees what it was not fitted to.

    RECORDING has the columns time, air_temperature and relative_humidity; outside_temperature and outside_humidity if
    known; and light, exhaust, heater … with how far each ran, 0 to 1.
    """
    from upskeep.simulation.fit import HORIZON_S
    from upskeep.simulation.fit import fit as fitted
    from upskeep.simulation.recording import RecordingError, read

    preset = _room(room)
    begin = preset.model if volume is None else preset.model.model_copy(update={"volume_m3": volume})
    with complaints(RecordingError):
        found = fitted(read(recording), begin, lambda line: click.echo(line, err=True))
    if out:
        fitted_room = preset.model_copy(
            update={"name": out.stem, "note": f"the room of {recording.name}", "model": found.model}
        )
        out.write_text(fitted_room.model_dump_json(indent=2) + "\n", encoding="utf-8")
    quality = found.quality
    if as_json:
        shown = {"explained_pct": round(quality.explained_pct, 1), "undetermined": list(found.undetermined)}
        echo_json({"model": found.model.model_dump(), "quality": asdict(quality) | shown, "horizon_s": HORIZON_S})
        return
    for key, value in found.model.model_dump().items():
        click.echo(
            f"{key:<24}{value:>10.4g}{'  not determined by this recording' if key in found.undetermined else ''}"
        )
    click.echo(
        f"{HORIZON_S / 60:.0f} minutes ahead, on the last third, it is {quality.celsius:.2f} °C and "
        f"{quality.vpd_kpa:.3f} kPa off (staying as it is: {quality.staying_celsius:.2f} °C, "
        f"{quality.staying_vpd_kpa:.3f} kPa). It explains {quality.explained_pct:.0f} % of the VPD's movement in "
        f"{quality.windows} stretches."
    )


@climate.command()
@CONFIG
@click.argument("recording", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--zone", "name", help="Zone of climate.yaml.  [default: the only one, else that of --room]")
@click.option("--room", default="room", show_default=True, help="Room whose zone counts where climate.yaml has none.")
@click.option("--target", type=click.FloatRange(0.1, 3), help="VPD to aim at in kPa, in place of the zone's own.")
@click.option("--compare", "other", type=click.FloatRange(0.1, 3), help="Another VPD: print what it would change.")
def observe(
    config: Path, recording: Path, name: str | None, room: str, target: float | None, other: float | None
) -> None:
    """Print what the law would have decided on RECORDING, a CSV as `fit` reads it: a line for each change.

    With --compare a line is where the other target would have commanded something else, and the sums are at the end.
    """
    from upskeep.simulation.observe import compare
    from upskeep.simulation.observe import observe as observed
    from upskeep.simulation.recording import RecordingError, begins, read

    zone, plans = _zone(config, name, _room(room), target)
    with complaints(RecordingError):
        rows = read(recording)
    if other is None:
        lines = observed(name or room, zone, plans, rows, begins(recording))
    else:
        compared, _ = _zone(config, name, _room(room), other)
        lines = compare(name or room, zone, compared, plans, rows, begins(recording))
    for line in lines:
        click.echo(line)


def _room(name: str) -> Preset:
    """Return a preset, or the room in a file."""
    from shared.climate.room_presets import PRESETS, Preset

    if name in PRESETS:
        return PRESETS[name]
    path = Path(name)
    if not path.is_file():
        raise click.UsageError(f"{name!r} is no room: neither a file nor one of {', '.join(PRESETS)}")
    try:
        return Preset.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        raise click.UsageError(f"{path}: is not a room as `upskeep climate fit --out` writes it: {error}") from error


def _zone(config: Path, name: str | None, preset: Preset, target: float | None) -> tuple[Zone, dict[str, Plan]]:
    """Return the zone to simulate, with actuators of the room where it names none, and the plans."""
    from shared.climate.zones import Climate as ClimateSettings
    from shared.climate.zones import Mode

    settings = ClimateSettings()
    if files_of(config, "climate", os.environ):
        with complaints(ConfigError):
            settings = read_settings(config, "climate", ClimateSettings, os.environ)
    if name is None and len(settings.zones) == 1:
        name = next(iter(settings.zones))
    if name is not None and name not in settings.zones:
        raise click.UsageError(f"climate.yaml has no zone {name!r}; it has {', '.join(settings.zones) or 'none'}")
    zone = settings.zones[name] if name is not None else preset.zone
    changes: dict[str, object] = {} if zone.actuators else {"actuators": preset.zone.actuators}
    if zone.mode in (Mode.OBSERVE, Mode.MANUAL):
        changes["mode"] = Mode.VPD_TARGET  # what it would do
    if target is not None:
        changes |= {"target_kpa": target, "plan": None}
    return zone.model_copy(update=changes), {**preset.plans, **settings.plans}
