"""``upskeep fleet simulate``: what many sites would say, into the log or a file, and what must be counted of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from fleet.commands.reach import with_settings
from shared.clock import SYSTEM_CLOCK
from shared.shipped import SHIPPED_CONFIG
from upskeep.commands.options import JSON, Moment, complaints

if TYPE_CHECKING:
    from fleet.settings import FleetSettings
    from fleet.simulation.oracle import Expected, Share
    from fleet.simulation.streams import Entry

SCENARIOS = ("regional_outage", "storm", "fortnight")  # of fleet.simulation.scenarios, which costs a second to import
FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@with_settings
@click.option("--sites", type=click.IntRange(1, 1_000_000), default=100, show_default=True)
@click.option("--scenario", type=click.Choice(SCENARIOS), default=SCENARIOS[0], show_default=True)
@click.option("--seed", type=click.IntRange(0, 2**31), default=1, show_default=True)
@click.option(
    "--raw-share",
    type=click.FloatRange(0, 1),
    default=0.0,
    show_default=True,
    help="This share of the sites only read: they send the frames, and the workers make the events.",
)
@click.option("--begin", type=Moment(), help="When it begins, in UTC.  [default: so that it has just ended]")
@click.option("--output", type=FILE, help="Write the records there, one a line, in place of the log.")
@click.option("--expected", "expected_file", type=FILE, help="Write there as JSON what must be counted.")
@JSON
def simulate(
    settings: FleetSettings,
    sites: int,
    scenario: str,
    seed: int,
    raw_share: float,
    begin: str | None,
    output: Path | None,
    expected_file: Path | None,
    *,
    as_json: bool,
) -> None:
    """Make the records of many sites from a scenario, by the configuration that comes with Upskeep.

    The same scenario, number of sites, seed, share and beginning make the same records. They go to the log of
    fleet.yaml.
    """
    from fleet.simulation.log_writer import write
    from fleet.simulation.oracle import expected
    from fleet.simulation.own_processor import made_of_frames
    from fleet.simulation.scenarios import FLEET_SCENARIOS
    from fleet.simulation.streams import entries, stories_of
    from fleet.worker.central_rules import folder_of
    from fleet.worker.log import LogBrokenError

    raw = settings.raw
    if raw_share and not raw.enabled and output is None:
        raise click.UsageError("--raw-share: raw.enabled of fleet.yaml is false, so each frame would be a dead letter")
    usual = raw.config or SHIPPED_CONFIG
    chosen = FLEET_SCENARIOS[scenario]
    since = datetime.fromisoformat(begin) if begin else SYSTEM_CLOCK.wall() - timedelta(seconds=chosen.lasts_s)
    values: list[bytes] = []
    with complaints(LogBrokenError, OSError), _opened(expected_file) as expected_to:
        records = _kept(entries(stories_of(chosen, SHIPPED_CONFIG, {}), sites, seed, since, raw_share), values)
        if output is None:
            write(settings.log, records)
        else:
            with output.open("wb") as file:
                file.writelines(each.value + b"\n" for each in records)
        made = made_of_frames(values, lambda site: folder_of(raw, site, usual))
        wanted = expected(chain(values, made), _shares(settings))
        if expected_to is not None:
            _dump(wanted, expected_to)
    _say(wanted, len(values), as_json=as_json)


def _opened(path: Path | None) -> AbstractContextManager[IO[str] | None]:
    """Open a file before any record has left: one that cannot be written ends the command at once."""
    return nullcontext() if path is None else path.open("w", encoding="utf-8")


def _kept(records: Iterable[Entry], values: list[bytes]) -> Iterator[Entry]:
    for each in records:
        values.append(each.value)
        yield each


def _shares(settings: FleetSettings) -> list[Share]:
    from fleet.simulation.oracle import Share

    return [
        Share(name, rule.type, rule.share, timedelta(minutes=rule.within_minutes), rule.least_sites)
        for name, rule in settings.rules.share.items()
    ]


def _dump(wanted: Expected, file: IO[str]) -> None:
    rows: dict[str, Any] = {
        "events": wanted.events,
        "counts": sorted([*key, total] for key, total in wanted.counts.items()),
        "hours": sorted([site, kind, hour.isoformat(), total] for (site, kind, hour), total in wanted.hours.items()),
        "alerts": sorted([*key, state, at.isoformat()] for key, (state, at) in wanted.alerts.items()),
        "spells": [
            [each.rule, each.region, each.since.isoformat(), each.until.isoformat() if each.until else None]
            for each in wanted.spells
        ],
    }
    json.dump(rows, file)


def _say(wanted: Expected, records: int, *, as_json: bool) -> None:
    totals: Counter[str] = Counter()
    for (_, kind), total in wanted.counts.items():
        totals[kind] += total
    if as_json:
        row = {"records": records, "sites": len(wanted.sites), "events": wanted.events, "counts": dict(totals)}
        click.echo(json.dumps({**row, "alerts": len(wanted.alerts), "fleet_alerts": len(wanted.spells)}))
        return
    click.echo(f"{records:,} records of {len(wanted.sites):,} sites; of them must come:")
    for kind, total in totals.most_common():
        click.echo(f"{total:>12,}  {kind}")
    click.echo(f"{len(wanted.alerts):>12,}  alerts of sites")
    click.echo(f"{len(wanted.spells):>12,}  alerts over regions, where the rules of fleet.yaml were in force")
