"""``upskeep replay``: history played again, or judged again."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click

from shared.suite import SuiteSettings
from upskeep.commands.options import (
    JSON,
    SINCE,
    UNTIL,
    asked,
    at_a_broker,
    chosen_events,
    complaints,
    echo_json,
    line_style,
    so_many,
    times,
)
from upskeep.exit_codes import ExitCode

TOLD = 20
BEFORE = timedelta(days=1)  # read, and not reported: what events belong to may have begun before


@click.command()
@at_a_broker
@chosen_events
@SINCE
@UNTIL
@click.option("--speed", default="1", show_default=True, help="N times the original speed, or max.")
@click.option("--verify", is_flag=True, help="Play nothing; print what the rules of today would decide differently.")
@click.option(
    "--frames",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="With --verify: frames recorded at that time with `upskeep record`; repeatable.",
)
@JSON
def replay(
    suite: SuiteSettings, speed: str, verify: bool, frames: tuple[Path, ...], as_json: bool, **choice: Any
) -> None:
    """Publish past events again on a separate topic root, where nothing counts them or acts on them."""
    from services.counter_store.core.requests.questions import HistoryQuestion

    if frames and not verify:
        raise click.UsageError("--frames goes with --verify")
    choice = asked("replay", HistoryQuestion, choice)
    _see_what_can_be_verified(verify, frames, choice)
    if verify:
        _verify(suite, frames, choice, as_json)
        return
    _play(suite, _speed(speed), choice, as_json)


def _play(suite: SuiteSettings, speed: float | None, choice: Mapping[str, Any], as_json: bool) -> None:
    from shared.client.client import ClientError
    from shared.client.session import Session
    from upskeep.playback.replay import Pace, play
    from upskeep.text.message_text import console, event_line, print_whole

    topics = suite.replay_topics
    out, style = console(), line_style()

    def step(event: Any) -> None:
        if not as_json:
            print_whole(out, event_line(event, style=style))

    with complaints(ClientError), Session(suite, "counter_store") as store, Session(suite, "replay") as aside:
        if not as_json:
            click.echo(f"playing below {topics.everything()}", err=True)
        played = play(_events(store, choice), aside.client, topics, Pace(speed), step)
    click.echo(
        json.dumps({"played": played, "below": topics.everything()})
        if as_json
        else f"{so_many(played, 'event')} played"
    )


def _verify(suite: SuiteSettings, frames: tuple[Path, ...], choice: Mapping[str, Any], as_json: bool) -> None:
    from services.event_processor.configuration import read
    from shared.client.client import ClientError
    from shared.client.session import Session
    from shared.clock import SYSTEM_CLOCK
    from shared.context import Context
    from upskeep.playback.verify import verify_events, verify_frames

    folder = Path(click.get_current_context().params["config"])
    with complaints(ClientError), Session(suite, "counter_store") as store:
        if frames:
            made, devices, span = _decided_now(frames, folder)
            verdict = verify_frames(_events(store, span), made, devices, frozenset(choice.get("types", ())))
        else:
            plan = read(Context(folder, os.environ, suite, SYSTEM_CLOCK))
            since = datetime.fromisoformat(choice["since"]) if "since" in choice else None
            begin = None if since is None else (since - BEFORE).isoformat()
            events = _events(store, {"since": begin, "until": choice.get("until")})
            verdict = verify_events(events, plan, frozenset(choice.get("types", ())), since)
    if as_json:
        echo_json(verdict.as_dict())
    else:
        _print_verdict(verdict)
    sys.exit(ExitCode.DONE if verdict.same == verdict.compared else ExitCode.FAILED)


def _see_what_can_be_verified(verify: bool, frames: tuple[Path, ...], choice: Mapping[str, Any]) -> None:
    """Raise UsageError for a choice that --verify does not make: what it left out would be said to be verified."""
    goes_by = {"types"} if frames else {"types", "since", "until"}
    if verify and choice.keys() - goes_by:
        chosen = "--type alone; the span is that of the frames" if frames else "--type, --since and --until alone"
        raise click.UsageError(f"--verify goes by {chosen}")


def _print_verdict(verdict: Any) -> None:
    from upskeep.text.answer_tables import differences_table
    from upskeep.text.message_text import show

    click.echo(f"{so_many(verdict.compared, 'event')} compared, {verdict.same:,} are decided as they were")
    if verdict.differences:
        show(differences_table(verdict.differences[:TOLD], times()))
        if verdict.by_field.total() > TOLD:
            counts = ", ".join(f"{count:,} of {name}" for name, count in sorted(verdict.by_field.items()))
            click.echo(f"in all {counts}; --json lists all")


def _decided_now(frames: tuple[Path, ...], folder: Path) -> tuple[list[Any], frozenset[str], dict[str, str]]:
    """Return the events that the engine makes of the frames now, their devices, and the span of their times."""
    import tempfile

    from shared.client.client import ClientError
    from shared.messages import Event
    from upskeep.playback.backtest import backtest

    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "events.jsonl"
        outcome = backtest(frames, folder, os.environ, out)
        made = [Event.model_validate_json(text) for text in out.read_text(encoding="utf-8").splitlines()]
    if outcome.first_time is None or outcome.last_time is None:
        raise ClientError(f"{', '.join(map(str, frames))}: no frames")
    devices = frozenset(event.device for event in made if event.device)
    return made, devices, {"since": outcome.first_time.isoformat(), "until": outcome.last_time.isoformat()}


def _events(store: Any, choice: Mapping[str, Any]) -> Iterator[Any]:
    from shared.messages import Event
    from upskeep.transfer.rows import history

    return (Event.model_validate(row) for row in history(store.ask, choice))


def _speed(text: str) -> float | None:
    from services.sensor_reader.configuration import read_speed
    from shared.settings import ConfigError

    try:
        return read_speed(text)
    except ConfigError as error:
        raise click.UsageError(f"--speed {error.faults[0].reason}") from None
