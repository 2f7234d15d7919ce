"""``status``, ``sites``, ``counters``, ``events``, ``alerts``, ``report``: what the fleet's database answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from fleet.commands import tables
from fleet.commands.reach import at_the_database, with_settings
from shared.clock import SYSTEM_CLOCK
from upskeep.commands.options import IN_UTC, JSON, SINCE, UNTIL, echo_json, so_many, times

if TYPE_CHECKING:
    from fleet.settings import FleetSettings
    from fleet.store.questions import Question, Row

SITE = click.option("--site", help="Only this site.")
REGION = click.option("--region", help="Only this region.")
LIMIT = click.option(
    "--limit", type=click.IntRange(1, 100_000), default=50, show_default=True, help="Maximum number of rows."
)


@click.command()
@with_settings
@IN_UTC
@JSON
def status(settings: FleetSettings, as_json: bool) -> None:
    """Print how the fleet is: its sites by region, its alerts, and how far the workers are."""
    from fleet.store import questions

    with at_the_database(settings) as connection:
        totals = questions.totals(connection, SYSTEM_CLOCK.wall())
        regions = questions.ask(connection, questions.REGIONS, {})
        log = questions.ask(connection, questions.LOG, {})
    if as_json:
        echo_json(_json({**totals, "regions": regions, "log": log}))
        return
    click.echo(_summary(totals))
    _show(tables.REGIONS, regions, "no site has reported yet")
    click.echo("")
    _show(tables.LOG, log, "no worker has worked yet: `upskeep fleet worker`")


@click.command()
@with_settings
@IN_UTC
@REGION
@click.option("--on-battery", is_flag=True, help="Only sites on battery.")
@click.option("--silent-hours", type=click.FloatRange(0, 87_840), help="Only sites not heard for so many hours.")
@LIMIT
@JSON
def sites(settings: FleetSettings, silent_hours: float | None, as_json: bool, **choices: Any) -> None:
    """Print the sites, those first whose batteries end soonest."""
    from fleet.store import questions

    before = None if silent_hours is None else SYSTEM_CLOCK.wall() - timedelta(hours=silent_hours)
    _answer(settings, questions.SITES, tables.SITES, {**choices, "silent_before": before}, as_json, "no such site")


@click.command()
@with_settings
@IN_UTC
@SITE
@REGION
@JSON
def counters(settings: FleetSettings, as_json: bool, **choices: Any) -> None:
    """Print how often each type of event was counted, over all sites or some."""
    from fleet.store import questions

    _answer(settings, questions.COUNTERS, tables.COUNTERS, choices, as_json, "nothing was counted")


@click.command()
@with_settings
@IN_UTC
@SITE
@REGION
@click.option("--type", "type", help="Only this event type.")
@SINCE
@UNTIL
@LIMIT
@JSON
def events(settings: FleetSettings, as_json: bool, **choices: Any) -> None:
    """Print counted events, the newest first."""
    from fleet.store import questions

    _answer(settings, questions.EVENTS, tables.EVENTS, choices, as_json, "no such events in the history")


@click.command()
@with_settings
@IN_UTC
@click.option("--fleet", "fleet_only", is_flag=True, help="Only alerts over many sites.")
@LIMIT
@JSON
def alerts(settings: FleetSettings, as_json: bool, **choices: Any) -> None:
    """Print the alerts that fire: those over many sites, then the sites' own."""
    from fleet.store import questions

    _answer(settings, questions.ALERTS, tables.ALERTS, choices, as_json, "no alert fires", below=True)


@click.command()
@with_settings
@IN_UTC
@REGION
@SINCE
@UNTIL
@JSON
def report(settings: FleetSettings, as_json: bool, **choices: Any) -> None:
    """Print outages by region, alerts over many sites, and the most worn batteries; of the last 30 days."""
    from fleet.store import questions

    if choices["since"] is None:
        choices["since"] = (SYSTEM_CLOCK.wall() - timedelta(days=30)).isoformat()
    with at_the_database(settings) as connection:
        outages = questions.ask(connection, questions.OUTAGES, choices)
        past = questions.ask(connection, questions.PAST_ALERTS, choices)
        worn = questions.ask(connection, questions.WORN, choices)
    if as_json:
        echo_json(_json({"since": choices["since"], "outages": outages, "alerts": past, "worn_batteries": worn}))
        return
    click.secho("Outages", bold=True)
    _show(tables.OUTAGES, outages, "none ended in this time")
    click.secho("\nAlerts over many sites", bold=True)
    _show(tables.PAST_ALERTS, past, "none", below=True)
    click.secho("\nThe most worn batteries", bold=True)
    _show(tables.WORN, worn, "no site reports the health of a battery")


def _answer(
    settings: FleetSettings,
    question: Question,
    columns: Sequence[tables.Column],
    choices: dict[str, Any],
    as_json: bool,
    none: str,
    below: bool = False,
) -> None:
    from fleet.store.questions import ask

    with at_the_database(settings) as connection:
        rows = ask(connection, question, choices)
    if as_json:
        echo_json(_json(rows))
    else:
        _show(columns, rows, none, below)


def _show(columns: Sequence[tables.Column], rows: Sequence[Row], none: str, below: bool = False) -> None:
    from upskeep.text.message_text import show

    if rows:
        show(tables.table(columns, rows, times(), below))
    else:
        click.echo(none)


def _summary(totals: Row) -> str:
    parts = [
        so_many(totals["sites"], "site"),
        f"{totals['on_battery']:,} on battery",
        f"{totals['silent']:,} silent for a day",
        f"{so_many(totals['events'], 'event')} counted",
        so_many(totals["fleet_alerts"], "alert") + " over many sites",
        f"{totals['site_alerts']:,} at sites",
    ]
    odd = [f"{totals[name]:,} {words}" for name, words in ODD.items() if totals[name]]
    return "; ".join([*parts, *odd])


ODD = {"missing": "numbers are missing", "dead_letters": "dead letters"}


def _json(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _json(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_json(each) for each in value]
    return value.isoformat(timespec="microseconds").replace("+00:00", "Z") if isinstance(value, datetime) else value
