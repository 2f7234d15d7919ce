"""What counter_store answers: ``stats``, ``health``, ``analyze``, ``history``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import click

from shared.suite import SuiteSettings
from upskeep.commands.options import (
    DATA,
    JSON,
    SINCE,
    UNTIL,
    Moment,
    asked,
    at_a_broker,
    chosen_events,
    complaints,
    echo_json,
    line_style,
    times,
)

Answer = Mapping[str, Any]
DAYS = click.option("--days", type=click.IntRange(1, 36_600), help="Number of days to look back.")
AS_OF = click.option("--as-of", type=Moment(), help="Answer for this time, e.g. 2026-01-31T12:00:00Z.  [default: now]")


@click.command()
@at_a_broker
@click.argument("types", nargs=-1, metavar="[TYPE]...")
@DAYS
@AS_OF
@JSON
def stats(suite: SuiteSettings, types: tuple[str, ...], days: int | None, as_of: str | None, as_json: bool) -> None:
    """Print totals, averages, trends and outages, for TYPEs or for all event types."""
    from services.counter_store.core.requests.questions import StatisticsQuestion
    from upskeep.text.answer_tables import statistics_table

    question = asked("stats", StatisticsQuestion, {"types": list(types) or None, "days": days, "as_of": as_of})
    answer = _ask(suite, "statistics", question)
    _print(answer, as_json, statistics_table)
    unknown = [one["type"] for one in answer["statistics"] if not one["total_count"]]
    if unknown:
        _say_unknown(suite, unknown)


@click.command()
@at_a_broker
@AS_OF
@JSON
def health(suite: SuiteSettings, as_of: str | None, as_json: bool) -> None:
    """Print the health score, what lowers it, and when it recovers."""
    from upskeep.text.answer_tables import health_lines

    _print(_ask(suite, "health", {} if as_of is None else {"as_of": as_of}), as_json, health_lines)


@click.command()
@at_a_broker
@click.argument("what", type=click.Choice(["anomalies", "failures", "frequency", "performance"]))
@click.option("--type", "types", multiple=True, help="Only this event type (anomalies, frequency); repeatable.")
@DAYS
@click.option(
    "--hours", type=click.IntRange(1, 744), help="Number of hours to look at, one by one (anomalies, frequency)."
)
@click.option("--min-failures", type=click.IntRange(1), help="Failures that make a pattern.")
@AS_OF
@JSON
def analyze(suite: SuiteSettings, what: str, types: tuple[str, ...], as_json: bool, **more: Any) -> None:
    """Print unusual hours, repeated failures, event frequencies, or the pipeline's performance."""
    from services.counter_store.application.queries import QUESTIONS
    from upskeep.text.answer_tables import ANALYSES

    model, _ = QUESTIONS[what]
    question = asked(what, model, {**more, "types": list(types) or None})
    _print(_ask(suite, what, question), as_json, ANALYSES[what])


@click.command()
@at_a_broker
@chosen_events
@SINCE
@UNTIL
@click.option("--oldest-first", is_flag=True, help="Start with the oldest events.  [default: the newest]")
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True, help="Maximum number of events.")
@DATA
@click.option("--related", "related_to", metavar="ID", help="Print what happened around the event with this id.")
@JSON
def history(
    suite: SuiteSettings,
    oldest_first: bool,
    limit: int,
    related_to: str | None,
    as_json: bool,
    data: bool,
    **choice: Any,
) -> None:
    """Print counted events that meet all conditions."""
    from services.counter_store.core.requests.questions import HistoryQuestion
    from upskeep.text.message_text import console, event_line, print_whole

    out = console()
    choice = asked("history", HistoryQuestion, choice)
    if related_to is not None and choice:
        raise click.UsageError("--related prints everything around an event; leave the other options out")
    if related_to is not None:
        answer = _ask(suite, "related", {"id": related_to, "limit": min(limit, 200)})
        events = [each["event"] for each in answer["related"]]
    else:
        answer = _ask(suite, "history", {**choice, "order": "oldest" if oldest_first else "newest", "limit": limit})
        events = answer["events"] if oldest_first else answer["events"][::-1]
    if as_json:
        echo_json(events)
    elif not events:
        click.echo("no such events in the history")
        _say_unknown(suite, choice.get("types", ()))
    style = line_style(data)
    for event in [] if as_json else _events(events):
        print_whole(out, event_line(event, dated=True, style=style))
    if not as_json and answer.get("cursor"):
        click.echo(f"there are more than these {len(events)}; `upskeep export history FILE` writes all", err=True)


def _say_unknown(suite: SuiteSettings, wanted: Iterable[str]) -> None:
    """Say of which types nothing was ever counted, and what may have been meant."""
    from difflib import get_close_matches

    known = [one["type"] for one in _ask(suite, "counters", {})["counters"]] if wanted else []
    for name in wanted:
        if name not in known:
            near = get_close_matches(name.casefold(), {each.casefold(): each for each in known}, n=1)
            meant = next((each for each in known if near and each.casefold() == near[0]), None)
            advice = f"did you mean {meant}?" if meant else "`upskeep counters` lists what was"
            click.echo(f"{name} was never counted; {advice}", err=True)


def _events(found: list[dict[str, Any]]) -> list[Any]:
    from shared.messages import Event

    return [Event.model_validate(each) for each in found]


def _ask(suite: SuiteSettings, name: str, question: Mapping[str, Any]) -> Answer:
    from shared.client.client import Client, ClientError

    with complaints(ClientError), Client(suite) as client:
        return client.ask("counter_store", name, question)
    raise AssertionError  # complaints ends the process


def _print(answer: Answer, as_json: bool, table: Callable[[Answer, Any], Any]) -> None:
    from upskeep.text.message_text import show

    if as_json:
        echo_json(answer)
    else:
        show(table(answer, times()))
