"""``upskeep init``: the configuration of a first start."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from shared.safe_text import safe_lines, safe_text
from upskeep.commands.options import CONFIG, complaints
from upskeep.exit_codes import ExitCode

if TYPE_CHECKING:
    from services.sensor_reader.settings import BoardSettings
    from upskeep.first_start.discovery import Discovered
    from upskeep.first_start.plan import ChipChoice, Choices, NutChoice, Supply

NUT_PORT = 3493
WIDTH = 80


class Server(click.ParamType[Any]):
    """``HOST`` or ``HOST:PORT`` of a NUT server, as a pair."""

    name = "HOST[:PORT]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return (host, port)."""
        host, _, port = str(value).partition(":")
        if not host or (port and not (port.isdecimal() and 0 < int(port) < 65536)):
            return self.fail(f"{value!r} is not HOST or HOST:PORT", param, ctx)
        return host, int(port or NUT_PORT)


class Ups(click.ParamType[Any]):
    """``UPS``, ``UPS@HOST`` or ``UPS@HOST:PORT``, as upsc takes it."""

    name = "UPS[@HOST[:PORT]]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return a NutChoice."""
        from upskeep.first_start.plan import NutChoice

        if not isinstance(value, str):
            return value
        ups, _, server = value.partition("@")
        return NutChoice(ups, *Server().convert(server or "127.0.0.1", param, ctx))


@click.command()
@CONFIG
@click.option("--board", help="Read this board of boards.yaml, whatever the scan finds.")
@click.option("--bus", type=click.IntRange(min=0), help="With --board: N of /dev/i2c-N.  [default: the profile's]")
@click.option("--nut", type=Ups(), help="Read this UPS of a NUT server.")
@click.option("--simulate", metavar="SCENARIO", help="Read the simulator: outage, full_cycle, tent …")
@click.option(
    "--nut-server", "servers", type=Server(), multiple=True, default=["127.0.0.1"], show_default=True,
    help="Ask this NUT server which UPSs it knows; repeatable.",
)  # fmt: skip
@click.option("--chips/--no-chips", default=None, help="Also read the chips that no board has.  [default: ask]")
@click.option("--site", help="Name of this site, a level of every topic.  [default: ask, home]")
@click.option("--capacity-mah", type=click.FloatRange(min=1), help="Capacity of the battery.  [default: ask]")
@click.option("--yes", is_flag=True, help="Ask nothing: take the first that is found, else the simulator, and write.")
@click.option("--dry-run", is_flag=True, help="Show what would be written, and write nothing.")
@click.option(
    "--dev",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("/dev"),
    hidden=True,
    help="Instead of /dev.",
)
@click.pass_context
def init(ctx: click.Context, /, config: Path, yes: bool, dry_run: bool, **given: Any) -> None:
    """Look at this machine, ask, and write the configuration of a first start.

    Only the lines that differ are changed, after they were shown; comments stay. A folder that is not there is made
    from the one that came with Upskeep. What the options say is not asked.
    """
    from services.sensor_reader.settings import load
    from shared.shipped import SHIPPED_CONFIG as SHIPPED
    from upskeep.first_start import write
    from upskeep.first_start.discovery import discover
    from upskeep.first_start.edits import EditError
    from upskeep.first_start.overlay import is_laid_over, overlays
    from upskeep.first_start.plan import planned

    asks = not yes and sys.stdin.isatty()
    if not asks and not yes and not dry_run:
        raise click.UsageError(
            "there is nobody to ask on this terminal; say --yes, or --dry-run to see what it would do"
        )
    if (given["bus"] is not None and not given["board"]) or _several(given):
        raise click.UsageError("name one of --board (with --bus), --nut and --simulate")
    with complaints(EditError):
        layer = is_laid_over(config, os.environ)
        source = config if config.exists() and not layer else SHIPPED
        profiles = load(source, os.environ).boards
        _check_names(given, profiles)
        click.echo("looking at this machine …")
        seen = discover(profiles, given["servers"], given["dev"])
        for line in seen.lines:
            _say(f"  {line}", 4)
        choices = _choices(seen, given, profiles, asks)
        texts = planned(write.texts_of(source), choices)
        if layer:
            texts, source = overlays(config, write.texts_of(SHIPPED), texts), config
        write.try_out(source, texts, os.environ)
        if not texts and config.exists():
            _say(f"\nnothing to change: {config} says so already")
            return
        click.echo()
        if not config.exists() and not layer:
            _say(f"{config} is made as a copy of {source}" + (", with these changes:" if texts else ""))
        for line in write.difference(source, texts):
            click.secho(safe_lines(line), fg={"+": "green", "-": "red"}.get(line[:1]))
        if dry_run:
            _say("\nnothing is written: --dry-run")
            return
        if asks and not click.confirm("\nWrite this?", default=not config.exists() or _untouched(config, texts)):
            _say("nothing is written")
            ctx.exit(ExitCode.FAILED)
        write.write(source, config, texts)
    _next_steps(config, choices, seen)


def _several(given: Mapping[str, Any]) -> bool:
    return sum(given[name] is not None for name in ("board", "nut", "simulate")) > 1


def _check_names(given: Mapping[str, Any], profiles: Mapping[str, BoardSettings]) -> None:
    """Raise UsageError for a board or a scenario that there is none of."""
    from services.sensor_reader.settings import did_you_mean

    if given["board"] is not None and given["board"] not in profiles:
        raise click.UsageError(f"there is no board {given['board']!r}{did_you_mean(given['board'], [*profiles])}")
    if given["simulate"] is not None and given["simulate"] not in _scenarios():
        raise click.UsageError(
            f"there is no scenario {given['simulate']!r}{did_you_mean(given['simulate'], _scenarios())}"
        )


def _scenarios() -> list[str]:
    from services.sensor_reader.adapters.simulated.scenarios import SCENARIOS
    from shared.climate.room_presets import PRESETS

    return [*SCENARIOS, *PRESETS]


def _untouched(config: Path, texts: Mapping[str, str]) -> bool:
    """Whether the files that would change are as they came, so that nobody's work is lost."""
    from shared.shipped import SHIPPED_CONFIG as SHIPPED

    files = [f"{name}.yaml" for name in texts]
    return all(
        not (config / file).exists()
        or ((SHIPPED / file).is_file() and (config / file).read_bytes() == (SHIPPED / file).read_bytes())
        for file in files
    )


def _choices(seen: Discovered, given: Mapping[str, Any], profiles: Mapping[str, BoardSettings], asks: bool) -> Choices:
    from upskeep.first_start.plan import BoardChoice, Choices, SimulatorChoice

    supply = _named(given) or _chosen(seen, profiles, asks)
    simulated = isinstance(supply, SimulatorChoice)
    chips = [] if simulated else [each for each in seen.chips if supply is None or _too(each, given["chips"], asks)]
    capacity, site = given["capacity_mah"], given["site"]
    if asks and capacity is None and isinstance(supply, BoardChoice) and profiles[supply.board].capacity_mah is None:
        _say("\nThe capacity of its battery, in mAh (of all cells in parallel together; 0: not known).")
        capacity = click.prompt("Capacity", type=click.FloatRange(min=0), default=0.0, show_default=False) or None
    if asks and site is None:
        _say("\nA name for this site, one level of every topic; it matters where several share a broker.")
        site = click.prompt("Site", default="home")
    return Choices(supply, chips, site, capacity)


def _too(chip: ChipChoice, wanted: bool | None, asks: bool) -> bool:
    """Whether a chip is read besides: as the options say, else as a person says, else yes."""
    if wanted is not None or not asks:
        return wanted is not False
    return click.confirm(
        f"Also read what looks like {chip.kind} at {chip.address:#04x} on bus {chip.bus}?", default=True
    )


def _named(given: Mapping[str, Any]) -> Supply | None:
    from upskeep.first_start.plan import BoardChoice, SimulatorChoice

    if given["board"] is not None:
        return BoardChoice(given["board"], given["bus"])
    if given["simulate"] is not None:
        return SimulatorChoice(given["simulate"])
    nut: NutChoice | None = given["nut"]
    return nut


def _chosen(seen: Discovered, profiles: Mapping[str, BoardSettings], asks: bool) -> Supply | None:
    """Return what is to be read: the first that was found, or what a person picks; None for chips alone."""
    from upskeep.first_start.plan import BoardChoice, SimulatorChoice

    offers: list[tuple[str, Supply | None]] = [
        (f"{profiles[each.board].title} ({each.board})" + ("" if each.bus is None else f", on bus {each.bus}"), each)
        for each in seen.boards
    ]
    offers += [(f"the UPS {safe_text(each.ups)} of the NUT server {each.host}:{each.port}", each) for each in seen.ups]
    if seen.chips and not seen.boards:
        offers.append((f"chips alone: {', '.join(f'{each.kind} at {each.address:#04x}' for each in seen.chips)}", None))
    if not offers:
        _say("\nNo hardware was found. The simulator needs none, and marks what it says as simulated.")
    simulator = SimulatorChoice()
    offers.append(("the simulator: a UPS whose mains fail now and then", simulator))
    if not asks:
        return offers[0][1]
    click.echo("\nWhat shall be read?")
    for number, (text, _) in enumerate(offers, 1):
        _say(f"  {number}  {text}", 5)
    _say(f"  {len(offers) + 1}  a board that did not answer: I name it (docs/boards.md)", 5)
    picked = click.prompt("Number", type=click.IntRange(1, len(offers) + 1), default=1)
    if picked > len(offers):
        return BoardChoice(click.prompt("Board", type=click.Choice([*profiles]), show_choices=False))
    return offers[picked - 1][1]


def _say(text: str, hanging: int = 0) -> None:
    """Print lines, wrapped at 80 columns; what goes on in a further line is indented by ``hanging``."""
    for line in safe_lines(text).split("\n"):
        first = line[: len(line) - len(line.lstrip())]
        click.echo(textwrap.fill(line.strip(), WIDTH, initial_indent=first, subsequent_indent=" " * hanging,
                                 break_on_hyphens=False, break_long_words=False))  # fmt: skip


def _next_steps(config: Path, choices: Choices, seen: Discovered) -> None:
    from shared.places import config_folder
    from upskeep.first_start.plan import NutChoice, SimulatorChoice

    where = "" if config == config_folder(os.environ) else f" --config {config}"
    _say(f"\nwritten. Next: `upskeep run{where}` starts the suite; `upskeep doctor{where}` looks whether all is well.")
    if isinstance(choices.supply, NutChoice):
        _say("Where the server wants a user and a password: docs/nut.md.")
    if not isinstance(choices.supply, SimulatorChoice):
        _say("Counts of a simulation do not belong among yours: start with a new data folder (`--data`).")
    for text in seen.by_hand:
        _say(f"{text} needs its wiring: `upskeep scan` prints the lines.")
    _say("To be notified: docs/notifications.md. To have this host shut down in time: docs/host-agent.md.")
